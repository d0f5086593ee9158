"""TrueFX's lines, read as MqlTick."""

import pytest

from tpb.feed.problem import BadLine
from tpb.feed.truefx import MAX_PAIRS, TrueFxParser, recognises

GOOD = "EUR/USD,20200101 22:00:00.123,1.1212,1.12172"


def test_a_line_becomes_a_tick() -> None:
    symbol, tick = TrueFxParser().parse(GOOD)
    assert symbol == "EURUSD"
    assert tick.time_msc == 1_577_916_000_123
    assert tick.time == 1_577_916_000
    assert (tick.bid, tick.ask, tick.last) == (1.1212, 1.12172, 0.0)
    assert (tick.volume, tick.flags, tick.volume_real) == (0, 6, 0.0)


def test_a_pair_without_a_slash_is_the_same_symbol() -> None:
    assert TrueFxParser().parse(GOOD.replace("/", ""))[0] == "EURUSD"


@pytest.mark.parametrize(
    "line, reason",
    [
        ("EUR/USD,20200101 22:00:00.123,1.1", "3 columns instead of 4"),
        ("EURUSDX,20200101 22:00:00.123,1,2", "the pair is not written like EUR/USD"),
        ("eur/usd,20200101 22:00:00.123,1,2", "the pair is not written like EUR/USD"),
        (",20200101 22:00:00.123,1,2", "the pair is not written like EUR/USD"),
        ("EUR/USD,20200101 22:00:00,1,2", "the time is not written YYYYMMDD HH:MM:SS.mmm"),
        ("EUR/USD,20200101 22-00-00.123,1,2", "the time is not written YYYYMMDD HH:MM:SS.mmm"),
        ("EUR/USD,20200100 22:00:00.123,1,2", "no such date"),
        ("EUR/USD,20200101 22:61:00.123,1,2", "no such time of day"),
        ("EUR/USD,20200101 22:00:60.123,1,2", "no such time of day"),
        ("EUR/USD,20200101 22:00:0x.123,1,2", "the time is not made of digits"),
        ("EUR/USD,20200101 22:00:00.123,x,2", "bid is not a number"),
        ("EUR/USD,20200101 22:00:00.123,1,nan", "ask is not a number"),
    ],
)
def test_a_fault_has_its_reason(line: str, reason: str) -> None:
    with pytest.raises(BadLine) as caught:
        TrueFxParser().parse(line)
    assert str(caught.value) == reason


def test_with_a_symbol_only_its_lines_are_good() -> None:
    parser = TrueFxParser("EURUSD")
    assert parser.parse(GOOD)[0] == "EURUSD"
    with pytest.raises(BadLine, match="the pair is not EURUSD"):
        parser.parse(GOOD.replace("EUR/USD", "GBP/USD"))


def test_the_number_of_pairs_is_bounded() -> None:
    parser = TrueFxParser()
    letters = "ABCDEFGHIJKLMNOPQ"
    pairs = [a + b + c + "USD" for a in letters for b in letters for c in letters][:MAX_PAIRS]
    for pair in pairs:
        parser.parse(f"{pair},20200101 22:00:00.123,1,2")
    with pytest.raises(BadLine, match="too many pairs"):
        parser.parse("ZZZUSD,20200101 22:00:00.123,1,2")


def test_its_own_lines_are_recognised() -> None:
    assert recognises(GOOD)
    assert not recognises("20200101 170000065,1.121200,1.121720,0")
    assert not recognises("EUR/USD")
