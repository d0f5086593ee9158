"""`tpb quality`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tpb.cli import console
from tpb.gateway import quality_api
from tpb.gateway.measuring import read_quality
from tpb.gateway.quality import FigureKey, Figures


def quality(
    store: Annotated[Path, typer.Argument(metavar="STORE", help="Database of a gateway.")],
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's symbols.")] = None,
    by_hour: Annotated[
        bool, typer.Option("--by-hour", help="A line an hour, not one for all of them.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the figures to stdout as JSON, by hour.")
    ] = False,
) -> None:
    """Tell what a gateway saw of each symbol: gaps, duplicates, order, latency.

    Missing are ticks whose sequence_number was skipped and that did not come later. Latency is the
    gateway's clock at arrival minus the client's clock when the batch was closed; what waited out
    an outage shows its wait. The gateway may run meanwhile.

    \b
    All of a store:      tpb quality ticks.db
    For a program:       tpb quality ticks.db --json
    """
    found = read_quality(store, tenant=tenant)
    if as_json:
        rows = [
            {"tenant": key.tenant, **quality_api.row(key, figures)}
            for key, figures in found.items()
        ]
        console.json_document({"store": str(store), "periods": rows})
        return
    console.show(_table(found if by_hour else _of_all_hours(found), by_hour))


def _of_all_hours(found: dict[FigureKey, Figures]) -> dict[FigureKey, Figures]:
    whole: dict[FigureKey, Figures] = {}
    for key, figures in found.items():
        whole.setdefault(key._replace(period_ms=0), Figures()).add(figures)
    return whole


def _table(found: dict[FigureKey, Figures], by_hour: bool) -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("tenant")
    table.add_column("symbol", style="bold")
    if by_hour:
        table.add_column("hour, UTC")
    for title in ("ticks", "missing", "duplicates", "out of order", "complete", "mean", "max"):
        table.add_column(title, justify="right")
    for key, figures in found.items():
        table.add_row(
            key.tenant,
            key.symbol,
            *([f"{key.start:%Y-%m-%d %H:%M}"] if by_hour else []),
            f"{figures.total:,}",
            f"{max(0, figures.missing):,}",
            f"{figures.duplicates:,}",
            f"{figures.out_of_sequence:,}",
            f"{figures.completeness:.4f} %",
            f"{figures.latency_average_ms:,.1f} ms",
            f"{figures.latency_max_ms:,} ms",
        )
    return table
