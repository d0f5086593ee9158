"""When ticks are due, with a clock that the test owns."""

from collections.abc import Iterator

import numpy as np
import pytest

from tpb import TICK_DTYPE
from tpb.feed.chunks import Chunk
from tpb.feed.pace import LONGEST_WAIT_S, paced, speed_for

START = 1_577_898_000_000


class FakeClock:
    def __init__(self) -> None:
        self.time = 100.0
        self.longest_wait = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.longest_wait = max(self.longest_wait, seconds)
        self.time += seconds


def chunk_at(*offsets_ms: int) -> Chunk:
    ticks = np.zeros(len(offsets_ms), TICK_DTYPE)
    ticks["time_msc"] = START + np.array(offsets_ms)
    return Chunk("EURUSD", ticks)


def sent_at(chunks: Iterator[Chunk], speed: float | None) -> tuple[list[tuple[float, int]], float]:
    clock = FakeClock()
    sent = [
        (round(clock.time - 100.0, 6), int(time_msc) - START)
        for chunk in paced(chunks, speed, now=clock.now, wait=clock.wait)
        for time_msc in chunk.ticks["time_msc"]
    ]
    return sent, clock.longest_wait


def test_so_much_as_is_ahead_comes_at_once() -> None:
    clock = FakeClock()
    chunks = paced(iter([chunk_at(0, 900, 1500)]), 1.0, ahead_s=1.0, now=clock.now, wait=clock.wait)
    assert [(round(clock.time - 100.0, 6), len(chunk.ticks)) for chunk in chunks] == [
        (0.0, 2),
        (0.5, 1),
    ]


def test_ticks_come_when_they_came() -> None:
    sent, longest = sent_at(iter([chunk_at(0, 0, 1500), chunk_at(2500)]), 1.0)
    assert sent == [(0.0, 0), (0.0, 0), (1.5, 1500), (2.5, 2500)]
    assert longest <= LONGEST_WAIT_S


def test_ten_times_as_fast() -> None:
    sent, _ = sent_at(iter([chunk_at(0, 1500, 2500)]), 10.0)
    assert sent == [(0.0, 0), (0.15, 1500), (0.25, 2500)]


def test_time_that_goes_backwards_holds_nothing_up() -> None:
    sent, _ = sent_at(iter([chunk_at(0, 1000, 500, 2000), chunk_at(100)]), 1.0)
    assert sent == [(0.0, 0), (1.0, 1000), (1.0, 500), (2.0, 2000), (2.0, 100)]


def test_without_a_speed_nothing_waits() -> None:
    chunks = [chunk_at(0, 10_000_000)]
    sent, longest = sent_at(iter(chunks), None)
    assert [at for at, _ in sent] == [0.0, 0.0]
    assert longest == 0.0


def test_the_speed_that_takes_so_many_seconds() -> None:
    chunks = [chunk_at(0, 5000), chunk_at(60_000, 120_000)]
    assert speed_for(iter(chunks), 3, 10.0) == pytest.approx(6.0)
    assert speed_for(iter(chunks), 100, 10.0) == pytest.approx(12.0)
    assert speed_for(iter([chunk_at(0, 0)]), 100, 10.0) is None
    assert speed_for(iter([]), 100, 10.0) is None
