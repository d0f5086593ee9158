"""`tpb gateway`."""

import asyncio
import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import platformdirs
import typer

from tpb.account.secret import default_secret_file, read_or_make_secret
from tpb.cli import console, errors
from tpb.gateway.admission import Allowance
from tpb.gateway.auth import Authenticator, read_public_key
from tpb.gateway.schema import StoreBusy
from tpb.gateway.server import AddressInUse, GatewayOptions, GatewayServer, ListenProblem


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
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON once it serves.")
    ] = False,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", hidden=True, help="End with the parent.")
    ] = False,
) -> None:
    """Take ticks on /ws/mt5, store each batch once, acknowledge it after the commit.

    \b
    Try it on this machine:  tpb gateway
    With TLS:                tpb gateway --tls
    A token for it:          tpb token --user U --tenant T

    Ctrl-C ends it: what is committed is acknowledged first.
    """
    data = Path(platformdirs.user_data_dir("tpb", appauthor=False))
    if store is None:
        data.mkdir(parents=True, exist_ok=True)
    options = GatewayOptions(
        store=store or data / "ticks.db",
        authenticator=_authenticator(jwt_secret_file, jwt_public_key),
        host=host,
        port=port,
        tls_dir=tls_dir or data / "tls" if tls else None,
        allow_plaintext=allow_plaintext,
        event_log=event_log,
        refusals=Allowance(burst=refusals),
    )
    _log_to_console()
    try:
        options.check()
    except ListenProblem as refusal:
        raise errors.from_problem(refusal, errors.USAGE) from refusal
    try:
        asyncio.run(_serve(options, jwt_secret_file, as_json, until_stdin_closes))
    except (StoreBusy, AddressInUse) as busy:
        raise errors.from_problem(busy, errors.BUSY) from busy


def _authenticator(secret_file: Path | None, public_key: Path | None) -> Authenticator:
    wants_secret = secret_file is not None or public_key is None
    return Authenticator(
        secret=read_or_make_secret(secret_file or default_secret_file()) if wants_secret else None,
        public_key=None if public_key is None else read_public_key(public_key),
    )


async def _serve(
    options: GatewayOptions, secret_file: Path | None, as_json: bool, until_stdin_closes: bool
) -> None:
    stopping = asyncio.Event()
    _on_signals(stopping.set)
    if until_stdin_closes:
        _on_end_of_stdin(stopping.set)
    async with GatewayServer(options) as server:
        if as_json:
            console.data(json.dumps(_ready(server, secret_file)))
        else:
            _announce(server)
        await _wait(server, stopping, quiet=as_json)
    if not as_json:
        console.done(f"{_counts(server.health())}, in {options.store}")


def _announce(server: GatewayServer) -> None:
    console.done(f"serving {server.endpoint}")
    console.note(f"  store    {server.options.store}")
    console.note(f"  health   {server.health_url}")
    if server.ca_file is not None:
        console.note(f"  ca_file  {server.ca_file}")


def _ready(server: GatewayServer, secret_file: Path | None) -> dict[str, object]:
    return {
        "event": "ready",
        "endpoint": server.endpoint,
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
