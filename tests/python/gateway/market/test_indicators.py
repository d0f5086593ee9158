"""Indicators against TA-Lib at every index, and against their formulas."""

import json
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tpb.gateway.market.indicators import Indicators, IndicatorValues
from tpb.wire.indicators.technical_analysis_pb2 import TechnicalIndicators

GOLDEN = Path(__file__).parents[3] / "golden/indicators.json"
# The first index with a value.
FIRST = IndicatorValues(19, 49, 11, 25, 33, 33, 14, 19, 19, 19)

Table = NDArray[np.float64]


def ours(series: Sequence[float]) -> Table:
    """A row a value, a column a field."""
    indicators, rows = Indicators(), []
    for value in series:
        indicators.add(value)
        rows.append(indicators.values)
    return np.array(rows)


def reference(series: Sequence[float]) -> Table:
    values = np.array(series, dtype=float)
    line, signal, _ = talib.MACD(values)
    upper, middle, lower = talib.BBANDS(values, timeperiod=20, nbdevup=2, nbdevdn=2)
    return np.stack(
        [
            talib.SMA(values, 20),
            talib.SMA(values, 50),
            talib.EMA(values, 12),
            talib.EMA(values, 26),
            line,
            signal,
            talib.RSI(values),
            upper,
            middle,
            lower,
        ],
        axis=1,
    )


def walk(seed: int, start: float, step: float, digits: int, length: int = 3000) -> list[float]:
    steps = np.random.default_rng(seed).normal(0, step, length)
    return [round(value, digits) for value in (start + np.cumsum(steps)).tolist()]


def with_stands(values: Sequence[float]) -> list[float]:
    """Each value stays for up to 80 ticks."""
    stays = np.random.default_rng(5).integers(1, 80, len(values))
    return np.repeat(values, stays).tolist()


SERIES = {
    "currency": walk(1, 1.1, 2e-5, 5),
    "gold": walk(2, 2000, 0.3, 2),
    "gold that often stands still": with_stands(walk(3, 2000, 0.3, 2, 120)),
    "from flat gold to flat silver": [2000.01] * 90 + walk(4, 2000, 0.3, 2, 60) + [23.5] * 200,
    "a millionth": walk(6, 1e-5, 1e-8, 10),
    "nothing moves": [1.1] * 120,
}


@pytest.mark.parametrize("name", SERIES)
def test_equal_to_ta_lib(name: str) -> None:
    np.testing.assert_allclose(ours(SERIES[name]), reference(SERIES[name]), rtol=0, atol=1e-9)


def test_equal_to_ta_lib_on_real_ticks(real_ticks: Path) -> None:
    lines = real_ticks.read_text(encoding="ascii").splitlines()
    bids = [float(line.split(",")[1]) for line in lines]
    assert len(bids) == 9500
    np.testing.assert_allclose(ours(bids), reference(bids), rtol=0, atol=1e-9)


def test_the_golden_series() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    series = golden["values"]
    stored = np.array([golden[name] for name in IndicatorValues._fields], dtype=float).T
    np.testing.assert_allclose(reference(series), stored, rtol=0, atol=1e-10)
    np.testing.assert_allclose(ours(series), stored, rtol=0, atol=1e-9)


def test_each_begins_where_ta_lib_has_it() -> None:
    for column, first in zip(ours(SERIES["currency"]).T, FIRST, strict=True):
        assert np.isnan(column[:first]).all()
        assert not np.isnan(column[first:]).any()


def test_nothing_moves() -> None:
    values = ours([1.1] * 60)[-1]
    assert values == pytest.approx([1.1, 1.1, 1.1, 1.1, 0, 0, 0, 1.1, 1.1, 1.1], abs=1e-12)
    assert values[IndicatorValues._fields.index("rsi")] == 0


def test_no_values_at_all() -> None:
    assert all(map(math.isnan, Indicators().values))


def test_all_ten_fields_are_written() -> None:
    indicators, message = Indicators(), TechnicalIndicators()
    for value in SERIES["currency"][:30]:
        indicators.add(value)
    indicators.fill(message)
    for name, value in indicators.values._asdict().items():
        assert getattr(message, name) == pytest.approx(value, nan_ok=True)
    # NaN travels: a field that is not there would read as 0.
    assert math.isnan(TechnicalIndicators.FromString(message.SerializeToString()).sma_50)
    assert len(message.ListFields()) == 10


# ---- Against the formulas ---------------------------------------------------------------------

prices = st.lists(
    st.one_of(
        st.floats(0.5, 2.0),
        st.floats(1900.0, 2100.0),
        st.sampled_from([1.1, 2000.0, 2000.01]),
    ),
    min_size=1,
    max_size=130,
)


def exact_ema(series: Sequence[float], period: int) -> float:
    if len(series) < period:
        return math.nan
    average = math.fsum(series[:period]) / period
    for value in series[period:]:
        average = average * (period - 1) / (period + 1) + value * 2 / (period + 1)
    return average


def exact_macd(series: Sequence[float]) -> tuple[float, float]:
    lines = [
        exact_ema(series[14:end], 12) - exact_ema(series[:end], 26)
        for end in range(26, len(series) + 1)
    ]
    return (lines[-1], exact_ema(lines, 9)) if len(lines) >= 9 else (math.nan, math.nan)


def exact_rsi(series: Sequence[float]) -> float:
    changes = [after - before for before, after in pairwise(series)]
    if len(changes) < 14:
        return math.nan

    def smoothed(part: Callable[[float], float]) -> float:
        average = math.fsum(map(part, changes[:14])) / 14
        for change in changes[14:]:
            average += (part(change) - average) / 14
        return average

    gain = smoothed(lambda change: max(change, 0.0))
    loss = smoothed(lambda change: max(-change, 0.0))
    return 100 * gain / (gain + loss) if gain + loss else 0.0


def exact(series: Sequence[float]) -> IndicatorValues:
    def mean(length: int) -> float:
        return math.fsum(series[-length:]) / length if len(series) >= length else math.nan

    middle = mean(20)
    variance = math.fsum((value - middle) ** 2 for value in series[-20:]) / 20
    return IndicatorValues(
        middle,
        mean(50),
        exact_ema(series, 12),
        exact_ema(series, 26),
        *exact_macd(series),
        exact_rsi(series),
        middle + 2 * math.sqrt(variance),
        middle,
        middle - 2 * math.sqrt(variance),
    )


@given(series=prices)
def test_equal_to_the_formulas(series: list[float]) -> None:
    assert ours(series)[-1] == pytest.approx(exact(series), rel=0, abs=1e-8, nan_ok=True)


@given(
    before=st.lists(st.floats(0.5, 1e6), max_size=300),
    window=st.lists(st.floats(1, 2), min_size=50, max_size=50),
)
def test_what_left_the_window_leaves_no_trace(before: list[float], window: list[float]) -> None:
    """The property that running sums do not have."""
    fields = [IndicatorValues._fields.index(name) for name in ("sma_20", "sma_50")]
    fields += range(7, 10)
    old, new = ours([*before, *window])[-1], ours(window)[-1]
    assert [old[field] for field in fields] == [new[field] for field in fields]


def test_when_it_is_asked_changes_nothing() -> None:
    quiet = Indicators()
    for value in SERIES["gold"]:
        quiet.add(value)
    assert quiet.values == tuple(ours(SERIES["gold"])[-1])
    assert quiet.values is quiet.values
