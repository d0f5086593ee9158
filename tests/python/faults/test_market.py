"""The made-up market and its cursors."""

import numpy as np
import pytest

from tpb.faults.market import made_up


def test_a_market_is_made_again_the_same() -> None:
    first, again, other = (made_up(seed, 2000, 4) for seed in ("1 2", "1 2", "1 3"))
    assert first.calls == again.calls
    assert all(np.array_equal(first.ticks[symbol], again.ticks[symbol]) for symbol in first.symbols)
    assert first.calls != other.calls


def test_calls_cover_every_tick_once_and_in_order() -> None:
    market = made_up("1 1", 1500, 5)
    reached = dict.fromkeys(market.symbols, 0)
    for call in market.calls:
        assert call.begin == reached[call.symbol] < call.end
        reached[call.symbol] = call.end
    assert reached == {symbol: len(ticks) for symbol, ticks in market.ticks.items()}
    assert market.size == 1500


def test_ticks_are_as_awkward_as_real_ones() -> None:
    market = made_up("1 1", 3000, 2)
    ticks = market.ticks["EURUSD"]
    times = ticks["time_msc"]
    assert (np.diff(times) >= 0).all()
    assert (np.diff(times) == 0).sum() > 100
    assert (ticks[1:] == ticks[:-1]).sum() > 10  # equal in every field, and still two ticks


def test_every_cursor_leads_to_the_tick_behind_it() -> None:
    market = made_up("1 1", 800, 2)
    for symbol, ticks in market.ticks.items():
        for position in range(1, len(ticks) + 1):
            time_msc = ticks["time_msc"][position - 1]
            count = int((ticks["time_msc"][:position] == time_msc).sum())
            assert market.position(symbol, int(time_msc), count) == position


@pytest.mark.parametrize("late_ms,count", [(0, 10_000), (-1, 1), (0, 0)])
def test_a_cursor_of_no_tick_is_found_out(late_ms: int, count: int) -> None:
    market = made_up("1 1", 800, 2)
    time_msc = int(market.ticks["EURUSD"]["time_msc"][0]) + late_ms
    with pytest.raises(ValueError, match="cursor of EURUSD"):
        market.position("EURUSD", time_msc, count)
