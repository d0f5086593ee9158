"""`tpb export`."""

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tpb.cli import console, errors
from tpb.gateway.export import Written, write_csv, write_parquet


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


def export(
    store: Annotated[
        list[Path],
        typer.Option(metavar="FILE", help="Database of a gateway; several are read as one."),
    ],
    as_format: Annotated[Format, typer.Option("--format", help="Form of the output.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; else stdout, for CSV.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's ticks.")] = None,
) -> None:
    """Write the stored ticks in order of tenant, session, batch and place in the batch.

    The gateway may run meanwhile; ticks that come later are left out. Each tick comes once, also
    where a client's session forked and sent some again.

    \b
    As CSV:      tpb export --store ticks.db > ticks.csv
    Of two:      tpb export --store primary.db --store backup.db > ticks.csv
    As Parquet:  tpb export --store ticks.db --format parquet --output ticks.parquet
    """
    if output is None and as_format is Format.PARQUET:
        raise errors.usage(
            "Parquet is not written to stdout.",
            "It is a file of blocks with an index at its end.",
            "Add `--output FILE`.",
        )
    if output is None:
        written = write_csv(store, sys.stdout, tenant=tenant)
    elif as_format is Format.PARQUET:
        written = _whole(output, lambda aside: write_parquet(store, aside, tenant=tenant))
    else:
        written = _whole(output, lambda aside: _write_csv_file(store, aside, tenant))
    to = f" to {output}" if output else ""
    copies = f", {written.copies:,} copies after a fork left out" if written.copies else ""
    console.done(f"{written.ticks:,} ticks{to}{copies}")


def _write_csv_file(stores: list[Path], path: Path, tenant: str | None) -> Written:
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_csv(stores, file, tenant=tenant)


def _whole(output: Path, write: Callable[[Path], Written]) -> Written:
    """Lets a file appear only when it is complete."""
    aside = output.with_name(f".{output.name}.partial")
    try:
        written = write(aside)
        aside.replace(output)
    except OSError as problem:
        raise errors.file_unwritable(output, problem) from problem
    finally:
        aside.unlink(missing_ok=True)
    return written
