"""A stream of ticks to a gateway: the native session, for Python."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tpb._core import Session as _NativeSession
from tpb.exceptions import BadConfig, InvalidArgument, SessionClosed
from tpb.market_data import (
    MARKET_DTYPE,
    SUBSCRIPTION_STATES,
    TIERS,
    Indicators,
    MarketData,
    MarketStatus,
    Subscription,
)
from tpb.tick import TICK_DTYPE

_POLL_S = 0.002
# So long a wait for market data cannot be interrupted by Ctrl-C.
_WAIT_MS = 100
_MOST_HISTORY = 4096


@dataclass(frozen=True, slots=True)
class Status:
    """A session's counters and state at one moment.

    Counts are since the session was opened; `trading_protobuf.h` (TpbStatusInfo) tells each field.
    """

    state_since_ms: int
    ticks_accepted: int
    ticks_journaled: int
    ticks_sent: int
    ticks_acknowledged: int
    ticks_refused: int
    ticks_dropped: int
    ticks_resent: int
    batches_closed: int
    batches_acknowledged: int
    oldest_unacknowledged_ms: int
    outbox_bytes: int
    outbox_capacity_bytes: int
    bytes_sent: int
    connect_attempts: int
    reconnects: int
    failovers: int
    frames_ignored: int
    checksum_mismatches: int
    latency_p50_us: int
    latency_p99_us: int
    latency_max_us: int
    round_trip_us: int
    encode_ns_per_tick: int
    ticks_per_s: float
    state: int
    delivery: int
    endpoint: int
    problem: int
    endpoint_url: str
    session_id: str
    user_id: str
    tenant_id: str
    problem_text: str
    state_name: str
    journal: str
    journal_bytes: int
    events_lost: int
    flaw_not_positive: int
    flaw_crossed: int
    flaw_spread: int
    flaw_jump: int
    flaw_future: int
    flaw_backward: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a symbol's ticks are with the library."""

    time_msc: int  # of the newest tick accepted
    count: int  # of the ticks accepted with exactly that time


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person should know of; `trading_protobuf.h` (TpbEventKind) tells each kind."""

    number: int  # 1, 2, ...; a jump: older ones were pushed out unread
    time_ms: int  # Unix
    value: int
    kind: str  # "lost", "restored", ...
    severity: str  # "info", "warning", "error"
    code: int
    endpoint: int  # 0 = primary
    text: str


def _setting(key: str, value: object) -> str:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = str(value)
    if ";" in text:
        raise BadConfig(f"The option {key} holds a ';', which separates options. Leave it out.")
    return f"{key}={text}"


class Session:
    """Streams ticks to a gateway, and market data from it: all in the background.

    Usable from several threads. Closing (or leaving the `with` block) flushes for a second.

        with tpb.Session("wss://localhost:8000", token, ca_file="ca.pem") as session:
            session.send("EURUSD", ticks)  # a NumPy array of tpb.TICK_DTYPE
            session.drain(5.0)
            session.subscribe("EURUSD", "5m")
            for data in session.market_data():
                print(data.symbol, data.bid, data.rsi, data.live)

    endpoint: `wss://host[:port][/path]`; `ws://` only to loopback or with `allow_plaintext`.
    token: the JWT; or `token_file`, a file that holds it.
    ca_file: PEM file of the only authorities to trust; default: the system's store.
    batch_ticks, flush_ms: a batch closes at so many ticks, or so long after its first one.
    options: any other key of TpbOpen in `trading_protobuf.h`, such as `journal="auto"`,
        `backup_endpoint="wss://..."` or `outbox_bytes=1 << 30`; `stream_ticks=False` for who only
        subscribes.

    Raises tpb.BadConfig when one of these cannot be used, tpb.InUse and tpb.DiskRefuses where the
    journal cannot be written. An unreachable gateway is no error: the
    session keeps trying, and `status()` says so.
    """

    def __init__(
        self,
        endpoint: str,
        token: str | None = None,
        *,
        token_file: str | Path | None = None,
        ca_file: str | Path | None = None,
        allow_plaintext: bool = False,
        batch_ticks: int = 5,
        flush_ms: int = 100,
        **options: object,
    ) -> None:
        settings = {
            "endpoint": endpoint,
            "token": token,
            "token_file": token_file,
            "ca_file": ca_file,
            "allow_plaintext": allow_plaintext,
            "batch_ticks": batch_ticks,
            "flush_ms": flush_ms,
            **options,
        }
        config = ";".join(_setting(k, v) for k, v in settings.items() if v is not None)
        self._native = _NativeSession(config)

    def send(self, symbol: str, ticks: NDArray[np.void]) -> int:
        """Accepts ticks of one symbol, all of them or none.

        ticks: one-dimensional array of `tpb.TICK_DTYPE`, oldest first, at most 65,536. Read in
        place when contiguous. Returns their number. Does not wait for the network.

        Raises OutboxFull, DiskRefuses (send the same again later), BadTick, BadSymbol, TooMany,
        InvalidArgument, SessionClosed.
        """
        if ticks.dtype != TICK_DTYPE or ticks.ndim != 1:
            raise InvalidArgument(
                f"Ticks must be a one-dimensional array of tpb.TICK_DTYPE, not {ticks.ndim} "
                f"dimensions of {ticks.dtype}. Make it by np.zeros(n, dtype=tpb.TICK_DTYPE)."
            )
        if len(ticks) > 65536:
            raise InvalidArgument(f"{len(ticks)} ticks are too many for a call: at most 65,536.")
        return self._native.send(symbol, np.ascontiguousarray(ticks))

    def flush(self) -> int:
        """Closes the open batch now; returns the number of ticks it held."""
        return self._native.flush()

    def cursor(self, symbol: str) -> Cursor | None:
        """How far the symbol's ticks are accepted; None when there were none.

        With a journal it outlives the process: a source that goes on behind it sends every tick
        once.
        """
        known = self._native.cursor(symbol)
        return None if known is None else Cursor(*known)

    def subscribe(self, symbol: str, timeframe: str = "1m") -> int:
        """Asks the gateway for a symbol's prices and indicators, again after each reconnect.

        timeframe: "1m", "5m", "1h", "1d": the indicators are of complete bars of so long; "tick":
        of ticks. Prices come with each tick in any case.
        Returns the subscription's number; `subscription(number)` tells whether it was granted.

        Raises BadSymbol, InvalidArgument, TooMany, SessionClosed.
        """
        return self._native.subscribe(symbol, timeframe)

    def unsubscribe(self, symbol: str, timeframe: str = "1m") -> None:
        """Ends a subscription; messages that wait are still given out. Raises NotSubscribed."""
        self._native.unsubscribe(symbol, timeframe)

    def subscription(self, number: int) -> Subscription:
        """How a subscription is, ended ones included. Raises NotSubscribed."""
        symbol, timeframe, state, text = self._native.subscription(number)
        return Subscription(number, symbol, timeframe, SUBSCRIPTION_STATES[state], text)

    def poll_market_data(self, limit: int = 4096) -> NDArray[np.void]:
        """Takes at most `limit` messages that were not taken yet, oldest first, as `MARKET_DTYPE`.

        Does not wait. The option `market_inbox` says how many are kept; older ones are pushed out
        and counted (`market_status().messages_overflowed`).
        """
        data = np.empty(limit, dtype=MARKET_DTYPE)
        return data[: self._native.poll_market_data(data)]

    def market_data(self, timeout: float | None = None) -> Iterator[MarketData]:
        """Takes messages as they come, and waits for them.

        Ends when the session is closed, or when none came for `timeout` seconds.
        """
        names: dict[int, tuple[str, str]] = {}
        heard_at = time.monotonic()
        while True:
            try:
                rows = self.poll_market_data(256)
                for number in {int(number) for number in rows["subscription"]} - names.keys():
                    subscription = self.subscription(number)
                    names[number] = subscription.symbol, subscription.timeframe
                if len(rows) == 0:
                    left_ms = _WAIT_MS
                    if timeout is not None:
                        left_ms = min(
                            left_ms, round((heard_at + timeout - time.monotonic()) * 1000)
                        )
                    if left_ms <= 0:
                        return
                    self._native.await_market_data(left_ms)
                    continue
            except SessionClosed:
                return
            for row in rows:
                yield MarketData.from_row(*names[row["subscription"]], row)
            heard_at = time.monotonic()

    def latest(self, symbol: str, timeframe: str = "1m") -> MarketData | None:
        """The newest message of a subscription, taken or not; None when there is none yet.

        Also while the gateway is away and after a restart: `live` and `age_ms` tell.
        Raises NotSubscribed.
        """
        data = np.empty(1, dtype=MARKET_DTYPE)
        if not self._native.latest(symbol, timeframe, data):
            return None
        return MarketData.from_row(symbol, timeframe or "1m", data[0])

    def market_history(
        self, symbol: str, timeframe: str = "1m", limit: int = _MOST_HISTORY
    ) -> NDArray[np.void]:
        """The newest messages of a subscription, oldest first, as `MARKET_DTYPE`; taken or not.

        At most as many as the option `market_history` says (64). Raises NotSubscribed.
        """
        data = np.empty(min(limit, _MOST_HISTORY), dtype=MARKET_DTYPE)
        return data[: self._native.market_history(symbol, timeframe, data)]

    def market_status(self) -> MarketStatus:
        """How the market data of the session is at this moment."""
        fields = self._native.market_status()
        return MarketStatus(**fields | {"tier": TIERS[fields["tier"]]})

    def pairs(self) -> list[str]:
        """The symbols that the gateway has chosen for this user, most important first.

        Empty: it has not said. The event "pairs" tells of a change.
        """
        return self._native.pairs()

    def indicators(self, symbol: str) -> Indicators | None:
        """Indicators of the symbol's ticks that this session has accepted; None: there are none.

        Raises NotConfigured without the option `indicators=True`, and BadSymbol.
        """
        known = self._native.indicators(symbol)
        return None if known is None else Indicators(*known)

    def events(self) -> Iterator[Event]:
        """Takes the events that were not taken yet, oldest first; the newest 256 are kept."""
        while (event := self._native.next_event()) is not None:
            yield Event(**event)

    def set_token(self, token: str) -> None:
        """Replaces the token, of the same user and tenant; a halted session tries again with it."""
        self._native.set_token(token)

    def status(self) -> Status:
        """The counters and the state of this moment."""
        return Status(**self._native.status())

    @property
    def last_error(self) -> str:
        """The newest problem, of a call or of the connection; "" when there was none."""
        return self._native.last_error()

    def drain(self, timeout: float) -> bool:
        """Closes the open batch and waits, at most `timeout` seconds, until all is acknowledged.

        False when the time is over, or when the session has halted and nothing more will come.
        """
        self.flush()
        deadline = time.monotonic() + timeout
        while True:
            status = self.status()
            if status.batches_acknowledged >= status.batches_closed:
                return True
            if time.monotonic() >= deadline or status.state_name in ("halted", "disconnected"):
                return False
            time.sleep(_POLL_S)

    def close(self, timeout: float = 1.0) -> int:
        """Flushes for at most `timeout` seconds and ends; calling again is harmless.

        Returns the number of accepted ticks that were not acknowledged; a journal keeps them for
        the next opening.
        """
        return self._native.close(round(timeout * 1000))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        status: dict[str, Any] = self._native.status()
        return f"<tpb.Session {status['state_name']} {status['endpoint_url']}>"
