"""Nothing is lost, doubled, reordered or altered, whatever happens to senders and gateways."""

import os
from pathlib import Path

import pytest

from tpb.faults.campaign import Order, Summary, played
from tpb.faults.schedule import Kind

_RUNS = 30

# The limit is for a machine that does something else as well.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def summary_of(order: Order, dll_build: Path | None = None) -> Summary:
    summary = Summary(order)
    for result in played(order, dll_build):
        summary.add(result)
    return summary


def assert_clean(summary: Summary) -> None:
    told = [
        f"{summary.order.replay(result.schedule.run)}\n{result.diagnosis}"
        for result in summary.failed
    ]
    assert not told, "\n\n".join(told)
    assert (summary.lost, summary.duplicated, summary.reordered, summary.altered) == (0, 0, 0, 0)


def test_thirty_runs_of_faults() -> None:
    summary = summary_of(
        Order(seed=1, runs=tuple(range(_RUNS)), jobs=os.cpu_count() or 1, dll_share=0.0)
    )
    assert_clean(summary)
    assert summary.runs == _RUNS
    assert summary.ticks > _RUNS * 1000
    assert set(summary.faults) == set(Kind)
    assert summary.lives > _RUNS  # senders were killed, and came back
    assert summary.failover_ms
    assert summary.dropped_reported


@pytest.mark.windows
def test_faults_through_the_dll(windows_build: Path) -> None:
    """Few: a start under Wine takes its time."""
    summary = summary_of(Order(seed=2, runs=(0, 1, 4, 9, 11), jobs=1, dll_share=1.0), windows_build)
    assert_clean(summary)
    assert summary.through_dll == 5
    forgetting = {Kind.JOURNAL_CUT, Kind.JOURNAL_RESTORED, Kind.OUTBOX_OVERFLOWS}
    assert {Kind.SENDER_KILLED, Kind.GATEWAY_KILLED, *forgetting} <= set(summary.faults)
