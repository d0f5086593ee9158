"""The values of one timeframe, and indicators of them while somebody wants those. Pure."""

from array import array

from tpb.gateway.market.bars import SECONDS, Bar
from tpb.gateway.market.indicators import Indicators

# Of so many values the indicators are the same, to the last digit of a double, as of all since the
# beginning: in the slowest of them, the RSI, what came before weighs (13/14)^600.
KEPT_VALUES = 600
_MOST_VALUES = 2 * KEPT_VALUES  # before what is too many is left out
# The longer timeframes, which whole bars of 1m make up.
LONGER = tuple(timeframe for timeframe in SECONDS if timeframe != "1m")


class Series:
    """The newest values. Indicators of them are begun when first asked for."""

    __slots__ = ("_indicators", "_values")

    def __init__(self) -> None:
        self._values = array("d")
        self._indicators: Indicators | None = None

    def add(self, value: float) -> None:
        values = self._values
        values.append(value)
        if len(values) == _MOST_VALUES:
            del values[:KEPT_VALUES]
        if self._indicators is not None:
            self._indicators.add(value)

    @property
    def indicators(self) -> Indicators:
        if self._indicators is None:
            self._indicators = Indicators()
            for value in self._values:
                self._indicators.add(value)
        return self._indicators

    def clear(self) -> None:
        del self._values[:]
        self._indicators = None

    def rest(self) -> None:
        """Nobody wants them for now: values are kept alone."""
        self._indicators = None


class BarMerger:
    """Makes complete bars of 1m into longer ones, as a BarBuilder of their ticks would."""

    __slots__ = ("_end_s", "_parts", "_period_s", "_timeframe")

    def __init__(self, timeframe: str) -> None:
        self._timeframe = timeframe
        self._period_s = SECONDS[timeframe]
        self._end_s = 0
        self._parts: Bar | None = None

    def add(self, minute: Bar, time_msc: int) -> Bar | None:
        """Returns the bar that is complete now; time_msc: of the tick that completed the minute."""
        self._parts = self._begin(minute) if self._parts is None else _join(self._parts, minute)
        if time_msc < self._end_s * 1000:
            return None
        complete, self._parts = self._parts, None
        return complete

    def _begin(self, minute: Bar) -> Bar:
        start_s = minute.time - minute.time % self._period_s
        self._end_s = start_s + self._period_s
        return minute._replace(timeframe=self._timeframe, time=start_s)


def _join(older: Bar, newer: Bar) -> Bar:
    return older._replace(
        high=max(older.high, newer.high),
        low=min(older.low, newer.low),
        close=newer.close,
        ticks=older.ticks + newer.ticks,
        spread=min(older.spread, newer.spread),
        volume=older.volume + newer.volume,
    )
