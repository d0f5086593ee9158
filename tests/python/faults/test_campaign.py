"""The figures over many runs."""

import json
from collections import Counter

import pytest

from tpb.faults.campaign import Order, Summary, percentile
from tpb.faults.run import Result
from tpb.faults.sanitizer import Sanitizer
from tpb.faults.schedule import draw


@pytest.mark.parametrize(
    "values,percent,expected",
    [
        ([], 99, None),
        ([7], 50, 7),
        ([3, 1, 2], 50, 2),
        (list(range(1, 101)), 99, 99),
        ([1, 2], 99, 2),
    ],
)
def test_percentiles(values: list[int], percent: int, expected: int | None) -> None:
    assert percentile(values, percent) == expected


def test_results_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    order = Order(5, (0, 1))
    summary = Summary(order)
    passed = Result(draw(5, 0, 0.0), ticks=100, faults=Counter(reset=2), failover_ms=[10, 30])
    failed = Result(draw(5, 1, 0.0), ticks=50, lost=3, faults=Counter(reset=1, stall=1))
    failed.dropped_reported = 7
    failed.diagnosis = "lost 3"
    summary.add(passed)
    assert summary.failed == []
    summary.add(failed)
    assert summary.failed == [failed]
    document = json.loads(json.dumps(summary.document()))
    assert (document["runs"], document["ticks"], document["lost"]) == (2, 150, 3)
    assert (document["destroyed_reported"], document["dropped_reported"]) == (0, 7)
    assert document["faults"] == {"reset": 3, "stall": 1}
    assert document["failover_ms"]["p99"] == 30
    (told,) = document["failed"]
    assert (told["seed"], told["run"], told["diagnosis"]) == (5, 1, "lost 3")
    assert told["schedule"]["faults"]


def test_the_command_of_a_replay_draws_the_same_run() -> None:
    assert Order(5, (3,)).replay(3) == "./dev faults --seed 5 --run 3"
    assert (
        Order(5, (3,), dll_share=0.5).replay(3) == "./dev faults --seed 5 --run 3 --dll-share 0.5"
    )
    watched = Order(5, (3,), dll_share=0.0, sanitizer=Sanitizer.ASAN)
    assert watched.replay(3) == "./dev faults --seed 5 --run 3 --sanitize asan"
