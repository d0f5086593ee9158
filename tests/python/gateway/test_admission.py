"""How often an address may be refused."""

import pytest

from tpb.gateway.admission import Admission, Allowance


@pytest.fixture
def admission() -> Admission:
    return Admission(Allowance(burst=3, per_s=0.5))


def test_the_burst_then_waiting(admission: Admission) -> None:
    for _ in range(3):
        assert admission.wait_s("192.0.2.1", 100) == 0
        admission.refused("192.0.2.1", 100)
    assert admission.wait_s("192.0.2.1", 100) == 2
    assert admission.wait_s("192.0.2.1", 101) == 1
    assert admission.wait_s("192.0.2.1", 102) == 0


def test_addresses_are_apart_and_ipv6_by_network(admission: Admission) -> None:
    for last in range(3):
        admission.refused(f"2001:db8::{last}", 0)
    assert admission.wait_s("2001:db8::ffff", 0) > 0
    assert admission.wait_s("2001:db8:0:1::1", 0) == 0
    assert admission.wait_s("192.0.2.1", 0) == 0
    assert admission.wait_s(None, 0) == 0


def test_no_more_is_regained_than_the_burst(admission: Admission) -> None:
    admission.refused("192.0.2.1", 0)
    for _ in range(3):
        admission.refused("192.0.2.1", 1_000_000)
    assert admission.wait_s("192.0.2.1", 1_000_000) > 0


def test_addresses_are_forgotten_not_collected(admission: Admission) -> None:
    for number in range(20_000):
        admission.refused(f"10.0.{number // 256}.{number % 256}", 0)
    assert len(admission._buckets) == 10_000
