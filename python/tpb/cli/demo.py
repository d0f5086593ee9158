"""`tpb demo`: the first sight of it all, on this machine, in ten seconds."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tpb.cli import console, errors
from tpb.cli.demo_view import DemoView
from tpb.cli.replay import run_shown, user_error
from tpb.cli.replay_view import summary_table
from tpb.feed.destination import own_gateway
from tpb.feed.pace import speed_for
from tpb.feed.paths import PathName
from tpb.feed.problem import FeedError
from tpb.feed.simulator import Simulator
from tpb.feed.source import Source
from tpb.feed.tick_file import TickFile

_TICKS_PER_S = 50

_WAY = {
    PathName.NATIVE: "{source} -> native library -> {endpoint} -> SQLite",
    PathName.DLL: "{source} -> TradingProtobuf.dll in a Windows process -> {endpoint} -> SQLite",
}

_NEXT = """
What next:
  your own ticks         {tpb} replay ticks.csv
  through the real DLL   {tpb} replay ticks.csv --path dll
  a gateway that stays   {tpb} gateway --store ticks.db
  prices coming down     {tpb} gateway --feed simulator, and beside it {tpb} tail EURUSD
  this machine           {tpb} doctor"""


def demo(
    dll: Annotated[
        bool, typer.Option("--dll", help="Through TradingProtobuf.dll, as MetaTrader calls it.")
    ] = False,
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="How long the ticks should flow.")
    ] = 10.0,
    ticks: Annotated[
        int | None, typer.Option(min=1, max=100_000, help="How many; default 50 a second.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Your own ticks, as `tpb replay` takes them.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the summary there as JSON; - is stdout.")
    ] = None,
) -> None:
    """Show ticks travel to a gateway, on this machine, in ten seconds.

    A gateway with TLS starts here, and ticks flow to it through the library: encoded, sent,
    stored, acknowledged. At the end its database is compared with what was sent.

    \b
    A made-up market:            tpb demo
    Your own ticks:              tpb demo --file eurusd-2020-01.csv
    Through the DLL (and Wine):  tpb demo --dll
    """
    count = ticks or round(seconds * _TICKS_PER_S)
    path = PathName.DLL if dll else PathName.NATIVE
    try:
        source = _source(file, count, seconds)
        speed = speed_for(source.chunks(), count, seconds)
        with ExitStack() as stack:
            with console.step("Starting a gateway with TLS"):
                destination = stack.enter_context(own_gateway(tls=True))
            console.note(_WAY[path].format(source=source.name, endpoint=destination.endpoint))
            summary = run_shown(
                source, destination, path, speed=speed, limit=count, view_of=DemoView
            )
    except FeedError as problem:
        raise user_error(problem) from problem
    except OSError as problem:
        raise errors.file_unreadable(file or Path(), problem) from problem
    console.show(summary_table(summary))
    if json_file:
        console.json_document(summary.document(), json_file)
    if not summary.ok:
        raise typer.Exit(errors.FAILED)
    # Started by a script that keeps the command off the PATH: it says how it is called.
    console.note(_NEXT.format(tpb=os.environ.get("TPB_COMMAND", "tpb")))


def _source(file: Path | None, count: int, seconds: float) -> Source:
    if file:
        return TickFile(file)
    now_msc = time.time_ns() // 1_000_000
    return Simulator(ticks=count, start_msc=now_msc, ticks_per_s=count / seconds)
