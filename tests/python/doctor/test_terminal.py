"""SelfTest's report and the compiled experts, as the doctor tells them."""

import json
import os
import sys
from pathlib import Path

import pytest

from tpb.doctor.finding import State
from tpb.doctor.terminal import LIBRARY, REPORT, experts, self_tests
from tpb.native import wine


def report(*passed: bool, **changes: object) -> dict[str, object]:
    checks = [
        {"name": f"check {number}", "passed": each, "detail": ""}
        for number, each in enumerate(passed)
    ]
    return {
        "report": "tpb-selftest",
        "passed": all(passed),
        "written_unix_s": 1_800_000_000,
        "terminal_build": 5200,
        "terminal": "MetaTrader 5",
        "checks": checks,
    } | changes


@pytest.fixture
def mql5(tmp_path: Path) -> Path:
    for folder in ("Files", "Libraries"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "document,state,told",
    [
        (report(True, True), State.OK, "MetaTrader 5 build 5200: 2 checks passed"),
        (report(True, False), State.WRONG, "failed: check 1"),
        (report(True, passed=False), State.WRONG, "failed"),
        (report(), State.WRONG, "no checks"),
        ({"passed": True}, State.WRONG, "cannot be read"),
        ([], State.WRONG, "cannot be read"),
    ],
)
def test_a_report(mql5: Path, document: object, state: State, told: str) -> None:
    (mql5 / REPORT).write_text(json.dumps(document), encoding="utf-8")
    (found,) = self_tests([mql5])
    assert found.state is state
    assert told in found.detail
    assert bool(found.cure) is (state is not State.OK)


def test_a_torn_report_is_wrong(mql5: Path) -> None:
    (mql5 / REPORT).write_text('{"passed": tr', encoding="utf-8")
    (found,) = self_tests([mql5])
    assert found.state is State.WRONG


def test_a_report_about_an_older_library_is_wrong(mql5: Path) -> None:
    (mql5 / REPORT).write_text(json.dumps(report(True)), encoding="utf-8")
    (mql5 / LIBRARY).touch()
    os.utime(mql5 / REPORT, (1e9, 1e9))
    (found,) = self_tests([mql5])
    assert found.state is State.WRONG
    assert "older" in found.detail


def test_a_library_that_was_never_tested(mql5: Path) -> None:
    assert list(self_tests([mql5])) == []
    (mql5 / LIBRARY).touch()
    (found,) = self_tests([mql5])
    assert found.state is State.MISSING
    assert not found.required


def test_the_editor_must_be_there(tmp_path: Path) -> None:
    (found,) = experts(tmp_path / "MetaEditor64.exe", tmp_path)
    assert found.state is State.MISSING
    assert found.required, "asked for, so its absence is a failure"


def test_the_sources_must_be_there(tmp_path: Path) -> None:
    (found,) = experts(None, None)
    assert found.state is State.MISSING


@pytest.mark.skipif(sys.platform == "win32", reason="a Wine prefix stands in for Windows")
def test_this_repositorys_experts_go_through_the_editor(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "drive_c/Program Files/MetaTrader 5/MetaEditor64.exe"
    editor.parent.mkdir(parents=True)
    double = repository / "tests/python/terminal/metaeditor_double.py"
    editor.write_bytes(double.read_bytes())
    monkeypatch.setattr(wine, "find", lambda: Path(sys.executable))
    found = {each.name: each for each in experts(editor, repository / "mql5")}
    names = {path.name for path in (repository / "mql5/Experts").glob("*.mq5")}
    assert found.keys() == {"MetaEditor"} | names
    assert {"TickStreamer.mq5", "MarketDataSubscriber.mq5", "SelfTest.mq5"} <= names
    assert [each.detail for each in found.values() if not each.ok] == [], "all includes are found"
