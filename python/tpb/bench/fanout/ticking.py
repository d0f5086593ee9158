"""The ticks of the fan-out: so many symbols, each of its own pace, sent by one native session."""

import time
from itertools import combinations
from random import Random
from typing import NamedTuple

import numpy as np

import tpb
from tpb.feed.problem import FeedError

# Any tier may have pairs of these; longest first are those that are traded most.
_MAJORS = ("EUR", "GBP", "AUD", "NZD", "USD", "CAD", "CHF", "JPY")
SYMBOLS = tuple(f"{base}{quote}" for base, quote in combinations(_MAJORS, 2))
_CONNECT_TIMEOUT_S = 30.0


class Sent(NamedTuple):
    """One tick that was handed to the session."""

    number: int  # 0, 1, ...
    at_ns: int  # time.monotonic_ns() when the call was made
    bid: float


class Uploader:
    """Streams ticks at random moments, so many a second; one thread."""

    def __init__(
        self, endpoint: str, token: str, *, symbols: int, ticks_per_s: float, flush_ms: int
    ) -> None:
        self._symbols = SYMBOLS[:symbols]
        self._gap_s = 1.0 / (symbols * ticks_per_s)
        self._random = Random(1)
        self._tick = np.zeros(1, dtype=tpb.TICK_DTYPE)
        self._due = 0.0
        # By the time that is in the tick, which no two share: so a message tells which one it is.
        self.sent: dict[int, Sent] = {}
        self._newest_msc = 0
        self.late_s = 0.0  # the longest that a tick was sent after its moment
        self.session = tpb.Session(endpoint, token, flush_ms=flush_ms)

    def connect(self) -> None:
        """Sends a first tick of each symbol; returns when the gateway has them."""
        for symbol in self._symbols:
            self._send(symbol)
        if not self.session.drain(_CONNECT_TIMEOUT_S):
            raise FeedError(
                "The gateway does not take the ticks of the load.",
                self.session.last_error or "It does not acknowledge.",
                "See the gateway's log.",
            )

    def start(self) -> None:
        self._due = time.monotonic() + self._gap_s
        self.late_s = 0.0

    def send_due(self) -> float:
        """Sends what is due; tells how many seconds there are until the next one."""
        now = time.monotonic()
        while self._due <= now:
            self.late_s = max(self.late_s, now - self._due)
            self._send(self._random.choice(self._symbols))
            self._due += self._random.expovariate(1.0) * self._gap_s
            now = time.monotonic()
        return self._due - now

    def send_last(self) -> None:
        """One more of each symbol: who has got it has got the newest."""
        for symbol in self._symbols:
            self._send(symbol)
        self.session.flush()

    def _send(self, symbol: str) -> None:
        tick = self._tick
        self._newest_msc = max(self._newest_msc + 1, time.time_ns() // 1_000_000)
        bid = round(1.1 + 1e-5 * self._random.randrange(1000), 5)
        tick["time_msc"], tick["time"] = self._newest_msc, self._newest_msc // 1000
        tick["bid"], tick["ask"], tick["flags"] = bid, bid + 1e-4, 6
        self.sent[self._newest_msc] = Sent(len(self.sent), time.monotonic_ns(), bid)
        self.session.send(symbol, tick)
