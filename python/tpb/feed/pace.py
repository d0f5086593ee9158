"""When the ticks of a source are due."""

from collections.abc import Callable, Iterator

import numpy as np

from tpb.feed.chunks import Chunk, first

# The longest single wait: how soon a halted session or Ctrl+C is noticed.
LONGEST_WAIT_S = 0.2


def paced(
    chunks: Iterator[Chunk],
    speed: float | None,
    *,
    ahead_s: float = 0.0,
    now: Callable[[], float],
    wait: Callable[[float], None],
) -> Iterator[Chunk]:
    """The same ticks, each when it is due at `speed` times real time; None: as fast as possible.

    So many seconds are due at the beginning: ahead_s. A tick whose time goes backwards is due at
    once.
    """
    if speed is None:
        yield from chunks
        return
    start = now() - ahead_s
    first_msc: int | None = None
    for symbol, ticks in chunks:
        if first_msc is None:
            first_msc = int(ticks["time_msc"][0])
        seconds = (ticks["time_msc"] - first_msc) / (1000.0 * speed)
        due = start + np.maximum.accumulate(seconds)
        sent = 0
        while sent < len(ticks):
            ready = int(np.searchsorted(due, now(), side="right"))
            if ready > sent:
                yield Chunk(symbol, ticks[sent:ready])
                sent = ready
            else:
                wait(min(float(due[sent]) - now(), LONGEST_WAIT_S))


def speed_for(chunks: Iterator[Chunk], count: int, seconds: float) -> float | None:
    """The speed at which the first `count` ticks take so long; None where they have one time."""
    times = [ticks["time_msc"] for _, ticks in first(chunks, count)]
    if not times:
        return None
    span_ms = int(max(map(np.max, times)) - min(map(np.min, times)))
    return span_ms / (1000.0 * seconds) or None
