"""Indicators that are begun late, and long bars made of minutes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.market.bars import BarBuilder
from tpb.gateway.market.indicators import Indicators
from tpb.gateway.market.series import KEPT_VALUES, LONGER, BarMerger, Series

MONDAY_MSC = 1_700_438_400_000
DAY_MSC = 86_400_000


def walk(values: int) -> list[float]:
    steps = np.random.default_rng(7).integers(-3, 4, values)
    return [round(1.1 + float(step) * 1e-5, 5) for step in np.cumsum(steps)]


def test_indicators_begun_late_are_those_of_all_values() -> None:
    series, all_along = Series(), Indicators()
    for count, value in enumerate(walk(5 * KEPT_VALUES), 1):
        series.add(value)
        all_along.add(value)
        if count in (10, 40, KEPT_VALUES, 2 * KEPT_VALUES - 1, 2 * KEPT_VALUES, 5 * KEPT_VALUES):
            series.rest()
            np.testing.assert_allclose(
                series.indicators.values, all_along.values, rtol=1e-12, atol=1e-12
            )


def test_indicators_go_on_while_they_are_wanted() -> None:
    series, all_along = Series(), Indicators()
    for value in walk(100):
        wanted = series.indicators
        series.add(value)
        all_along.add(value)
        assert series.indicators is wanted
    assert series.indicators.values == all_along.values


def test_a_cleared_series_begins_anew() -> None:
    series, anew = Series(), Indicators()
    for value in walk(100):
        series.add(value)
    series.clear()
    for value in walk(30):
        series.add(value)
        anew.add(value)
    assert series.indicators.values[0] == anew.values[0]


@given(
    st.lists(
        st.tuples(
            # Onto the borders as well.
            st.one_of(st.integers(0, 40 * 60_000), st.sampled_from([0, 60_000, 300_000, DAY_MSC])),
            st.integers(110_000, 110_100),
            st.integers(0, 5),
        ),
        max_size=300,
    ),
    st.sampled_from(LONGER),
)
def test_long_bars_are_those_of_the_ticks(
    steps: list[tuple[int, int, int]], timeframe: str
) -> None:
    minutes = BarBuilder("EURUSD", "1m")
    merger = BarMerger(timeframe)
    direct = BarBuilder("EURUSD", timeframe)
    time_msc = MONDAY_MSC
    for step_msc, points, volume in [(0, 110_001, 0), *steps]:
        time_msc += step_msc
        tick = time_msc, points / 1e5, (points + 2) / 1e5, volume
        minute = minutes.add(*tick)
        merged = None if minute is None else merger.add(minute, time_msc)
        assert merged == direct.add(*tick)
