"""Technical indicators of a growing series, equal to TA-Lib's with its defaults. Pure.

What averages a window is computed from the window itself, so that no rounding adds up however long
a gateway runs. What is recursive (EMA, MACD, RSI) forgets by nature.
"""

import math
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from tpb.wire.indicators.technical_analysis_pb2 import TechnicalIndicators

_SHORT, _LONG = 20, 50  # of the simple averages; Bollinger's bands are over the short one
_DEVIATIONS = 2.0
_FAST, _SLOW, _SIGNAL = 12, 26, 9
_RSI = 14


class IndicatorValues(NamedTuple):
    """The fields of TechnicalIndicators. NaN: too few values yet."""

    sma_20: float = math.nan
    sma_50: float = math.nan
    ema_12: float = math.nan
    ema_26: float = math.nan
    macd_line: float = math.nan
    macd_signal: float = math.nan
    rsi: float = math.nan
    bollinger_upper: float = math.nan
    bollinger_middle: float = math.nan
    bollinger_lower: float = math.nan


class Indicators:
    """Of all values added so far, oldest first."""

    __slots__ = ("_ema_12", "_ema_26", "_fast", "_known", "_rsi", "_signal", "_to_skip", "_window")

    def __init__(self) -> None:
        self._window: deque[float] = deque(maxlen=_LONG)
        self._ema_12 = _Ema(_FAST)
        self._ema_26 = _Ema(_SLOW)
        # MACD's fast average begins later than the EMA over as many: it is seeded where the slow
        # one is.
        self._fast = _Ema(_FAST)
        self._to_skip = _SLOW - _FAST
        self._signal = _Ema(_SIGNAL)
        self._rsi = _Rsi()
        self._known: IndicatorValues | None = IndicatorValues()

    def add(self, value: float) -> None:
        """`value` is finite: what is recursive would never forget another."""
        self._window.append(value)
        self._ema_12.add(value)
        self._ema_26.add(value)
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._fast.add(value)
        line = self._fast.value - self._ema_26.value
        if line == line:  # no NaN
            self._signal.add(line)
        self._rsi.add(value)
        self._known = None

    @property
    def values(self) -> IndicatorValues:
        """Computed when it is asked for, once a value."""
        if self._known is None:
            self._known = self._compute()
        return self._known

    def fill(self, message: TechnicalIndicators) -> None:
        """Writes all ten fields."""
        (
            message.sma_20,
            message.sma_50,
            message.ema_12,
            message.ema_26,
            message.macd_line,
            message.macd_signal,
            message.rsi,
            message.bollinger_upper,
            message.bollinger_middle,
            message.bollinger_lower,
        ) = self.values

    def _compute(self) -> IndicatorValues:
        window = self._window
        middle = deviation = math.nan
        if len(window) >= _SHORT:
            newest = list(islice(window, len(window) - _SHORT, None))
            middle = math.fsum(newest) / _SHORT
            deviation = _DEVIATIONS * _deviation(newest, middle)
        # TA-Lib tells the line only from where it has the signal.
        signal = self._signal.value
        line = self._fast.value - self._ema_26.value if signal == signal else math.nan
        return IndicatorValues(
            sma_20=middle,
            sma_50=math.fsum(window) / _LONG if len(window) == _LONG else math.nan,
            ema_12=self._ema_12.value,
            ema_26=self._ema_26.value,
            macd_line=line,
            macd_signal=signal,
            rsi=self._rsi.value,
            bollinger_upper=middle + deviation,
            bollinger_middle=middle,
            bollinger_lower=middle - deviation,
        )


def _deviation(values: Sequence[float], mean: float) -> float:
    """Of the population, in two passes: mean square less squared mean would leave noise of gold."""
    return math.sqrt(math.fsum([(value - mean) ** 2 for value in values]) / len(values))


class _Ema:
    """Seeded by the mean of its first values, as TA-Lib's."""

    __slots__ = ("_factor", "_first", "_period", "value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._factor = 2 / (period + 1)
        self._first: list[float] = []
        self.value = math.nan

    def add(self, value: float) -> None:
        if self.value == self.value:
            self.value += (value - self.value) * self._factor
            return
        self._first.append(value)
        if len(self._first) == self._period:
            self.value = math.fsum(self._first) / self._period
            self._first.clear()


class _Rsi:
    """Wilder's, over changes."""

    __slots__ = ("_changes", "_gain", "_loss", "_newest")

    def __init__(self) -> None:
        self._newest = math.nan
        self._changes = 0  # up to the period
        # Sums of the first changes, then smoothed means.
        self._gain = 0.0
        self._loss = 0.0

    def add(self, value: float) -> None:
        change = value - self._newest
        self._newest = value
        if change != change:  # the first value
            return
        gain, loss = (change, 0.0) if change > 0 else (0.0, -change)
        if self._changes < _RSI:
            self._changes += 1
            self._gain += gain
            self._loss += loss
            if self._changes == _RSI:
                self._gain /= _RSI
                self._loss /= _RSI
            return
        self._gain = (self._gain * (_RSI - 1) + gain) / _RSI
        self._loss = (self._loss * (_RSI - 1) + loss) / _RSI

    @property
    def value(self) -> float:
        if self._changes < _RSI:
            return math.nan
        moved = self._gain + self._loss
        return 100 * (self._gain / moved) if moved else 0.0
