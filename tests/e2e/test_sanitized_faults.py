"""Fault runs whose senders run with a library that a sanitizer watches."""

import os
from pathlib import Path

import pytest

from tpb.faults.campaign import Order, Summary, played
from tpb.faults.sanitizer import Sanitizer
from tpb.faults.zygote import SENDER
from tpb.native import build

PLANTED = Path(__file__).parent / "planted"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(params=list(Sanitizer))
def sanitizer(request: pytest.FixtureRequest, repository: Path) -> Sanitizer:
    asked = Sanitizer(request.param)
    if not build.module(repository / "build" / asked.target).is_file():
        reason = f"needs `tpb build --target {asked.target}`"
        if os.environ.get("TPB_TEST_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    return asked


def summary_of(sanitizer: Sanitizer, runs: tuple[int, ...], sender_role: str = SENDER) -> Summary:
    order = Order(seed=1, runs=runs, jobs=os.cpu_count() or 1, dll_share=0.0, sanitizer=sanitizer)
    summary = Summary(order)
    for result in played(order, sender_role=sender_role):
        summary.add(result)
    return summary


def test_runs_of_faults_are_clean(sanitizer: Sanitizer) -> None:
    summary = summary_of(sanitizer, tuple(range(8)))
    assert [result.diagnosis for result in summary.failed] == []
    assert (summary.runs, summary.lost, summary.duplicated) == (8, 0, 0)


@pytest.mark.parametrize(
    "sanitizer,planted,named",
    [
        (Sanitizer.ASAN, "overrun", "AddressSanitizer: heap-buffer-overflow"),
        (Sanitizer.TSAN, "race", "ThreadSanitizer: data race"),
    ],
    indirect=["sanitizer"],
)
def test_an_error_in_a_sender_is_found(
    sanitizer: Sanitizer,
    planted: str,
    named: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(PLANTED))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # a failed run leaves its folder behind
    (failed,) = summary_of(sanitizer, (0,), sender_role=planted).failed
    assert named in failed.diagnosis
    assert "tpb::Session::SendTicks" in failed.diagnosis  # it is our library that is watched
