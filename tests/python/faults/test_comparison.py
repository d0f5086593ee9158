"""What is planted in a store is found in it."""

from collections.abc import Iterator

import numpy as np
import pytest

from tpb.faults.comparison import Comparison, Findings, Place
from tpb.faults.market import Market, made_up
from tpb.gateway.reading import StoredTicks, concatenate

_BATCH_TICKS = 5


@pytest.fixture(scope="module")
def market() -> Market:
    return made_up("1 1", 600, 3)


@pytest.fixture
def stored(market: Market) -> StoredTicks:
    """The market as one session stored it, five ticks a batch."""
    return concatenate(list(_stored(market)))


def _stored(market: Market) -> Iterator[StoredTicks]:
    first = 0
    for call in market.calls:
        ticks = market.ticks[call.symbol][call.begin : call.end].copy()
        count = len(ticks)
        yield StoredTicks(
            tenant="t",
            session="s",
            batch_sequence=(first + np.arange(count)) // _BATCH_TICKS + 1,
            symbol=np.full(count, call.symbol, dtype=np.object_),
            sequence_number=np.arange(call.begin + 1, call.end + 1),
            spread=ticks["ask"] - ticks["bid"],
            ticks=ticks,
        )
        first += count


def found(market: Market, *chunks: StoredTicks) -> Findings:
    comparison = Comparison()
    comparison.take(chunks)
    return comparison.findings(market)


def without(stored: StoredTicks, *rows: int) -> StoredTicks:
    gone = np.zeros(len(stored), bool)
    gone[list(rows)] = True
    return stored.without(gone)


def rows_of(stored: StoredTicks, symbol: str) -> list[int]:
    rows: list[int] = np.flatnonzero(stored.symbol == symbol).tolist()
    return rows


def test_what_is_as_it_was_is_clean(market: Market, stored: StoredTicks) -> None:
    findings = found(market, stored)
    assert findings.clean
    assert findings.faults == []


def test_a_lost_tick_is_found(market: Market, stored: StoredTicks) -> None:
    findings = found(market, without(stored, 17))
    assert findings.lost == {Place(stored.symbol[17], int(stored.sequence_number[17]))}
    assert (findings.duplicated, findings.reordered, findings.altered) == (0, 0, 0)


def test_the_lost_tail_is_found(market: Market, stored: StoredTicks) -> None:
    assert len(found(market, without(stored, *range(400, 600))).lost) == 200


def test_a_tick_that_comes_twice_is_found(market: Market, stored: StoredTicks) -> None:
    findings = found(market, stored, without(stored, *range(10), *range(12, 600)))
    assert findings.duplicated == 2
    assert not findings.lost
    assert findings.altered == 0


def test_a_tick_that_was_accepted_twice_is_found(market: Market, stored: StoredTicks) -> None:
    """The source sent it again and the library gave it another number."""
    again = without(stored, *range(599))
    again.sequence_number[0] = len(market.ticks[again.symbol[0]]) + 1
    findings = found(market, stored, again)
    assert findings.duplicated == 1
    assert not findings.lost


@pytest.mark.parametrize("field", ["bid", "ask", "last", "time_msc", "volume_real", "flags"])
def test_an_altered_tick_is_found(market: Market, stored: StoredTicks, field: str) -> None:
    stored.ticks[33][field] += 1
    findings = found(market, stored)
    assert findings.altered >= 1
    assert not findings.lost
    assert findings.faults


def test_an_altered_spread_is_found(market: Market, stored: StoredTicks) -> None:
    stored.spread[33] += 1
    assert found(market, stored).altered == 1


def test_ticks_that_changed_places_are_found(market: Market, stored: StoredTicks) -> None:
    rows = rows_of(stored, "EURUSD")
    one, other = rows[20], rows[40]
    stored.ticks[[one, other]] = stored.ticks[[other, one]]
    stored.spread[[one, other]] = stored.spread[[other, one]]
    findings = found(market, stored)
    assert findings.reordered == 2
    assert not findings.lost
    assert findings.altered == 0


def test_ticks_stored_behind_later_ones_are_found(market: Market, stored: StoredTicks) -> None:
    rows = rows_of(stored, "EURUSD")
    one, other = rows[20], rows[40]
    order = np.arange(len(stored))
    order[[one, other]] = order[[other, one]]
    moved = StoredTicks(
        "t",
        "s",
        stored.batch_sequence,
        stored.symbol[order],
        stored.sequence_number[order],
        stored.spread[order],
        stored.ticks[order],
    )
    findings = found(market, moved)
    assert findings.reordered >= 1
    assert not findings.lost


def test_where_a_missing_tick_was_is_told_by_its_neighbours(
    market: Market, stored: StoredTicks
) -> None:
    rows = rows_of(stored, "XAUUSD")
    comparison = Comparison()
    comparison.take([without(stored, *rows[30:34])])
    below, above = (int(stored.batch_sequence[rows[row]]) for row in (29, 34))
    for number in range(31, 35):
        assert comparison.neighbours(Place("XAUUSD", number)) == (below, above)
