"""HistData's lines, read as MqlTick."""

import pytest

from tpb.feed.histdata import HistDataParser, recognises
from tpb.feed.problem import BadLine

GOOD = "20200101 170000065,1.121200,1.121720,0"


def test_a_line_becomes_a_tick() -> None:
    symbol, tick = HistDataParser("EURUSD").parse(GOOD)
    assert symbol == "EURUSD"
    assert tick.time_msc == 1_577_898_000_065
    assert tick.time == 1_577_898_000
    assert (tick.bid, tick.ask, tick.last) == (1.1212, 1.12172, 0.0)
    assert (tick.volume, tick.volume_real) == (0, 0.0)
    assert tick.flags == 6


def test_the_wall_clock_is_kept() -> None:
    """17:00 New York stays 17:00: time_msc counts it as if it were UTC."""
    _, tick = HistDataParser("EURUSD").parse("20200701 170000000,1,2,0")
    assert tick.time % 86_400 == 17 * 3600


@pytest.mark.parametrize(
    "line, reason",
    [
        ("20200101 170000065,1.1,1.2", "3 columns instead of 4"),
        ("20200101 170000065,1.1,1.2,0,0", "5 columns instead of 4"),
        ("", "1 columns instead of 4"),
        ("20200101 17000006,1.1,1.2,0", "the time is not written YYYYMMDD HHMMSSmmm"),
        ("20200101T170000065,1.1,1.2,0", "the time is not written YYYYMMDD HHMMSSmmm"),
        ("20200230 170000065,1.1,1.2,0", "no such date"),
        ("20201301 170000065,1.1,1.2,0", "no such date"),
        ("2020-101 170000065,1.1,1.2,0", "the time is not made of digits"),
        ("20200101 17000006²,1.1,1.2,0", "the time is not made of digits"),
        ("20200101 1700+0065,1.1,1.2,0", "the time is not made of digits"),
        ("19700101 170000065,1.1,1.2,0", "the year is not between 1980 and 2200"),
        ("20200101 240000065,1.1,1.2,0", "no such time of day"),
        ("20200101 176000065,1.1,1.2,0", "no such time of day"),
        ("20200101 170060065,1.1,1.2,0", "no such time of day"),
        ("20200101 170000065,,1.2,0", "bid is not a number"),
        ("20200101 170000065,abc,1.2,0", "bid is not a number"),
        ("20200101 170000065,nan,1.2,0", "bid is not a number"),
        ("20200101 170000065,1.1,inf,0", "ask is not a number"),
        ("20200101 170000065,1.1,-Infinity,0", "ask is not a number"),
        ("20200101 170000065,1.1,1e999,0", "ask is not a number"),
        ("20200101 170000065,1.1,1_2,0", "ask is not a number"),
        ("20200101 170000065,1.1,\ufffd,0", "ask is not a number"),
        ("20200101 170000065,1.1,1.2,-1", "volume is out of range"),
        ("20200101 170000065,1.1,1.2,9223372036854775808", "volume is out of range"),
        ("20200101 170000065,1.1,1.2,", "volume is not a number"),
    ],
)
def test_a_fault_has_its_reason(line: str, reason: str) -> None:
    with pytest.raises(BadLine) as caught:
        HistDataParser("EURUSD").parse(line)
    assert str(caught.value) == reason


def test_its_own_lines_are_recognised() -> None:
    assert recognises(GOOD)
    assert not recognises("EUR/USD,20200101 22:00:00.123,1.1212,1.1217")
    assert not recognises("time,bid,ask,volume")
    assert not recognises("20200101 170000065,1.1,1.2")
