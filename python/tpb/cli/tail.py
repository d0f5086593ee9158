"""`tpb tail`: live market data of a gateway in the terminal."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import platformdirs
import typer

import tpb
from tpb.account.pairs import CONTEXT
from tpb.account.secret import default_secret_file, read_secret
from tpb.account.token import make_token
from tpb.cli import console, errors
from tpb.cli.replay import user_error
from tpb.cli.tail_view import TailView, document
from tpb.feed.destination import Destination, other_gateway
from tpb.feed.problem import FeedError
from tpb.gateway.server import is_loopback

_ENDPOINT = "ws://127.0.0.1:8001"
# Whose prices they are where no token is named.
_USER = _TENANT = "demo"
# A gateway that has chosen says so at once.
_CHOICE_TIMEOUT_S = 2.0
# How often is looked at how the session is.
_LOOK_S = 0.1


class Timeframe(StrEnum):
    TICK = "tick"
    M1 = "1m"
    M5 = "5m"
    H1 = "1h"
    D1 = "1d"


def tail(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(help="Left out: those that the gateway has chosen for you."),
    ] = None,
    timeframe: Annotated[
        Timeframe, typer.Option(help="Of the indicators: over bars of so long, or over ticks.")
    ] = Timeframe.M1,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many messages; else by Ctrl-C.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object a message, on stdout.")
    ] = False,
    endpoint: Annotated[str, typer.Option(help="The gateway: wss://host[:port].")] = _ENDPOINT,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File that holds the token; for a gateway of this machine not needed."),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file of the authorities to trust at --endpoint.")
    ] = None,
) -> None:
    """Show live prices and indicators of a gateway.

    \b
    Of a gateway on this machine:  tpb tail EURUSD GBPUSD
    What it has chosen for you:    tpb tail
    Of another one:                tpb tail EURUSD --endpoint wss://gw.example:8000 \\
                                       --token-file token.txt
    For a program to read:         tpb tail EURUSD --json --count 100

    Without MT5 there are prices as well: tpb gateway --feed simulator

    On a terminal a table, else a line for each message. Without --token-file the token is made
    with this machine's secret. Exit code 1: the token, or every symbol, was refused.
    """
    to = _destination(endpoint, token_file, ca_file)
    with _open(to) as session, suppress(KeyboardInterrupt):
        view = TailView(timeframe, lambda symbol: _latest(session, symbol, timeframe))
        tailing = _Tail(session, timeframe, view, _output(view, as_json=as_json))
        on_terminal = not as_json and sys.stdout.isatty() and console.people().is_terminal
        with console.live(view.table, str) if on_terminal else nullcontext():
            tailing.run(symbols, count)


class _Tail:
    """One run: subscribes, shows what comes, and tells what becomes of it."""

    def __init__(
        self,
        session: tpb.Session,
        timeframe: Timeframe,
        view: TailView,
        show: Callable[[tpb.MarketData], None],
    ) -> None:
        self._session = session
        self._timeframe = timeframe
        self._view = view
        self._show = show
        self._numbers: dict[str, int] = {}  # of the subscriptions, by symbol
        self._chosen = False  # symbols are shown
        self._connected_at: float | None = None
        self._look_due = 0.0

    def run(self, symbols: list[str] | None, count: int | None) -> None:
        """Returns after so many messages. Raises UserError where there is nothing to come."""
        if symbols:
            self._follow(symbols)
        left = count
        while True:
            for data in self._session.market_data(timeout=_LOOK_S):
                if data.symbol in self._numbers:
                    self._show(data)
                    left = None if left is None else left - 1
                    if left == 0:
                        return
                self._attend(follow=not symbols)
            self._attend(follow=not symbols)

    def _follow(self, symbols: Sequence[str]) -> None:
        """Has these and no others."""
        self._chosen = True
        for symbol in self._numbers.keys() - set(symbols):
            self._session.unsubscribe(symbol, self._timeframe)
            self._view.drop(symbol)
            del self._numbers[symbol]
        for symbol in symbols:
            try:
                self._numbers[symbol] = self._session.subscribe(symbol, self._timeframe)
            except tpb.TpbError as problem:
                raise errors.usage(
                    f"{symbol!r} cannot be subscribed to.",
                    str(problem),
                    "Name symbols as the terminal does: `tpb tail EURUSD`.",
                ) from problem
            self._view.expect(symbol)

    def _attend(self, *, follow: bool) -> None:
        self._tell_events(follow=follow)
        if time.monotonic() >= self._look_due:
            self._look()
            self._look_due = time.monotonic() + _LOOK_S

    def _tell_events(self, *, follow: bool) -> None:
        for event in self._session.events():
            if event.kind == "pairs" and follow:
                if symbols := self._session.pairs():
                    self._follow(symbols)
            elif event.kind == "market_refused":
                self._refuse(event.value)
            elif event.severity == "info":
                console.note(event.text)
            else:
                console.warn(event.text)

    def _refuse(self, number: int) -> None:
        if number not in self._numbers.values():
            return
        subscription = self._session.subscription(number)
        self._view.refuse(subscription.symbol, subscription.text)
        console.warn(f"{subscription.symbol} is refused: {subscription.text}")
        states = {self._session.subscription(each).state for each in self._numbers.values()}
        if states == {"refused"}:
            raise errors.UserError(
                "The gateway refuses every symbol.",
                subscription.text,
                "Name others, or use a token of another tier.",
            )

    def _look(self) -> None:
        """At how the session is."""
        status = self._session.market_status()
        if status.state_name == "halted":
            raise errors.UserError(
                "The gateway does not take the token.",
                status.problem_text or "It gave no reason.",
                "Make one that it knows: `tpb token`, and name its file with --token-file.",
            )
        if self._chosen or status.state_name != "connected":
            return
        self._connected_at = self._connected_at or time.monotonic()
        if time.monotonic() - self._connected_at > _CHOICE_TIMEOUT_S:
            console.note("The gateway has chosen no symbols for this user; shown are the usual.")
            self._follow(CONTEXT)


def _output(view: TailView, *, as_json: bool) -> Callable[[tpb.MarketData], None]:
    def show(data: tpb.MarketData) -> None:
        line = view.take(data)
        if as_json:
            console.data(json.dumps(document(data), ensure_ascii=False))
        elif not (sys.stdout.isatty() and console.people().is_terminal):
            console.data(line)

    return show


def _latest(session: tpb.Session, symbol: str, timeframe: Timeframe) -> tpb.MarketData | None:
    with suppress(tpb.NotSubscribed):
        return session.latest(symbol, timeframe)
    return None


def _open(to: Destination) -> tpb.Session:
    try:
        return tpb.Session(
            to.endpoint, to.token, ca_file=to.ca_file, stream_ticks=False, market_cache="none"
        )
    except tpb.TpbError as problem:
        raise errors.usage(
            f"{to.endpoint} cannot be used.", str(problem), "Mend what it names."
        ) from problem


def _destination(endpoint: str, token_file: Path | None, ca_file: Path | None) -> Destination:
    parts = urlsplit(endpoint)
    here = is_loopback(parts.hostname or "")
    if ca_file is None and here and parts.scheme == "wss":
        ca_file = _local_authority()
    if token_file is not None:
        try:
            return other_gateway(endpoint, token_file, ca_file)
        except FeedError as problem:
            raise user_error(problem) from problem
    if not here:
        raise errors.usage(
            f"The token for {endpoint} is missing.",
            "Only for a gateway on this machine one can be made here.",
            "Write it to a file and name that: --token-file FILE.",
        )
    secret = read_secret(default_secret_file())
    # Whoever has the secret may have every symbol.
    token = make_token(secret, user=_USER, tenant=_TENANT, tier="enterprise")
    return Destination(endpoint, token, ca_file)


def _local_authority() -> Path | None:
    """What `tpb gateway --tls` has made."""
    made = Path(platformdirs.user_data_dir("tpb", appauthor=False)) / "tls" / "ca.pem"
    return made if made.exists() else None
