"""Bars of bids by the trade server's wall clock, as MetaTrader's charts are built. Pure."""

import math
from typing import NamedTuple

from tpb.wire.trading.market_data_pb2 import OHLCVBar

SECONDS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86400}
# No broker quotes finer; what lies beyond is the noise of a computed price.
_MAX_DIGITS = 8
_MAX_POINTS = 2**31 - 1  # what OHLCVBar can hold


class Bar(NamedTuple):
    """A complete one."""

    symbol: str
    timeframe: str
    time: int  # its start, trade server's wall clock, Unix seconds
    open: float
    high: float
    low: float
    close: float
    ticks: int
    # The smallest one of the bar, in points. MetaQuotes does not say which of a bar's spreads
    # MqlRates holds; in MT5's histories it is found to be the smallest.
    spread: int
    volume: int  # of deals

    def fill(self, message: OHLCVBar) -> None:
        """Writes all but tenant_id."""
        message.symbol = self.symbol
        message.time = self.time
        message.open = self.open
        message.high = self.high
        message.low = self.low
        message.close = self.close
        message.tick_volume = self.ticks
        message.spread = self.spread
        message.real_volume = self.volume
        message.timeframe = self.timeframe
        message.tick_count = self.ticks


class BarBuilder:
    """Makes ticks of one symbol into bars, each told once, when the first tick after it comes.

    A point is the last digit of the symbol's prices, as nothing in a tick tells it: of the most
    digits seen so far in what bars consist of.
    """

    __slots__ = (
        "_ask",
        "_close",
        "_digits",
        "_end_msc",
        "_high",
        "_low",
        "_open",
        "_period_msc",
        "_spread",
        "_start_msc",
        "_ticks",
        "_volume",
        "late",
        "symbol",
        "timeframe",
    )

    def __init__(self, symbol: str, timeframe: str) -> None:
        """timeframe: one of SECONDS."""
        self.symbol = symbol
        self.timeframe = timeframe
        self.late = 0  # ticks of bars that were complete already: in no bar
        self._period_msc = SECONDS[timeframe] * 1000
        self._digits = 0
        self._start_msc = self._end_msc = 0
        self._open = self._high = self._low = self._close = 0.0
        self._spread = math.inf  # the smallest one, and the ask it was of
        self._ask = 0.0
        self._ticks = 0  # 0: no bar was begun
        self._volume = 0

    def add(self, time_msc: int, bid: float, ask: float, volume: int = 0) -> Bar | None:
        """Returns the bar that this tick completed. volume: of a deal that came with the tick."""
        if self._ticks and time_msc < self._start_msc:
            self.late += 1
            return None
        complete = None
        if not self._ticks or time_msc >= self._end_msc:
            complete = self._bar() if self._ticks else None
            self._begin(time_msc, bid, ask)
        if bid > self._high:
            self._high = bid
        elif bid < self._low:
            self._low = bid
        self._close = bid
        spread = ask - bid
        if spread < self._spread and ask > 0:  # 0: nobody sells
            self._spread = spread
            self._ask = ask
        self._ticks += 1
        self._volume += volume
        return complete

    def _begin(self, time_msc: int, bid: float, ask: float) -> None:
        self._start_msc = time_msc - time_msc % self._period_msc
        self._end_msc = self._start_msc + self._period_msc
        self._open = self._high = self._low = bid
        self._spread = math.inf
        self._ask = 0.0
        self._ticks = 0
        self._volume = 0

    def _bar(self) -> Bar:
        prices = (self._open, self._high, self._low, self._close, self._ask)
        self._digits = max(self._digits, *map(digits_of, prices))
        return Bar(
            symbol=self.symbol,
            timeframe=self.timeframe,
            time=self._start_msc // 1000,
            open=self._open,
            high=self._high,
            low=self._low,
            close=self._close,
            ticks=self._ticks,
            spread=self._points(),
            volume=self._volume,
        )

    def _points(self) -> int:
        """0 where there was no ask."""
        if self._spread == math.inf:
            return 0
        points = round(self._spread * 10.0**self._digits)
        return max(-_MAX_POINTS, min(points, _MAX_POINTS))


def digits_of(price: float) -> int:
    """How many decimals a price was quoted with, as far as it shows."""
    return len(f"{price:.{_MAX_DIGITS}f}".rstrip("0").partition(".")[2])
