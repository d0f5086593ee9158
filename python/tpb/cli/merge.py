"""`tpb merge`."""

from pathlib import Path
from typing import Annotated

import typer

from tpb.cli import console, errors
from tpb.gateway.merge import Merged, merge_stores

_SHOWN = 5


def merge(
    stores: Annotated[
        list[Path], typer.Argument(metavar="STORE...", help="Databases of gateways.")
    ],
    into: Annotated[Path, typer.Option(metavar="FILE", help="The new database.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the result to stdout as JSON.")
    ] = False,
) -> None:
    """Make one store of several, each batch once.

    For the stores of a primary and a backup gateway: together they hold what a session sent. A
    batch that two hold alike is kept once. Where they hold different ones under one name, the first
    store's is kept, the other one set aside in the new store, and the exit code is 1. Gateways may
    run meanwhile; their stores are only read.

    \b
    Of two gateways: tpb merge primary.db backup.db --into ticks.db
    """
    with console.progress() as bars:
        task = bars.add_task("Merging", total=None)
        merged = merge_stores(
            stores, into, lambda done, of: bars.update(task, completed=done, total=of)
        )
    if as_json:
        console.json_document(merged.document())
    _report(merged)
    if merged.conflicts:
        raise typer.Exit(errors.FAILED)


def _report(merged: Merged) -> None:
    for store in merged.stores:
        console.note(
            f"  {store.path}: {store.batches:,} batches, {store.new:,} new,"
            f" {store.repeated:,} known, {store.conflicts:,} in conflict"
        )
    for missing in merged.missing[:_SHOWN]:
        console.warn(
            f"in none of the stores: {missing.tenant}/{missing.session} batches"
            f" {missing.span.first} to {missing.span.last} ({missing.reason})"
        )
    _more(len(merged.missing))
    for conflict in merged.conflicts[:_SHOWN]:
        console.warn(
            f"in conflict: {conflict.tenant}/{conflict.session} batch {conflict.batch_sequence}"
        )
    _more(len(merged.conflicts))
    console.done(
        f"{merged.sessions:,} sessions, {merged.batches:,} batches, {merged.ticks:,} ticks"
        f" in {merged.into}"
    )


def _more(count: int) -> None:
    if count > _SHOWN:
        console.warn(f"... and {count - _SHOWN:,} more; --json lists all")
