"""Ticks held in memory, so that no measurement waits for a parser or a random number."""

from collections.abc import Iterator, Mapping
from typing import Self

import numpy as np

from tpb.feed.chunks import CHUNK_TICKS, Chunk, Ticks
from tpb.feed.problem import NoTicks
from tpb.feed.source import Source

MIN_TICKS = 1000

# A terminal is asked for each symbol's new ticks in turn: so many ticks of all symbols at a time.
_POLL_TICKS = 1000


class Recording:
    """A source that was read once."""

    def __init__(self, name: str, chunks: list[Chunk]) -> None:
        self.name = name
        self.skipped: Mapping[str, int] = {}
        self.backwards = 0
        self.ticks = sum(len(chunk.ticks) for chunk in chunks)
        self._chunks = chunks

    @classmethod
    def of(cls, source: Source) -> Self:
        """Raises FeedError where it cannot be read or holds too little."""
        recording = cls(source.name, list(source.chunks()))
        if recording.ticks < MIN_TICKS:
            raise NoTicks(
                f"{source.name} holds {recording.ticks} ticks.",
                f"At least {MIN_TICKS} are needed for figures that mean something.",
                "Name a longer file, or none.",
            )
        return recording

    def chunks(self) -> Iterator[Chunk]:
        return iter(self._chunks)

    def as_polled(self) -> "Recording":
        """The same ticks in the order an EA takes them in: each symbol's new ones together."""
        return Recording(self.name, list(_polled(self._chunks)))


def _polled(chunks: list[Chunk]) -> Iterator[Chunk]:
    waiting: dict[str, list[Ticks]] = {}
    count = 0
    for chunk in chunks:
        waiting.setdefault(chunk.symbol, []).append(chunk.ticks)
        count += len(chunk.ticks)
        if count >= _POLL_TICKS:
            yield from _taken(waiting)
            waiting.clear()
            count = 0
    yield from _taken(waiting)


def _taken(waiting: Mapping[str, list[Ticks]]) -> Iterator[Chunk]:
    for symbol, parts in waiting.items():
        ticks = np.concatenate(parts)
        for at in range(0, len(ticks), CHUNK_TICKS):
            yield Chunk(symbol, ticks[at : at + CHUNK_TICKS])
