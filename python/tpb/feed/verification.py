"""Compares what a gateway stored with what was put in: field by field, each tick at its place.

The place of a tick is its number among the ticks of its symbol: the sequence_number it was stored
with. Both sides are read as streams; memory holds only by how far they run apart.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpb.feed.chunks import Chunk, Ticks, first
from tpb.gateway.reading import StoredTicks, Stores, read_ticks
from tpb.tick import TICK_DTYPE


@dataclass
class Verdict:
    ticks_stored: int = 0  # equal to the input at their place, each counted once
    altered: int = 0  # stored, but other than the input, or at a place where the input has none
    lost: int = 0  # accepted and not stored
    duplicates: int = 0  # stored once more
    first_fault: str = ""
    copies: int = 0  # sent again after a fork, and shown once: no fault

    @property
    def clean(self) -> bool:
        return not (self.altered or self.lost or self.duplicates)


def verified(stores: Stores, chunks: Iterator[Chunk], accepted: int) -> Verdict:
    """`chunks` is the source read anew; the first `accepted` ticks of it should be stored.

    Several stores count as one: what a session's gateways hold together.
    """
    comparison = Comparison(first(chunks, accepted))
    for stored in read_ticks(stores):
        comparison.take(stored)
    return comparison.verdict()


class Comparison:
    def __init__(self, expected: Iterator[Chunk]) -> None:
        self._expected = expected
        self._inputs: dict[str, _Input] = defaultdict(_Input)
        self._verdict = Verdict()

    def take(self, stored: StoredTicks) -> None:
        self._verdict.copies += stored.copies
        for symbol in dict.fromkeys(stored.symbol.tolist()):
            rows = np.flatnonzero(stored.symbol == symbol)
            self._read_input(symbol, int(stored.sequence_number[rows].max()))
            self._compare(symbol, stored, rows)

    def verdict(self) -> Verdict:
        """After the last take(): what is left of the input was not stored."""
        for chunk in self._expected:
            self._inputs[chunk.symbol].append(chunk.ticks)
        for symbol, source in self._inputs.items():
            if missing := source.missing:
                self._verdict.lost += missing
                self._note(f"{missing} accepted ticks of {symbol} are not stored")
        return self._verdict

    def _compare(self, symbol: str, stored: StoredTicks, rows: NDArray[np.intp]) -> None:
        source = self._inputs[symbol]
        numbers = stored.sequence_number[rows]
        foreign, again, fresh = source.claim(numbers)
        inputs = source.at(numbers[fresh])
        found = stored.ticks[rows[fresh]]
        spread = stored.spread[rows[fresh]]
        equal = (found == inputs) & (spread == inputs["ask"] - inputs["bid"])
        source.forget_claimed()

        self._verdict.ticks_stored += int(equal.sum())
        self._verdict.duplicates += int(again.sum())
        self._verdict.altered += int(foreign.sum()) + int((~equal).sum())
        if not equal.all():
            at = int(np.argmin(equal))
            self._note(
                f"{symbol} tick {numbers[fresh][at]} was {inputs[at]} and is stored as"
                f" {found[at]} with spread {spread[at]}"
            )
        if again.any():
            self._note(f"{symbol} tick {numbers[again][0]} is stored more than once")
        if foreign.any():
            self._note(f"{symbol} tick {numbers[foreign][0]} is stored and was never sent")

    def _read_input(self, symbol: str, number: int) -> None:
        while self._inputs[symbol].end < number and (chunk := next(self._expected, None)):
            self._inputs[chunk.symbol].append(chunk.ticks)

    def _note(self, fault: str) -> None:
        self._verdict.first_fault = self._verdict.first_fault or fault


class _Input:
    """The input of one symbol, from the oldest tick not yet found in the store on."""

    def __init__(self) -> None:
        self._ticks: Ticks = np.empty(0, TICK_DTYPE)
        self._claimed = np.empty(0, bool)
        self._start = 0  # ticks before these were all found and are forgotten

    @property
    def end(self) -> int:
        return self._start + len(self._ticks)

    @property
    def missing(self) -> int:
        return int((~self._claimed).sum())

    def append(self, ticks: Ticks) -> None:
        self._ticks = np.concatenate([self._ticks, ticks])
        self._claimed = np.concatenate([self._claimed, np.zeros(len(ticks), bool)])

    def claim(
        self, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
        """Tells, of each number: there is no such tick; it was claimed before; it is now."""
        foreign = (numbers < 1) | (numbers > self.end)
        repeated = np.ones(len(numbers), bool)
        repeated[np.unique(numbers, return_index=True)[1]] = False
        held = ~foreign & (numbers > self._start)
        again = ~foreign & (repeated | ~held)
        again[held] |= self._claimed[numbers[held] - self._start - 1]
        fresh = ~foreign & ~again
        self._claimed[numbers[fresh] - self._start - 1] = True
        return foreign, again, fresh

    def at(self, numbers: NDArray[np.int64]) -> Ticks:
        return self._ticks[numbers - self._start - 1]

    def forget_claimed(self) -> None:
        count = len(self._claimed) if self._claimed.all() else int(np.argmin(self._claimed))
        self._ticks = self._ticks[count:]
        self._claimed = self._claimed[count:]
        self._start += count
