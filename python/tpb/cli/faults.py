"""`tpb faults`: shows under faults that no tick is lost, doubled, reordered or altered."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpb.cli import console, errors
from tpb.faults.campaign import DEFAULT_DLL_SHARE, Order, Summary, played
from tpb.faults.sanitizer import Sanitizer, SanitizerProblem
from tpb.native import checkout, wine

if TYPE_CHECKING:
    from rich.table import Table

    from tpb.faults.run import Result


def faults(
    runs: Annotated[int, typer.Option("--runs", min=1, help="How many runs.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="What the runs are drawn from.")] = 1,
    run: Annotated[
        int | None, typer.Option("--run", min=0, help="Play this one run of the seed alone.")
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Runs at a time.")] = os.cpu_count()
    or 1,
    dll_share: Annotated[
        float,
        typer.Option(
            "--dll-share",
            min=0.0,
            max=1.0,
            help="The part of the runs that goes through the DLL; 0 needs none.",
        ),
    ] = DEFAULT_DLL_SHARE,
    sanitizer: Annotated[
        Sanitizer | None,
        typer.Option(
            "--sanitize",
            help="Senders run under this sanitizer, and what it reports fails the run; no DLL.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there as JSON; - is stdout.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell every run, with its faults.")
    ] = False,
) -> None:
    """Play faults against real senders and gateways, then compare what is stored with the source.

    Each run draws its faults from the seed and its number: processes killed, networks that fail,
    full disks, damaged journals, wrong clocks, restored backups.

    \b
    A hundred runs:        tpb faults
    One run again:         tpb faults --seed 1 --run 17 -v
    Memory watched:        tpb faults --sanitize asan --runs 20
    For a program to read: tpb faults --runs 1000 --seed 1 --json faults.json
    """
    numbers = tuple(range(runs)) if run is None else (run,)
    order = Order(seed, numbers, jobs, 0.0 if sanitizer else dll_share, sanitizer)
    _prepare_dll(order.dll_share)
    try:
        summary = _played(order, verbose)
    except SanitizerProblem as problem:
        raise errors.from_problem(problem, errors.TOOL_MISSING) from problem
    console.show(_table(summary))
    if json_file:
        console.json_document(summary.document(), json_file)
    if not summary.passed:
        raise typer.Exit(errors.FAILED)


def _prepare_dll(share: float) -> None:
    if not share:
        return
    dll = checkout.root() / "build/windows-x64/TradingProtobuf.dll"
    if not dll.exists():
        raise errors.UserError(
            "The DLL is not built.",
            f"There is no {dll}, and a part of the runs goes through it.",
            "Type `tpb build --target windows-x64`, or add --dll-share 0.",
            errors.TOOL_MISSING,
        )
    if not wine.is_ready():
        try:
            with console.step("Preparing Wine, once"):
                wine.ready()
        except wine.WineError as problem:
            raise errors.native(problem) from problem


def _played(order: Order, verbose: bool) -> Summary:
    summary = Summary(order)
    begun = time.monotonic()
    with console.progress() as bars:
        bar = bars.add_task("Fault runs", total=len(order.runs))
        for result in played(order):
            summary.add(result)
            bars.advance(bar)
            if verbose or not result.passed:
                _tell(result, order)
    summary.elapsed_s = time.monotonic() - begun
    return summary


def _tell(result: "Result", order: Order) -> None:
    schedule = result.schedule
    what = ", ".join(map(str, schedule.faults))
    through = ", through the DLL" if schedule.through_dll else ""
    line = f"run {schedule.run} of seed {schedule.seed}{through}: {what}"
    if result.passed:
        console.done(line, result.elapsed_s)
        return
    console.note(f"✗ {line}\n  {result.diagnosis}\n  Again: {order.replay(schedule.run)}")


def _table(summary: Summary) -> "Table":
    from rich.table import Table

    table = Table(title=f"{summary.runs} runs, seed {summary.order.seed}")
    table.add_column("")
    table.add_column("", justify="right")
    figures = summary.document()
    fail_overs = figures["failover_ms"]
    rows = {name: figures[name] for name in ("ticks", "lost", "duplicated", "reordered", "altered")}
    rows["destroyed and reported"] = figures["destroyed_reported"]
    rows["dropped and reported"] = figures["dropped_reported"]
    rows |= dict(sorted(summary.faults.items()))
    rows["fail-overs"] = fail_overs["count"]
    rows["fail-over p50, p99 ms"] = f"{fail_overs['p50']}, {fail_overs['p99']}"
    rows["failed runs"] = len(summary.failed)
    rows["seconds"] = figures["elapsed_s"]
    for name, value in rows.items():
        table.add_row(
            name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value)
        )
    return table
