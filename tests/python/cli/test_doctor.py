"""`tpb doctor`: what it prints and how it ends."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tpb.cli.doctor import exit_code
from tpb.cli.main import app
from tpb.doctor.finding import Finding, State


def finding(state: State, *, required: bool = True) -> Finding:
    cure = "" if state is State.OK else "pip install it"
    return Finding("thing", state, "detail", "everything", cure, required)


@pytest.mark.parametrize(
    "findings, code",
    [
        ([], 0),
        ([finding(State.OK)], 0),
        ([finding(State.OK), finding(State.MISSING, required=False)], 0),
        ([finding(State.WRONG, required=False)], 0),
        ([finding(State.WRONG), finding(State.OK)], 1),
        ([finding(State.MISSING)], 4),
        ([finding(State.WRONG), finding(State.MISSING)], 4),
    ],
)
def test_the_exit_code(findings: list[Finding], code: int) -> None:
    assert exit_code(findings) == code


@pytest.mark.parametrize("state", [State.OK, State.MISSING])
def test_the_findings_for_people_and_for_programs(
    monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    monkeypatch.setattr("tpb.cli.doctor.examine", lambda: iter([finding(state)]))
    ended = CliRunner().invoke(app, ["doctor", "--json"])
    document = json.loads(ended.stdout)
    assert ended.exit_code == (0 if state is State.OK else 4)
    assert document["ok"] is (state is State.OK)
    assert document["checks"][0]["state"] == state.value
    assert ("pip install it" in ended.stderr) is (state is State.MISSING)


def test_experts_are_compiled_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path | None] = []

    def compile_experts(editor: Path | None) -> list[Finding]:
        asked.append(editor)
        return [finding(State.WRONG)]

    monkeypatch.setattr("tpb.cli.doctor.examine", lambda: iter([finding(State.OK)]))
    monkeypatch.setattr("tpb.cli.doctor.compile_experts", compile_experts)
    run = CliRunner().invoke
    assert run(app, ["doctor"]).exit_code == 0
    assert asked == []
    assert run(app, ["doctor", "--metaeditor"]).exit_code == 1
    assert run(app, ["doctor", "--metaeditor", "MetaEditor64.exe"]).exit_code == 1
    assert asked == [None, Path("MetaEditor64.exe")]
    assert run(app, ["doctor", "MetaEditor64.exe"]).exit_code == 2


def test_brackets_in_a_detail_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding("A.mq5", State.OK, "Experts/A.mq5:1:1: error 1: 'ticks[red]'", "everything")
    monkeypatch.setattr("tpb.cli.doctor.examine", lambda: iter([found]))
    assert "'ticks[red]'" in CliRunner().invoke(app, ["doctor"]).stderr.replace("\n", "")


def test_this_machine_is_examined_to_the_end() -> None:
    ended = CliRunner().invoke(app, ["doctor", "--json"])
    assert ended.exit_code in (0, 1, 4), ended.output
    checks = json.loads(ended.stdout)["checks"]
    names = [check["name"] for check in checks]
    for name in ("Python", "package numpy", "native module", "loopback port", "clock"):
        assert name in names
    for check in checks:
        assert bool(check["cure"]) == (check["state"] != "ok"), check
