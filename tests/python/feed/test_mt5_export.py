"""The lines of MT5's own export, read as MqlTick."""

import pytest

from tpb.feed.mt5_export import HEADER, Mt5ExportParser, recognises
from tpb.feed.problem import BadLine

FIRST = "2020.01.02\t00:05:00.123\t1.12120\t1.12172\t\t\t6"


def test_a_line_becomes_a_tick() -> None:
    symbol, tick = Mt5ExportParser("EURUSD.m").parse(FIRST)
    assert symbol == "EURUSD.m"
    assert tick.time_msc == 1_577_923_500_123
    assert tick.time == 1_577_923_500
    assert (tick.bid, tick.ask, tick.last) == (1.1212, 1.12172, 0.0)
    assert (tick.volume, tick.volume_real, tick.flags) == (0, 0.0, 6)


def test_an_empty_price_is_the_one_before() -> None:
    parser = Mt5ExportParser("EURUSD")
    parser.parse(FIRST)
    _, moved_bid = parser.parse("2020.01.02\t00:05:01.000\t1.12125\t\t\t\t2")
    _, moved_ask = parser.parse("2020.01.02\t00:05:02.000\t\t1.12180\t\t\t4")
    assert (moved_bid.bid, moved_bid.ask, moved_bid.flags) == (1.12125, 1.12172, 2)
    assert (moved_ask.bid, moved_ask.ask, moved_ask.flags) == (1.12125, 1.1218, 4)


def test_a_deal_has_a_price_and_a_volume_with_its_fraction() -> None:
    parser = Mt5ExportParser("BTCUSD")
    _, deal = parser.parse("2020.01.02\t00:05:00.123\t7200\t7201\t7200.5\t2.75\t56")
    _, quote = parser.parse("2020.01.02\t00:05:01.123\t7202\t\t\t\t2")
    assert (deal.last, deal.volume, deal.volume_real, deal.flags) == (7200.5, 2, 2.75, 56)
    assert (quote.last, quote.volume, quote.volume_real) == (7200.5, 0, 0.0)


def test_a_large_whole_volume_is_exact() -> None:
    _, tick = Mt5ExportParser("X").parse("2020.01.02\t00:05:00.123\t1\t2\t\t9007199254740993\t6")
    assert tick.volume == 9_007_199_254_740_993


def test_empty_flags_are_those_of_the_filled_columns() -> None:
    parser = Mt5ExportParser("X")
    _, both = parser.parse("2020.01.02\t00:05:00.123\t1\t2\t\t\t")
    _, deal = parser.parse("2020.01.02\t00:05:00.123\t\t2\t1.5\t3\t")
    assert (both.flags, deal.flags) == (2 | 4, 4 | 8 | 16)


def test_what_is_wrong_in_a_line_is_not_carried_forward() -> None:
    parser = Mt5ExportParser("EURUSD")
    parser.parse(FIRST)
    with pytest.raises(BadLine):
        parser.parse("2020.01.02\t00:05:01.000\t9.9\tx\t\t\t2")
    _, tick = parser.parse("2020.01.02\t00:05:02.000\t\t1.2\t\t\t4")
    assert tick.bid == 1.1212


@pytest.mark.parametrize(
    "line, reason",
    [
        (FIRST.removesuffix("\t6"), "6 columns instead of 7"),
        (FIRST + "\t", "8 columns instead of 7"),
        (FIRST.replace("1.12120", ""), "bid is empty and no line before has one"),
        (FIRST.replace("1.12172", ""), "ask is empty and no line before has one"),
        (FIRST.replace("2020.01.02", "2020-01-02"), "the date is not written YYYY.MM.DD"),
        (FIRST.replace("2020.01.02", "2020.02.30"), "no such date"),
        (FIRST.replace("00:05:00.123", "00:05:00"), "the time is not written HH:MM:SS.mmm"),
        (FIRST.replace("00:05:00.123", "24:05:00.123"), "no such time of day"),
        (FIRST.replace("1.12120", "?"), "bid is not a number"),
        (FIRST.replace("\t\t\t6", "\tx\t\t6"), "last is not a number"),
        (FIRST.replace("\t\t\t6", "\t\t-1\t6"), "volume is out of range"),
        (FIRST.removesuffix("6") + "-6", "flags are not a number of MT5"),
        (FIRST.removesuffix("6") + "2147483648", "flags are not a number of MT5"),
        (HEADER, "the date is not written YYYY.MM.DD"),
    ],
)
def test_a_fault_has_its_reason(line: str, reason: str) -> None:
    with pytest.raises(BadLine) as caught:
        Mt5ExportParser("EURUSD").parse(line)
    assert str(caught.value) == reason


def test_its_header_is_recognised() -> None:
    assert recognises(HEADER)
    assert not recognises(FIRST)
