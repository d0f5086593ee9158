"""The made-up market."""

import numpy as np
from numpy.typing import NDArray

from tpb.feed.simulator import INSTRUMENTS, Simulator

START = 1_700_000_000_000


def market(seed: int = 1, ticks: int = 5000) -> Simulator:
    return Simulator(ticks=ticks, start_msc=START, ticks_per_s=200, seed=seed)


def all_ticks(source: Simulator) -> NDArray[np.void]:
    return np.concatenate([chunk.ticks for chunk in source.chunks()])


def test_it_gives_the_ticks_it_was_asked_for_in_time_order() -> None:
    ticks = all_ticks(market())
    assert len(ticks) == 5000
    assert (np.diff(ticks["time_msc"]) >= 0).all()
    assert ticks["time_msc"][0] >= START
    assert (ticks["time"] == ticks["time_msc"] // 1000).all()
    seconds = (ticks["time_msc"][-1] - START) / 1000
    assert 20 < seconds < 30  # 5,000 ticks at 200 a second


def test_every_symbol_is_quoted_and_some_ticks_share_a_millisecond() -> None:
    chunks = list(market().chunks())
    assert {chunk.symbol for chunk in chunks} == {each.symbol for each in INSTRUMENTS}
    assert (np.diff(all_ticks(market())["time_msc"]) == 0).any()


def test_quotes_are_such_as_a_market_has() -> None:
    ticks = all_ticks(market())
    assert (ticks["ask"] > ticks["bid"]).all()
    assert (ticks["bid"] > 0).all()
    assert set(ticks["flags"].tolist()) <= {2, 4, 6}


def test_the_same_seed_gives_the_same_ticks_and_another_does_not() -> None:
    source = market()
    once = all_ticks(source)
    assert (once == all_ticks(source)).all()
    assert (once == all_ticks(market())).all()
    assert (once != all_ticks(market(seed=2))).any()


def test_it_never_runs_dry_of_price() -> None:
    ticks = all_ticks(market(ticks=50_000))
    for instrument in INSTRUMENTS:
        near = np.isclose(ticks["bid"], instrument.price, rtol=0.2)
        assert near.any()
