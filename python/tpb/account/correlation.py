"""How symbols move together: rolling correlation of one-minute log returns. Pure.

Two symbols are compared on the minutes in which either had a close, so that a weekend is no part of
the window. A close is carried over a few quiet minutes; what lies beyond is a gap, and returns over
a gap are left out, so that a symbol that stands still does not count as one that does not move.
"""

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW = 480  # minutes: eight hours of trading
CARRY = 3  # minutes for which a close holds good
LEAST_RETURNS = 60
THRESHOLD = 0.7
# How much weaker a pair may get before it is let go, and how much stronger one must be to be put
# before another.
LET_GO = 0.1
OVERTAKE = 0.05
# The part of a sum of squares that may be rounding: less spread than that is none.
_NOISE = 1e-12

_Arrays = tuple[NDArray[np.int64], NDArray[np.float64]]


class Closes:
    """One-minute closes of one symbol, the newest WINDOW and some more."""

    __slots__ = ("_arrays", "_logs", "_minutes")

    def __init__(self) -> None:
        self._minutes = array("q")
        self._logs = array("d")
        self._arrays: _Arrays | None = None  # as they were asked for last

    def add(self, minute: int, close: float) -> None:
        """In order; a minute that is over, or a price that is none, changes nothing."""
        if not 0 < close < math.inf:
            return
        self._arrays = None
        if self._minutes and minute <= self._minutes[-1]:
            if minute == self._minutes[-1]:
                self._logs[-1] = math.log(close)
            return
        if len(self._minutes) >= 2 * WINDOW:
            del self._minutes[:WINDOW]
            del self._logs[:WINDOW]
        self._minutes.append(minute)
        self._logs.append(math.log(close))

    def arrays(self) -> _Arrays:
        """Minutes and log closes, at most those of one window and the close before it."""
        if self._arrays is None:
            newest = slice(-WINDOW - 1, None)
            self._arrays = np.array(self._minutes[newest]), np.array(self._logs[newest])
        return self._arrays


class Measured(NamedTuple):
    r: float  # Pearson's coefficient
    returns: int  # how many it is of


def correlate(one: Closes, other: Closes) -> Measured | None:
    """None: too few common returns, or one that does not move."""
    minutes, logs = one.arrays()
    other_minutes, other_logs = other.arrays()
    if min(len(minutes), len(other_minutes)) <= LEAST_RETURNS:
        return None
    if np.array_equal(minutes, other_minutes):
        clock, mine, theirs = minutes, logs, other_logs
    else:
        clock = np.union1d(minutes, other_minutes)[-WINDOW - 1 :]
        mine, theirs = _on(clock, minutes, logs), _on(clock, other_minutes, other_logs)
    x, y = np.diff(mine), np.diff(theirs)
    common = np.isfinite(x) & np.isfinite(y) & (np.diff(clock) <= CARRY)
    x, y = x[common], y[common]
    if len(x) < LEAST_RETURNS:
        return None
    dx, dy = x - x.mean(), y - y.mean()
    spread = float(dx @ dx), float(dy @ dy)
    if spread[0] <= _NOISE * float(x @ x) or spread[1] <= _NOISE * float(y @ y):
        return None
    r = float(dx @ dy) / math.sqrt(spread[0] * spread[1])
    return Measured(max(-1.0, min(1.0, r)), len(x))


def _on(
    clock: NDArray[np.int64], minutes: NDArray[np.int64], logs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The newest close by each minute of the clock; NaN where it is older than CARRY."""
    at = np.searchsorted(minutes, clock, side="right") - 1
    is_fresh = (at >= 0) & (clock - minutes[at] <= CARRY)
    return np.where(is_fresh, logs[at], math.nan)


class Relation(NamedTuple):
    """What was measured of one symbol against a primary one."""

    symbol: str
    r: float
    returns: int
    correlates: bool  # strongly enough, and that for some time


class Relations:
    """Remembers which pairs correlated, so that one near the threshold does not come and go.

    A pair is taken from the threshold on, and let go where it is LET_GO weaker.
    """

    def __init__(self, threshold: float = THRESHOLD) -> None:
        self._threshold = threshold
        self._taken: dict[str, list[str]] = {}  # by primary symbol, strongest first

    def update(self, primary: str, measured: Mapping[str, Measured]) -> list[Relation]:
        """Those that correlate first, strongest first; then the others by name."""
        taken = self._taken.get(primary, [])
        strength = {symbol: abs(found.r) for symbol, found in measured.items()}

        def correlates(symbol: str) -> bool:
            least = self._threshold - (LET_GO if symbol in taken else 0)
            return strength[symbol] >= least

        strong = {symbol: value for symbol, value in strength.items() if correlates(symbol)}
        order = settle(taken, strong, lambda later, earlier: later > earlier + OVERTAKE)
        self._taken[primary] = order
        return [
            Relation(symbol, *measured[symbol], symbol in strong)
            for symbol in [*order, *sorted(measured.keys() - strong.keys())]
        ]


def settle(
    order: Sequence[str],
    scores: Mapping[str, float],
    overtakes: Callable[[float, float], bool],
) -> list[str]:
    """Orders by score, and leaves an earlier order as it is where nothing clearly overtakes.

    overtakes(later, earlier) holds only where later's score is greater, or this would not end.
    """
    settled = [symbol for symbol in order if symbol in scores]
    known = set(settled)
    settled += sorted(scores.keys() - known, key=lambda symbol: (-scores[symbol], symbol))
    moved = True
    while moved:
        moved = False
        for at in range(len(settled) - 1):
            if overtakes(scores[settled[at + 1]], scores[settled[at]]):
                settled[at], settled[at + 1] = settled[at + 1], settled[at]
                moved = True
    return settled
