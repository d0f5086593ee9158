"""Correlation of returns: planted series, other clocks, a stale symbol; and its hysteresis."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tpb.account.correlation import (
    CARRY,
    LEAST_RETURNS,
    WINDOW,
    Closes,
    Measured,
    Relations,
    correlate,
    settle,
)

MONDAY = 28_340_640  # 2023-11-20 00:00, minutes
Column = NDArray[np.float64]


def closes(minutes: Iterable[int], prices: Iterable[float]) -> Closes:
    made = Closes()
    for minute, price in zip(minutes, prices, strict=True):
        made.add(minute, price)
    return made


def planted(rho: float, length: int, seed: int = 1) -> tuple[Column, Column]:
    """Two walks whose returns correlate: one of a currency, one of gold."""
    random = np.random.default_rng(seed)
    one = random.normal(0, 1e-4, length)
    other = rho * one + math.sqrt(1 - rho**2) * random.normal(0, 1e-4, length)
    return 1.1 * np.exp(np.cumsum(one)), 2000 * np.exp(np.cumsum(3 * other))


def expected(one: Column, other: Column) -> float:
    return float(np.corrcoef(np.diff(np.log(one)), np.diff(np.log(other)))[0, 1])


@pytest.mark.parametrize("rho", [-0.95, -0.3, 0.0, 0.5, 0.9, 1.0])
def test_planted(rho: float) -> None:
    one, other = planted(rho, 400)
    minutes = range(MONDAY, MONDAY + 400)
    found = correlate(closes(minutes, one), closes(minutes, other))
    assert found is not None
    assert found.r == pytest.approx(expected(one, other), abs=1e-9)
    assert found.r == pytest.approx(rho, abs=0.1)
    assert found.returns == 399


def test_only_the_window_counts() -> None:
    one, other = planted(0.9, 3000)
    other[:2000] = other[:2000][::-1]
    minutes = range(MONDAY, MONDAY + 3000)
    found = correlate(closes(minutes, one), closes(minutes, other))
    assert found is not None
    assert found.returns == WINDOW
    last = slice(-WINDOW - 1, None)
    assert found.r == pytest.approx(expected(one[last], other[last]), abs=1e-9)


def test_too_few_returns() -> None:
    one, other = planted(0.9, 200)
    for length, is_enough in ((LEAST_RETURNS, False), (LEAST_RETURNS + 1, True)):
        minutes = range(MONDAY, MONDAY + length)
        pair = closes(minutes, one[:length]), closes(minutes, other[:length])
        assert (correlate(*pair) is not None) == is_enough
    assert correlate(Closes(), Closes()) is None


def test_a_clock_with_holes() -> None:
    """One of the two has no close in some minutes: the one before holds good for a while."""
    one, other = planted(0.9, 460)
    minutes = np.arange(MONDAY, MONDAY + 460)
    seen = np.random.default_rng(3).random(460) < 0.7
    seen[0] = True
    gaps = np.diff(np.flatnonzero(seen))
    assert gaps.max() > CARRY + 1  # otherwise it is no test of gaps

    found = correlate(closes(minutes, one), closes(minutes[seen], other[seen]))
    carried = np.full(460, math.nan)
    for at in range(460):
        before = np.flatnonzero(seen[: at + 1])[-1]
        if at - before <= CARRY:
            carried[at] = other[before]
    x, y = np.diff(np.log(one)), np.diff(np.log(carried))
    common = np.isfinite(y)
    assert found is not None
    assert found.returns == common.sum() < 459
    assert found.r == pytest.approx(float(np.corrcoef(x[common], y[common])[0, 1]), abs=1e-9)


def test_clocks_without_a_common_minute() -> None:
    one, other = planted(0.95, 900)
    even, odd = np.arange(0, 900, 2), np.arange(1, 900, 2)
    found = correlate(closes(MONDAY + even, one[even]), closes(MONDAY + odd, other[odd]))
    assert found is not None
    assert found.returns == WINDOW
    # Each return is matched with one that is half another's: no more can be seen.
    assert -0.2 < found.r < 0.2


def test_a_stale_symbol_is_not_one_that_stands_still() -> None:
    one, other = planted(0.9, 1000)
    minutes = np.arange(MONDAY, MONDAY + 1000)
    lively = closes(minutes[:300], one[:300])
    stale = closes(minutes[:200], other[:200])
    found = correlate(lively, stale)
    assert found is not None
    # Its last close holds good for CARRY minutes more.
    assert found.returns == 199 + CARRY
    assert found.r == pytest.approx(expected(one[:200], other[:200]), abs=0.03)
    for minute, price in zip(minutes[300:], one[300:], strict=True):
        lively.add(minute, price)
    assert correlate(lively, stale) is None


def test_a_symbol_that_stands_still_has_no_correlation() -> None:
    one, _ = planted(0, 200)
    minutes = range(MONDAY, MONDAY + 200)
    lively = closes(minutes, one)
    for prices in ([1.1] * 200, [1.1 * 1.0001**minute for minute in range(200)]):
        still = closes(minutes, prices)
        assert correlate(lively, still) is None
        assert correlate(still, lively) is None


def test_a_weekend_is_no_return_and_no_part_of_the_window() -> None:
    one, other = planted(0.9, 200)
    # Both jump over the weekend, against each other: that is no minute's return.
    one[100:] *= 1.05
    other[100:] *= 0.95
    minutes = [*range(MONDAY, MONDAY + 100), *range(MONDAY + 2980, MONDAY + 3080)]
    found = correlate(closes(minutes, one), closes(minutes, other))
    assert found is not None
    assert found.returns == 198
    assert found.r > 0.8


def test_closes_come_in_order() -> None:
    one, other = planted(0.9, 200)
    minutes = range(MONDAY, MONDAY + 200)
    first, second = closes(minutes, one), closes(minutes, other)
    before = correlate(first, second)
    first.add(MONDAY + 50, 9.9)  # over
    first.add(MONDAY + 500, 0.0)  # no price
    first.add(MONDAY + 500, math.nan)
    first.add(MONDAY + 500, math.inf)
    assert correlate(first, second) == before
    first.add(MONDAY + 199, one[199] * 1.001)  # again
    assert correlate(first, second) != before


@given(rho=st.floats(-1, 1), seed=st.integers(0, 2**32 - 1), length=st.integers(70, 300))
def test_symmetric_and_bounded(rho: float, seed: int, length: int) -> None:
    one, other = planted(rho, length, seed)
    minutes = range(MONDAY, MONDAY + length)
    first, second = closes(minutes, one), closes(minutes, other)
    found, back = correlate(first, second), correlate(second, first)
    assert found is not None
    assert back is not None
    assert found.r == pytest.approx(back.r, abs=1e-12)
    assert -1 <= found.r <= 1


# ---- Hysteresis -------------------------------------------------------------------------------


def strong(relations: Relations, **measured: float) -> list[str]:
    found = relations.update("EURUSD", {name: Measured(r, 100) for name, r in measured.items()})
    assert {relation.symbol for relation in found} == set(measured)
    return [relation.symbol for relation in found if relation.correlates]


def test_a_pair_near_the_threshold_does_not_flap() -> None:
    relations = Relations(0.7)
    assert strong(relations, GBPUSD=0.69) == []
    assert strong(relations, GBPUSD=-0.70) == ["GBPUSD"]
    for r in (0.69, 0.71, 0.62, -0.61, 0.699):
        assert strong(relations, GBPUSD=r) == ["GBPUSD"]
    assert strong(relations, GBPUSD=0.59) == []
    assert strong(relations, GBPUSD=0.69) == []
    assert strong(relations, GBPUSD=0.70) == ["GBPUSD"]


def test_a_pair_that_is_not_measured_any_more_is_let_go() -> None:
    relations = Relations(0.7)
    assert strong(relations, GBPUSD=0.8) == ["GBPUSD"]
    assert strong(relations) == []
    assert strong(relations, GBPUSD=0.65) == []


def test_the_order_changes_only_where_one_is_clearly_stronger() -> None:
    relations = Relations(0.7)
    assert strong(relations, A=0.80, B=0.82, C=0.75) == ["B", "A", "C"]
    assert strong(relations, A=0.84, B=0.80, C=0.77) == ["B", "A", "C"]
    assert strong(relations, A=0.86, B=0.80, C=0.77) == ["A", "B", "C"]
    assert strong(relations, A=0.86, B=0.80, C=-0.95) == ["C", "A", "B"]


def test_primary_symbols_are_apart() -> None:
    relations = Relations(0.7)
    strong(relations, GBPUSD=0.8)
    (found,) = relations.update("USDJPY", {"GBPUSD": Measured(0.65, 100)})
    assert not found.correlates


@given(
    order=st.permutations("ABCDE"),
    scores=st.lists(st.floats(0, 1), min_size=5, max_size=5),
)
def test_settling_ends_and_stands(order: Sequence[str], scores: list[float]) -> None:
    def overtakes(later: float, earlier: float) -> bool:
        return later > earlier + 0.05

    of = dict(zip("ABCDE", scores, strict=True))
    settled = settle(order, of, overtakes)
    assert sorted(settled) == list("ABCDE")
    assert settle(settled, of, overtakes) == settled
    assert not any(overtakes(of[later], of[earlier]) for earlier, later in pairwise(settled))
