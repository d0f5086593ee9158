"""`tpb gateway`."""

import asyncio
import json
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer

from tpb.account.secret import default_secret_file, read_or_make_secret
from tpb.cli import console, errors
from tpb.gateway.admission import Allowance
from tpb.gateway.auth import Authenticator, read_public_key
from tpb.gateway.market.user_service import UserServiceProblem
from tpb.gateway.schema import StoreBusy
from tpb.gateway.server import (
    MAX_READERS,
    MAX_STREAMS,
    AddressInUse,
    GatewayOptions,
    GatewayServer,
    ListenProblem,
)

if TYPE_CHECKING:  # it needs the native library, which a gateway alone does not
    from tpb.cli.gateway_feed import Feed


def gateway(
    host: Annotated[str, typer.Option(help="Address to serve.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to serve; 0: any free one.")
    ] = 8001,
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Database of the ticks; made where there is none."),
    ] = None,
    jwt_secret_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Secret of HS256 tokens; made where there is none."),
    ] = None,
    jwt_public_key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="PEM file of the RSA key of RS256 tokens; alone, HS256 tokens are refused.",
        ),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", help="Serve wss:// with a local authority's certificate.")
    ] = False,
    tls_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the certificates are kept or made."),
    ] = None,
    allow_plaintext: Annotated[
        bool, typer.Option("--allow-plaintext", help="Permit ws:// beyond this machine.")
    ] = False,
    event_log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append what happens there, as lines of JSON."),
    ] = None,
    refusals: Annotated[
        int,
        typer.Option(min=1, help="Refused attempts of one address before it has to wait."),
    ] = Allowance.burst,
    max_streams: Annotated[
        int, typer.Option(min=1, help="Connections that stream ticks up, at most.")
    ] = MAX_STREAMS,
    max_readers: Annotated[
        int, typer.Option(min=1, help="Connections that read market data, at most.")
    ] = MAX_READERS,
    shared_tenant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Every tenant may have this one's market data; again."),
    ] = None,
    user_service: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Ask here for a user's tier, with its own token; without it, or where it does"
            " not answer, the token's claim counts.",
        ),
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|simulator",
            help="Market data without MT5, for all tenants: ticks of a file (as `tpb replay`"
            " takes them) or made-up ones, played as if they were now, without an end.",
        ),
    ] = None,
    feed_symbol: Annotated[
        str | None, typer.Option(help="Its symbol, where neither its name nor lines tell.")
    ] = None,
    feed_speed: Annotated[
        float, typer.Option(min=0.001, help="So many times the feed's own pace.")
    ] = 1.0,
    feed_history: Annotated[
        int,
        typer.Option(metavar="MINUTES", min=0, max=1440, help="Of it, so much is sent at once."),
    ] = 60,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON once it serves.")
    ] = False,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", hidden=True, help="End with the parent.")
    ] = False,
) -> None:
    """Take ticks on /ws/mt5, store each batch once, acknowledge it after the commit; give out
    prices and indicators on /ws/market-data.

    \b
    Try it on this machine:  tpb gateway
    Prices without MT5:      tpb gateway --feed simulator   (and beside it: tpb tail EURUSD)
    With TLS:                tpb gateway --tls
    A token for it:          tpb token --user U --tenant T

    Ctrl-C ends it: what is committed is acknowledged first. What a feed plays is stored as any
    ticks are; where no --store is named, apart from those of terminals.
    """
    data = Path(platformdirs.user_data_dir("tpb", appauthor=False))
    if store is None:
        data.mkdir(parents=True, exist_ok=True)
    playing = None
    if feed is not None:
        from tpb.cli.gateway_feed import TENANT, Feed

        playing = Feed.chosen(feed, feed_symbol, feed_speed, 60.0 * feed_history)
        shared_tenant = [*(shared_tenant or ()), TENANT]
    options = GatewayOptions(
        store=store or data / ("feed.db" if playing else "ticks.db"),
        authenticator=_authenticator(jwt_secret_file, jwt_public_key),
        host=host,
        port=port,
        tls_dir=tls_dir or data / "tls" if tls else None,
        allow_plaintext=allow_plaintext,
        event_log=event_log,
        refusals=Allowance(burst=refusals),
        max_streams=max_streams,
        max_readers=max_readers,
        shared_tenants=tuple(shared_tenant or ()),
        user_service=user_service,
    )
    _log_to_console()
    try:
        options.check()
    except (ListenProblem, UserServiceProblem) as refusal:
        raise errors.from_problem(refusal, errors.USAGE) from refusal
    if playing:
        playing.check(options)
    try:
        asyncio.run(_serve(options, jwt_secret_file, as_json, until_stdin_closes, playing))
    except (StoreBusy, AddressInUse) as busy:
        raise errors.from_problem(busy, errors.BUSY) from busy


def _authenticator(secret_file: Path | None, public_key: Path | None) -> Authenticator:
    wants_secret = secret_file is not None or public_key is None
    return Authenticator(
        secret=read_or_make_secret(secret_file or default_secret_file()) if wants_secret else None,
        public_key=None if public_key is None else read_public_key(public_key),
    )


async def _serve(
    options: GatewayOptions,
    secret_file: Path | None,
    as_json: bool,
    until_stdin_closes: bool,
    feed: "Feed | None",
) -> None:
    stopping = asyncio.Event()
    _on_signals(stopping.set)
    if until_stdin_closes:
        _on_end_of_stdin(stopping.set)
    async with GatewayServer(options) as server:
        if as_json:
            console.data(json.dumps(_ready(server, secret_file)))
        else:
            _announce(server, feed)
        async with _playing(feed, server, stopping):
            await _wait(server, stopping, quiet=as_json)
    if not as_json:
        console.done(f"{_counts(server.health())}, in {options.store}")


@asynccontextmanager
async def _playing(
    feed: "Feed | None", server: GatewayServer, stopping: asyncio.Event
) -> AsyncIterator[None]:
    """The feed, if there is one: it ends before the gateway, and with it where it fails."""
    if feed is None:
        yield
        return
    loop = asyncio.get_running_loop()
    played = feed.play(server, lambda: loop.call_soon_threadsafe(stopping.set))
    try:
        yield
    finally:
        await asyncio.to_thread(played.stop)
    if played.problem is not None:
        raise errors.from_problem(played.problem)


def _announce(server: GatewayServer, feed: "Feed | None") -> None:
    console.done(f"serving {server.endpoint}")
    console.note(f"  store    {server.options.store}")
    console.note(f"  health   {server.health_url}")
    if server.ca_file is not None:
        console.note(f"  ca_file  {server.ca_file}")
    if feed is not None:
        console.note(f"  feed     {feed.source.name}, for all tenants")


def _ready(server: GatewayServer, secret_file: Path | None) -> dict[str, object]:
    return {
        "event": "ready",
        "endpoint": server.endpoint,
        "market_endpoint": server.market_endpoint,
        "port": server.port,
        "health_url": server.health_url,
        "ca_file": None if server.ca_file is None else str(server.ca_file),
        "store": str(server.options.store),
        "secret_file": str(secret_file or default_secret_file()),
    }


async def _wait(server: GatewayServer, stopping: asyncio.Event, quiet: bool) -> None:
    """Until stopping; on a terminal with a line of counts."""
    if quiet or not console.people().is_terminal:
        await stopping.wait()
        return

    def counts() -> str:
        return _counts(server.health())

    with console.live(counts, counts):
        await stopping.wait()


def _counts(health: dict[str, Any]) -> str:
    return (
        f"{health['connections']} connected, {health['sessions']} sessions,"
        f" {health['batches']:,} batches, {health['ticks']:,} ticks,"
        f" {health['repeats']:,} repeats, {health['gaps']:,} gaps"
    )


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_end_of_stdin(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        # Not sys.stdin: a thread that holds its buffer's lock aborts the interpreter's end.
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait_for_end, name="tpb-stdin", daemon=True).start()


class _ConsoleHandler(logging.Handler):
    """Warnings of the gateway, as messages for people."""

    def emit(self, record: logging.LogRecord) -> None:
        console.warn(record.getMessage())


def _log_to_console() -> None:
    handler = _ConsoleHandler(logging.WARNING)
    logging.getLogger("tpb.gateway").addHandler(handler)
