"""What a fault run streams: ticks made up from its seed, and the order in which they are sent.

As in a real market several ticks share one millisecond and neighbours look equal; their numbers
alone tell them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tpb.tick import TICK_DTYPE

Ticks = NDArray[np.void]

SYMBOLS = ("EURUSD", "XAUUSD", "US500.cash", "BTCUSD#", "USDJPY", "EURUSD.m")
_START_MSC = 1_767_600_000_000  # a Monday in January 2026
_BID_AND_ASK = 6  # TICK_FLAG_BID | TICK_FLAG_ASK


class Call(NamedTuple):
    """One call of the sender: ticks `begin` to `end` of a symbol."""

    symbol: str
    begin: int
    end: int


@dataclass(frozen=True)
class Market:
    ticks: dict[str, Ticks]  # by symbol, oldest first
    calls: tuple[Call, ...]

    @property
    def symbols(self) -> Sequence[str]:
        return tuple(self.ticks)

    @property
    def size(self) -> int:
        return sum(map(len, self.ticks.values()))

    def position(self, symbol: str, time_msc: int, count: int) -> int:
        """How many ticks of the symbol a cursor covers: `count` of those at time_msc, all before.

        Raises ValueError for a cursor that no accepted tick can have led to.
        """
        times = self.ticks[symbol]["time_msc"]
        first = int(np.searchsorted(times, time_msc, side="left"))
        end = int(np.searchsorted(times, time_msc, side="right"))
        if not 0 < count <= end - first:
            raise ValueError(
                f"the cursor of {symbol} tells {count} ticks at {time_msc}, where it has"
                f" {end - first}"
            )
        return first + count


def made_up(seed: str, ticks: int, symbols: int) -> Market:
    """The same for the same arguments."""
    random = Random(f"market {seed}")
    walks = {symbol: _Walk(random, symbol) for symbol in SYMBOLS[:symbols]}
    calls = []
    time_msc = _START_MSC
    made = 0
    while made < ticks:
        symbol = random.choice(list(walks))
        burst = min(_burst(random), ticks - made)
        begin = walks[symbol].length
        for _ in range(burst):
            time_msc += _gap_ms(random)
            walks[symbol].step(time_msc)
        calls.append(Call(symbol, begin, begin + burst))
        made += burst
    return Market({symbol: walk.ticks() for symbol, walk in walks.items()}, tuple(calls))


def _burst(random: Random) -> int:
    return random.randint(40, 200) if random.random() < 0.03 else random.randint(1, 9)


def _gap_ms(random: Random) -> int:
    """Four ticks of ten come in the same millisecond as the one before."""
    return 0 if random.random() < 0.4 else random.randint(1, 40)


class _Walk:
    """The quotes of one symbol."""

    def __init__(self, random: Random, symbol: str) -> None:
        self._random = random
        self._digits = 2 if symbol.startswith(("XAU", "US5", "BTC")) else 5
        self._bid = random.randint(100_000, 400_000)
        self._rows: list[tuple[int | float, ...]] = []

    @property
    def length(self) -> int:
        return len(self._rows)

    def step(self, time_msc: int) -> None:
        random = self._random
        if self._rows and random.random() < 0.15:
            # Looks like the one before, in the same millisecond or not.
            before = self._rows[-1]
            self._rows.append((time_msc // 1000, *before[1:5], time_msc, *before[6:]))
            return
        self._bid += random.randint(-7, 7)
        scale = 10**self._digits
        bid, ask = self._bid / scale, (self._bid + random.randint(0, 30)) / scale
        traded = random.random() < 0.1
        last, volume = (bid, random.randint(1, 50)) if traded else (0.0, 0)
        self._rows.append(
            (time_msc // 1000, bid, ask, last, volume, time_msc, _BID_AND_ASK, float(volume))
        )

    def ticks(self) -> Ticks:
        return np.array(self._rows, TICK_DTYPE)
