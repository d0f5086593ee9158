"""`tpb bench`: what encoding, calls and the whole way of a tick cost."""

from pathlib import Path
from typing import Annotated

import typer

from tpb.bench import outage as outages
from tpb.bench.market import market
from tpb.bench.measurement import Measurement
from tpb.bench.program import NotBuilt, built_in
from tpb.bench.recording import Recording
from tpb.cli import console, errors
from tpb.cli.bench_view import calls_table, encoding_table, outage_table, throughput_table
from tpb.cli.replay import user_error
from tpb.feed.paths import PathName
from tpb.feed.problem import FeedError, ToolMissing
from tpb.feed.tick_file import TickFile
from tpb.native import checkout


def bench(
    ticks: Annotated[
        Path | None,
        typer.Option(
            "--ticks", help="Ticks to measure on, as HistData has them; default: a made-up market."
        ),
    ] = None,
    dll: Annotated[
        bool, typer.Option("--dll/--no-dll", help="Replay through the Windows DLL, too.")
    ] = True,
    outage: Annotated[
        int | None,
        typer.Option(
            "--outage",
            metavar="TICKS",
            min=outages.LIVE_TICKS_PER_S,
            help="Only this: take so many ticks into a journal without a gateway, then drain it."
            f" A day of 100 symbols at 5 ticks a second is {outages.DAY_TICKS}.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there as JSON; - is stdout.")
    ] = None,
) -> None:
    """Measure encoding, calls and throughput on the same ticks.

    Needs `tpb build --target native --bench`, and `tpb build --target windows-x64` for the DLL.
    On a machine that does something else meanwhile the times come out too long.

    \b
    On a made-up market of ten symbols: tpb bench
    On real ticks:                      tpb bench --ticks eurusd-2020-01.csv
    For a program to read:              tpb bench --json bench.json
    A tenth of a day's outage:          tpb bench --outage 4320000
    """
    if outage is not None:
        _measure_outage(outage, json_file)
        return
    try:
        recording = _recording(ticks)
        measured = Measurement(built_in(checkout.root() / "build" / "native"), recording)
        _measure(measured, list(PathName) if dll else [PathName.NATIVE])
    except NotBuilt as problem:
        raise errors.from_problem(problem, errors.TOOL_MISSING) from problem
    except FeedError as problem:
        raise user_error(problem) from problem
    if json_file:
        console.json_document(measured.document(), json_file)


def _measure_outage(ticks: int, json_file: Path | None) -> None:
    try:
        with console.progress() as bars:
            task = bars.add_task("Outage", total=1.0)
            measured = outages.measure(
                ticks,
                lambda name, done: bars.update(task, description=name, completed=done),
            )
    except FeedError as problem:
        raise user_error(problem) from problem
    console.show(outage_table(measured))
    if json_file:
        console.json_document(measured.document(), json_file)


def _recording(file: Path | None) -> Recording:
    if file is None:
        return Recording.of(market())
    try:
        return Recording.of(TickFile(file))
    except OSError as problem:
        raise errors.file_unreadable(file, problem) from problem


def _measure(measured: Measurement, paths: list[PathName]) -> None:
    if measured.disturbed:
        console.warn("This machine is busy with something else: the times will be too long.")
    with console.step("Encoding"):
        measured.encoding()
    console.show(encoding_table(measured))
    with console.step("Calls"):
        measured.calls()
    console.show(calls_table(measured))
    for path in paths:
        try:
            with console.step(f"Replay, path {path}"):
                measured.throughput(path)
        except ToolMissing as missing:
            console.warn(f"Not measured: {missing.what} {missing.next_step}")
    console.show(throughput_table(measured))
