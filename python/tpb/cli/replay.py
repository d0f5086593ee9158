"""`tpb replay`: ticks of a file through the library into a gateway, verified."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tpb.cli import console, errors
from tpb.cli.replay_view import ReplayView, summary_table
from tpb.feed import formats
from tpb.feed.destination import Destination, other_gateway, own_gateway
from tpb.feed.paths import PathName, open_sender
from tpb.feed.problem import FeedError, NoTicks, NotUsable, ToolMissing
from tpb.feed.replay import Replay
from tpb.feed.sender import DEFAULT_OPTIONS, SessionOptions
from tpb.feed.source import Source
from tpb.feed.summary import Summary
from tpb.feed.tick_file import TickFile
from tpb.native import wine


def replay(
    file: Annotated[
        Path,
        typer.Argument(help="Ticks as HistData, TrueFX or MT5's export has them; .gz, .zip too."),
    ],
    path: Annotated[
        PathName, typer.Option(help="The library in this process, or the DLL as MT5 calls it.")
    ] = PathName.NATIVE,
    tls: Annotated[bool, typer.Option("--tls", help="wss:// to the replay's own gateway.")] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, help="So many times real time; left out: as fast as possible."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many ticks.")] = None,
    cut: Annotated[
        int, typer.Option(min=0, max=1000, help="Cut the connection so often on the way.")
    ] = 0,
    symbol: Annotated[
        str | None, typer.Option(help="The file's symbol, where neither its name nor lines tell.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help=f"One of {', '.join(formats.NAMES)}.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad lines out and count them.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(help="Another gateway: wss://host[:port][/path].")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File that holds the token for --endpoint.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file of the authorities to trust at --endpoint.")
    ] = None,
    batch_ticks: Annotated[int, typer.Option(min=1, max=4096, help="Ticks a batch.")] = 5,
    flush_ms: Annotated[
        int, typer.Option(min=1, max=60000, help="Longest wait of a batch for more ticks.")
    ] = 100,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the summary there as JSON; - is stdout.")
    ] = None,
) -> None:
    """Replay a file of real ticks into a gateway and verify what it stored.

    The gateway is started for the replay and goes afterwards, unless --endpoint names another.
    At the end its database is compared with the file, field by field: exit code 1 if a single
    tick was lost, stored twice or altered.

    \b
    As fast as possible:           tpb replay eurusd-2020-01.csv
    Through the real DLL, TLS:     tpb replay eurusd-2020-01.csv --path dll --tls
    Ten times real time:           tpb replay eurusd-2020-01.csv --speed 10
    With 20 broken connections:    tpb replay eurusd-2020-01.csv --cut 20
    Into another gateway:          tpb replay eurusd-2020-01.csv --endpoint wss://gw.example:8000 \\
                                       --token-file token.txt
    For a program to read:         tpb replay eurusd-2020-01.csv --json result.json

    The file's wall clock is taken as the trade server's, digit by digit: nothing is shifted.
    """
    if file_format not in (None, *formats.NAMES):
        raise errors.usage(
            f"There is no format {file_format!r}.",
            f"Known are {', '.join(formats.NAMES)}.",
            "Leave --format out to have it recognised.",
        )
    try:
        source = TickFile(file, symbol=symbol, file_format=file_format, skip_bad=skip_bad)
        with ExitStack() as stack:
            destination = _destination(stack, endpoint, token_file, ca_file, tls, cut)
            summary = run_shown(
                source,
                destination,
                path,
                speed=speed,
                limit=limit,
                cuts=cut,
                options=SessionOptions(batch_ticks, flush_ms),
            )
    except FeedError as problem:
        raise user_error(problem) from problem
    except OSError as problem:
        raise errors.file_unreadable(file, problem) from problem
    console.show(summary_table(summary))
    if json_file:
        console.json_document(summary.document(), json_file)
    if not summary.ok:
        raise typer.Exit(errors.FAILED)


def run_shown(
    source: Source,
    destination: Destination,
    path: PathName,
    *,
    speed: float | None,
    limit: int | None,
    cuts: int = 0,
    options: SessionOptions = DEFAULT_OPTIONS,
    view_of: type[ReplayView] = ReplayView,
) -> Summary:
    """Runs a replay and shows it meanwhile."""
    if path is PathName.DLL:
        _prepare_wine()
    with open_sender(path, destination, options) as sender:
        replay = Replay(source, destination, sender, speed=speed, limit=limit, cuts=cuts)
        view = view_of(replay)
        with console.live(view.table, view.line):
            return replay.run()


def _prepare_wine() -> None:
    """The first time takes a while: said here, with a sign of life."""
    if wine.is_ready():
        return
    try:
        with console.step("Preparing Wine, once"):
            wine.ready()
    except wine.WineError as problem:
        raise ToolMissing(problem.what, problem.why, problem.next_step) from problem


def user_error(problem: FeedError) -> errors.UserError:
    code = errors.FAILED
    match problem:
        case NotUsable():
            code = errors.USAGE
        case ToolMissing():
            code = errors.TOOL_MISSING
        case NoTicks():
            code = errors.NOTHING_TO_DO
    return errors.from_problem(problem, code)


def _destination(
    stack: ExitStack,
    endpoint: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    tls: bool,
    cuts: int,
) -> Destination:
    if endpoint is None:
        if token_file or ca_file:
            raise errors.usage(
                "--token-file and --ca-file are for a gateway of yours.",
                "No --endpoint is given, so the replay starts its own gateway.",
                "Add --endpoint, or leave them out.",
            )
        with console.step("Starting a gateway"):
            return stack.enter_context(own_gateway(tls=tls, cuttable=cuts > 0))
    if tls or cuts:
        raise errors.usage(
            "--tls and --cut are for the replay's own gateway.",
            "--endpoint names another; wss:// there is TLS.",
            "Leave them out, or leave --endpoint out.",
        )
    if token_file is None:
        raise errors.usage(
            "The token for --endpoint is missing.",
            "A token is never given as an argument: others could read it in the process list.",
            "Write it to a file and name that: --token-file FILE.",
        )
    return other_gateway(endpoint, token_file, ca_file)
