"""A source played as a live market: moved to now, over and over, into a gateway."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tpb import TICK_DTYPE
from tpb.account.secret import SigningSecret
from tpb.account.token import make_token
from tpb.feed.chunks import Chunk, first
from tpb.feed.destination import Destination
from tpb.feed.live import PAUSE_MS, LiveFeed, endless
from tpb.feed.problem import MalformedLine, NoTicks
from tpb.feed.simulator import MAJORS, Simulator
from tpb.feed.source import Source
from tpb.feed.tick_file import TickFile
from tpb.testing.gateway import GatewayFixture

OLD = 1_577_898_000_000
NOW = 1_795_000_000_000


class Recorded:
    """A few ticks; tells when it was read for so many times."""

    def __init__(self, *offsets_ms: int, readings: int = 5) -> None:
        self.name = "recorded"
        self.skipped: Mapping[str, int] = {}
        self.backwards = 0
        self.read_often = threading.Event()
        self._offsets_ms = offsets_ms
        self._left = readings

    def chunks(self) -> Iterator[Chunk]:
        self._left -= 1
        if self._left == 0:
            self.read_often.set()
        for offset in self._offsets_ms:
            ticks = np.zeros(1, TICK_DTYPE)
            ticks["time_msc"], ticks["time"] = OLD + offset, (OLD + offset) // 1000
            ticks["bid"], ticks["ask"], ticks["flags"] = 1.1, 1.2, 6
            yield Chunk("EURUSD", ticks)


def times(chunks: Iterator[Chunk], count: int) -> list[int]:
    return [
        int(time_msc) - NOW
        for chunk in islice(chunks, count)
        for time_msc in chunk.ticks["time_msc"]
    ]


def test_the_ticks_are_moved_to_now_and_begin_again_at_the_end() -> None:
    again = 500 + PAUSE_MS
    assert times(endless(Recorded(0, 200, 500), NOW, 1.0), 6) == [
        *(0, 200, 500),
        *(again, again + 200, again + 500),
    ]


def test_speed_divides_the_pauses() -> None:
    assert times(endless(Recorded(0, 200, 500), NOW, 4.0), 3) == [0, 50, 125]


def test_a_tick_that_goes_back_in_time_does_so_still() -> None:
    again = 300 + PAUSE_MS
    assert times(endless(Recorded(0, 300, 100), NOW, 1.0), 4) == [0, 300, 100, again]


def test_seconds_go_with_milliseconds_and_the_source_is_left_as_it_was() -> None:
    source = Recorded(0, 1500)
    for chunk in islice(endless(source, NOW, 1.0), 4):
        assert (chunk.ticks["time"] == chunk.ticks["time_msc"] // 1000).all()
        assert chunk.ticks[["bid", "ask", "flags"]].tolist() == [(1.1, 1.2, 6)]
    assert [int(chunk.ticks["time_msc"][0]) for chunk in source.chunks()] == [OLD, OLD + 1500]


def test_a_source_without_ticks_has_no_beginning() -> None:
    with pytest.raises(NoTicks, match="recorded"):
        next(endless(Recorded(), NOW, 1.0))


def test_a_made_up_market_needs_no_end() -> None:
    market = Simulator(ticks=None, start_msc=OLD, ticks_per_s=1000, instruments=MAJORS)
    ticks = np.concatenate([chunk.ticks for chunk in first(market.chunks(), 200_000)])
    assert len(ticks) == 200_000
    assert ticks["bid"].min() > 0


# ---- Into a gateway ------------------------------------------------------------------------------


@pytest.fixture
def play(gateway: GatewayFixture) -> Iterator[Callable[..., LiveFeed]]:
    played: list[LiveFeed] = []

    def start(source: Source, *, token: str | None = None, **options: object) -> LiveFeed:
        def to() -> Destination:
            return Destination(gateway.endpoint, token or gateway.token("feed", "feed"))

        feed = LiveFeed(source, to, **options)  # type: ignore[arg-type]
        feed.start()
        played.append(feed)
        return feed

    yield start
    for feed in played:
        feed.stop()


def test_the_past_comes_at_once_and_all_that_was_played_is_stored(
    play: Callable[..., LiveFeed], gateway: GatewayFixture
) -> None:
    source = Recorded(0, 200, 500, readings=35)  # more than 50 s of it
    begun_msc = time.time_ns() // 1_000_000
    feed = play(source, history_s=60.0)
    assert source.read_often.wait(30)
    feed.stop()
    assert feed.problem is None
    stored = gateway.ticks(tenant="feed")
    assert len(stored) == feed.ticks >= 3 * 34
    assert 0 <= stored.ticks["time_msc"][0] - (begun_msc - 60_000) < 30_000
    assert (np.diff(stored.ticks["time_msc"]) >= 0).all()


def test_a_refused_token_ends_it_with_the_gateways_words(play: Callable[..., LiveFeed]) -> None:
    ended = threading.Event()
    token = make_token(SigningSecret(b"x" * 32), user="feed", tenant="feed")
    feed = play(Recorded(0, 60_000), token=token, ended=ended.set)
    assert ended.wait(30)
    assert feed.problem is not None
    assert "ended the session" in feed.problem.what


def test_a_bad_line_ends_it_with_its_place(
    play: Callable[..., LiveFeed], tick_file: Callable[..., Path]
) -> None:
    ended = threading.Event()
    path = tick_file("20200101 170000065,1.121200,1.121720,0", "rubbish")
    feed = play(TickFile(path), history_s=60.0, ended=ended.set)
    assert ended.wait(30)
    assert isinstance(feed.problem, MalformedLine)
    assert feed.problem.line_number == 2


def test_it_can_be_stopped_while_it_waits(play: Callable[..., LiveFeed]) -> None:
    feed = play(Recorded(0, 86_400_000))
    feed.stop()
    assert feed.problem is None
