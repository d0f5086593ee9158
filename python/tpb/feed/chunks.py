"""Ticks of one symbol that follow each other in their source."""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tpb.tick import TICK_DTYPE

Ticks = NDArray[np.void]  # of TICK_DTYPE

# As many as one call should carry: few enough for a small outbox, enough to make calls cheap.
CHUNK_TICKS = 512


class Chunk(NamedTuple):
    symbol: str
    ticks: Ticks


class Fields(NamedTuple):
    """One tick as its parser read it: the fields of TICK_DTYPE in their order."""

    time: int
    bid: float
    ask: float
    last: float
    volume: int
    time_msc: int
    flags: int
    volume_real: float


_PACKED = Struct("<qdddQqId")
assert _PACKED.size == TICK_DTYPE.itemsize


class ChunkMaker:
    """Collects ticks one by one and gives them out as chunks, in their order."""

    def __init__(self) -> None:
        self._symbol = ""
        self._rows: list[bytes] = []

    def add(self, symbol: str, fields: Fields) -> Chunk | None:
        """Returns the chunk that this tick completes, if it does."""
        complete = None
        if self._rows and (symbol != self._symbol or len(self._rows) == CHUNK_TICKS):
            complete = self.rest()
        self._symbol = symbol
        self._rows.append(_PACKED.pack(*fields))
        return complete

    def rest(self) -> Chunk | None:
        """What is left when the source has ended."""
        if not self._rows:
            return None
        ticks = np.frombuffer(bytearray().join(self._rows), dtype=TICK_DTYPE)
        self._rows.clear()
        return Chunk(self._symbol, ticks)


def first(chunks: Iterator[Chunk], limit: int | None) -> Iterator[Chunk]:
    """The first `limit` ticks; all where limit is None."""
    if limit is None:
        yield from chunks
        return
    left = limit
    while left > 0 and (chunk := next(chunks, None)):
        yield Chunk(chunk.symbol, chunk.ticks[:left])
        left -= len(chunk.ticks)
