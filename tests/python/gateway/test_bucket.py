"""So much at once, and so much regained a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.bucket import Allowance, Bucket, Buckets


def test_the_burst_then_waiting() -> None:
    bucket = Bucket(Allowance(burst=3, per_s=10), now_s=100)
    for _ in range(3):
        assert bucket.wait_s(100) == 0
        bucket.take(100)
    assert bucket.wait_s(100) == pytest.approx(0.1)
    assert bucket.wait_s(100.05) == pytest.approx(0.05)
    assert bucket.wait_s(100.1) == pytest.approx(0)


def test_no_more_is_regained_than_the_burst() -> None:
    bucket = Bucket(Allowance(burst=2, per_s=10), now_s=0)
    for _ in range(2):
        bucket.take(1_000_000)
    assert bucket.wait_s(1_000_000) > 0


def test_taking_from_an_empty_one_makes_no_debt() -> None:
    bucket = Bucket(Allowance(burst=1, per_s=1), now_s=0)
    for _ in range(50):
        bucket.take(0)
    assert bucket.wait_s(0) == 1


@given(steps=st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_never_more_than_allowed(steps: list[float]) -> None:
    bucket, now_s, taken = Bucket(Allowance(burst=5, per_s=2), now_s=0), 0.0, 0
    for step in steps:
        now_s += step
        while bucket.wait_s(now_s) == 0:
            bucket.take(now_s)
            taken += 1
    assert taken <= 5 + 2 * now_s + 1e-6
    assert taken >= 5


def test_keys_are_apart_and_forgotten_not_collected() -> None:
    buckets: Buckets[int] = Buckets(Allowance(burst=1, per_s=1))
    for key in range(20_000):
        assert buckets.wait_s(key, 0) == 0
        buckets.take(key, 0)
    assert len(buckets) == 10_000
    assert buckets.wait_s(19_999, 0) == 1
    assert buckets.wait_s(19_999, 1) == 0
    assert buckets.wait_s(0, 0) == 0
