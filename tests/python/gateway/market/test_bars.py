"""Bars of bids: their borders, their figures, and ticks that come late."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.market.bars import SECONDS, Bar, BarBuilder, digits_of
from tpb.wire.trading.market_data_pb2 import OHLCVBar

MONDAY = 1_700_438_400_000  # 2023-11-20 00:00, ms
Tick = tuple[int, float, float]


def bars_of(builder: BarBuilder, ticks: Iterable[Tick]) -> list[Bar]:
    return [bar for tick in ticks if (bar := builder.add(*tick)) is not None]


def test_a_bar_is_told_by_the_first_tick_after_it() -> None:
    builder = BarBuilder("EURUSD", "1m")
    assert builder.add(MONDAY + 5_000, 1.10003, 1.10015, 2) is None
    assert builder.add(MONDAY + 20_000, 1.10020, 1.10030) is None
    assert builder.add(MONDAY + 40_000, 1.09998, 1.10007, 3) is None
    assert builder.add(MONDAY + 59_999, 1.10001, 1.10012) is None
    assert builder.add(MONDAY + 60_000, 1.10005, 1.10009, 7) == Bar(
        symbol="EURUSD",
        timeframe="1m",
        time=MONDAY // 1000,
        open=1.10003,
        high=1.10020,
        low=1.09998,
        close=1.10001,
        ticks=4,
        spread=9,
        volume=5,
    )
    second = builder.add(MONDAY + 120_000, 1.2, 1.3)
    assert second is not None
    assert (second.time, second.open, second.close) == (MONDAY // 1000 + 60, 1.10005, 1.10005)
    assert (second.high, second.low, second.ticks, second.volume) == (1.10005, 1.10005, 1, 7)


@pytest.mark.parametrize("timeframe,seconds", SECONDS.items())
def test_borders_lie_on_the_server_clock(timeframe: str, seconds: int) -> None:
    builder = BarBuilder("EURUSD", timeframe)
    last_ms = MONDAY + seconds * 1000 - 1
    assert bars_of(builder, [(MONDAY, 1.1, 1.2), (last_ms, 1.2, 1.3)]) == []
    bar = builder.add(last_ms + 1, 1.3, 1.4)
    assert bar is not None
    assert (bar.time, bar.timeframe, bar.ticks) == (MONDAY // 1000, timeframe, 2)


def test_an_empty_minute_is_no_bar() -> None:
    builder = BarBuilder("EURUSD", "1m")
    times = [0, 1_000, 600_000, 660_000]
    bars = bars_of(builder, ((MONDAY + time, 1.1, 1.2) for time in times))
    assert [bar.time - MONDAY // 1000 for bar in bars] == [0, 600]


def test_a_late_tick_changes_nothing_and_is_counted() -> None:
    builder = BarBuilder("EURUSD", "1m")
    builder.add(MONDAY, 1.1, 1.2)
    assert builder.add(MONDAY + 60_000, 1.2, 1.3) is not None
    assert builder.add(MONDAY + 59_999, 9.9, 9.91234) is None
    assert builder.late == 1
    # Late within its own bar is not late.
    builder.add(MONDAY + 90_000, 1.3, 1.4)
    builder.add(MONDAY + 70_000, 1.1, 1.2)
    bar = builder.add(MONDAY + 120_000, 1.5, 1.6)
    assert bar is not None
    assert (bar.open, bar.high, bar.low, bar.close, bar.ticks) == (1.2, 1.3, 1.1, 1.1, 3)
    assert (bar.spread, builder.late) == (1, 1)


@pytest.mark.parametrize(
    "ticks,spread",
    [
        ([(1.12345, 1.12357)], 12),
        ([(1.1, 1.2), (1.10005, 1.1002)], 15),  # the digits show with the second tick
        ([(110.123, 110.125)], 2),
        ([(2000.15, 2000.42), (2000.1, 2000.4)], 27),
        ([(100.0, 103.0)], 3),
        ([(1.1 + 0.00001 * 3, 1.1 + 0.00001 * 5)], 2),  # noise of computing is no digit
        ([(1.2, 1.2)], 0),
        ([(1.20001, 1.20000)], -1),  # crossed
        ([(1.20001, 0.0), (1.20001, 1.20004)], 3),  # nobody sold for a while
        ([(1.20001, 0.0)], 0),
        ([(1.00000001, 1e9)], 2**31 - 1),  # more than a bar can tell
    ],
)
def test_spread_in_points(ticks: list[tuple[float, float]], spread: int) -> None:
    builder = BarBuilder("ANY", "1m")
    for bid, ask in ticks:
        builder.add(MONDAY, bid, ask)
    bar = builder.add(MONDAY + 60_000, *ticks[-1])
    assert bar is not None
    assert bar.spread == spread


@pytest.mark.parametrize(
    "price,digits",
    [(1.0, 0), (1.5, 1), (1.12345, 5), (110.12, 2), (0.00001234, 8), (2000.0, 0)],
)
def test_digits_of_a_price(price: float, digits: int) -> None:
    assert digits_of(price) == digits


def test_as_it_travels() -> None:
    builder, message = BarBuilder("EURUSD.m", "5m"), OHLCVBar()
    builder.add(MONDAY, 1.10001, 1.10003, 4)
    bar = builder.add(MONDAY + 300_000, 1.1, 1.2)
    assert bar is not None
    bar.fill(message)
    assert message == OHLCVBar(
        symbol="EURUSD.m",
        time=MONDAY // 1000,
        open=1.10001,
        high=1.10001,
        low=1.10001,
        close=1.10001,
        tick_volume=1,
        spread=2,
        real_volume=4,
        timeframe="5m",
        tick_count=1,
    )


@given(
    ticks=st.lists(
        st.tuples(st.integers(0, 900_000), st.integers(100, 120), st.integers(0, 9)), max_size=60
    )
)
def test_any_order(ticks: list[tuple[int, int, int]]) -> None:
    """Each tick is in one bar, waits in the open one, or was late; bars only go on."""
    builder = BarBuilder("EURUSD", "1m")
    open_start, kept, late, expected = -1, list[int](), 0, list[tuple[int, int, int, int, int]]()
    told = []
    for time_msc, bid, spread in ticks:
        start = time_msc // 60_000 * 60
        if start < open_start:
            late += 1
        elif start > open_start:
            if kept:
                expected.append((open_start, kept[0], max(kept), min(kept), kept[-1]))
            open_start, kept = start, [bid]
        else:
            kept.append(bid)
        bar = builder.add(time_msc, bid, bid + spread)
        if bar is not None:
            told.append((bar.time, bar.open, bar.high, bar.low, bar.close))
    assert told == expected
    assert builder.late == late
