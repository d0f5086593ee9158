"""`tpb bench`: what encoding, calls and the whole way of a tick cost, and `tpb bench fanout`."""

from pathlib import Path
from typing import Annotated

import typer

from tpb.bench import machine
from tpb.bench import outage as outages
from tpb.bench.fanout import measurement as fanouts
from tpb.bench.fanout.load import Load
from tpb.bench.fanout.ticking import SYMBOLS
from tpb.bench.market import market
from tpb.bench.measurement import Measurement
from tpb.bench.program import NotBuilt, built_in
from tpb.bench.recording import Recording
from tpb.cli import console, errors
from tpb.cli.bench_view import (
    calls_table,
    direct_table,
    encoding_table,
    fanout_table,
    outage_table,
    slow_reader_table,
    throughput_table,
)
from tpb.cli.main import CONTEXT
from tpb.cli.replay import user_error
from tpb.feed.paths import PathName
from tpb.feed.problem import FeedError, ToolMissing
from tpb.feed.tick_file import TickFile
from tpb.native import checkout

_DISTURBED = "This machine is busy with something else: the times will be too long."

bench = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=CONTEXT,
)


@bench.callback(invoke_without_command=True)
def library(
    context: typer.Context,
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
    A thousand subscribers:             tpb bench fanout
    """
    if context.invoked_subcommand is not None:
        return
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


@bench.command()
def fanout(
    clients: Annotated[int, typer.Option(min=1, max=50_000, help="Subscribers.")] = 1000,
    symbols: Annotated[
        int, typer.Option(min=1, max=len(SYMBOLS), help="Each subscribes to so many.")
    ] = 10,
    ticks_per_s: Annotated[
        float, typer.Option(min=0.1, max=1000, help="Of each symbol, at random moments.")
    ] = 5.0,
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long is measured.")] = 30.0,
    flush_ms: Annotated[
        int, typer.Option(min=1, max=1000, help="Longest wait of a tick for others of its batch.")
    ] = 10,
    slow_reader: Annotated[
        bool,
        typer.Option(help="Then one more reads nothing, and the others are measured again."),
    ] = True,
    slow_seconds: Annotated[
        float, typer.Option(min=1, max=3600, help="For so long it reads nothing.")
    ] = 60.0,
    direct: Annotated[
        bool,
        typer.Option(help="Then every client streams all the symbols up itself, for comparison."),
    ] = True,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures there as JSON; - is stdout.")
    ] = None,
) -> None:
    """Measure how one stream of ticks reaches a thousand subscribers.

    A gateway is started in a process of its own. One native session streams ticks to it; all
    subscribers are sockets of this process. Measured is the time from the call that sends a tick
    to its arrival at each of them. Two processors are needed: one for the gateway, one for the
    load, which tells when it was too busy itself.

    \b
    A thousand clients, ten symbols:  tpb bench fanout
    Only that, for ten seconds:       tpb bench fanout --seconds 10 --no-slow-reader --no-direct
    For a program to read:            tpb bench fanout --json fanout.json
    """
    if machine.is_disturbed(machine.load_per_processor()):
        console.warn(_DISTURBED)
    try:
        with console.progress() as bars:
            task = bars.add_task("Starting", total=1.0)
            measured = fanouts.measure(
                Load(clients, symbols, ticks_per_s, seconds, flush_ms),
                slow_s=slow_seconds if slow_reader else None,
                with_direct=direct,
                progress=lambda name, done: bars.update(task, description=name, completed=done),
            )
    except FeedError as problem:
        raise user_error(problem) from problem
    console.show(fanout_table(measured))
    if measured.slow_reader is not None:
        console.show(slow_reader_table(measured.slow_reader))
    if measured.direct is not None:
        console.show(direct_table(measured, measured.direct))
    if measured.delivery.saturated:
        console.warn("The load was too busy itself: latencies are too long. Take fewer --clients.")
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
        console.warn(_DISTURBED)
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
