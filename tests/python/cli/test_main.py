"""The command as a whole: quick, taught by its help, errors in three parts with exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tpb.cli import console, errors
from tpb.cli.main import VERBS, app
from tpb.problem import Problem

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl"


def tpb(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tpb", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        env=dict(os.environ) | env,
        check=False,
    )


def run_failing(
    monkeypatch: pytest.MonkeyPatch, problem: BaseException, *before: str
) -> tuple[int, str, str]:
    def doctor() -> None:
        raise problem

    def load(name: str) -> object:
        one = typer.Typer(add_completion=False)
        one.command(name)(doctor)
        return typer.main.get_command(one)

    monkeypatch.setattr("tpb.cli.main.load_verb", load)
    ended = CliRunner().invoke(app, [*before, "doctor"])
    return ended.exit_code, ended.stdout, ended.stderr


def test_the_help_lists_every_verb_and_how_to_begin() -> None:
    shown = tpb("--help")
    assert shown.returncode == 0
    assert shown.stderr == ""
    assert "tpb demo" in shown.stdout
    for name in VERBS:
        assert re.search(rf"^  {name} ", shown.stdout, re.MULTILINE), name


def test_the_help_loads_no_verb() -> None:
    """So that it is quick, and a missing package breaks only its own verb."""
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from tpb.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'numpy', 'rich', 'aiohttp', 'google', 'cryptography', 'tpb._core'}\n"
        "loaded = heavy & set(sys.modules) | {m for m in sys.modules if m.startswith('tpb.feed')}\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_teaches_itself_by_an_example(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"tpb {name}" in shown.stdout.replace(f"Usage: root {name}", "")
    assert len(shown.stdout.splitlines()) > 8


def test_the_version() -> None:
    shown = tpb("--version")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert re.fullmatch(r"tpb \d+\.\d+\.\d+\S*\n", shown.stdout)


def test_an_unknown_verb_is_usage_and_names_the_nearest() -> None:
    shown = tpb("replya")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "replay" in shown.stderr


def test_an_unknown_option_is_usage() -> None:
    shown = tpb("replay", "x.csv", "--sped", "3")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "--speed" in shown.stderr


def test_an_error_has_three_parts_and_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = errors.UserError("It broke.", "Because.", "Mend it.", errors.BUSY)
    code, stdout, stderr = run_failing(monkeypatch, problem)
    assert (code, stdout) == (5, "")
    assert stderr == "Error: It broke.\n  why:  Because.\n  next: Mend it.\n"


def test_a_rooms_problem_is_told_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, stderr = run_failing(monkeypatch, Problem("It broke.", "Because.", "Mend it."))
    assert code == 1
    assert stderr == "Error: It broke.\n  why:  Because.\n  next: Mend it.\n"


@pytest.mark.parametrize(
    "missing, told",
    [
        ("pyarrow.parquet", "pip install pyarrow"),
        ("jwt", "pip install PyJWT"),
        ("tpb._core", "tpb build --target native"),
        ("tpb.wire.trading", "tpb generate"),
    ],
)
def test_a_missing_package_names_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, missing: str, told: str
) -> None:
    problem = ModuleNotFoundError(f"No module named {missing!r}", name=missing)
    code, _, stderr = run_failing(monkeypatch, problem)
    assert code == 4
    assert told in stderr


def test_an_unexpected_error_shows_no_traceback_unless_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, _, stderr = run_failing(monkeypatch, ValueError("odd"))
    assert code == 1
    assert "Traceback" not in stderr
    assert "ValueError: odd" in stderr
    assert "--verbose" in stderr
    code, _, stderr = run_failing(monkeypatch, ValueError("odd"), "--verbose")
    assert code == 1
    assert "Traceback" in stderr


def test_an_interrupt_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, stderr = run_failing(monkeypatch, KeyboardInterrupt())
    assert (code, stderr) == (130, "Stopped.\n")


def test_a_token_in_a_message_is_blotted_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in ([], ["--verbose"]):
        code, _, stderr = run_failing(monkeypatch, ValueError(f"Bearer {TOKEN}"), *before)
        assert code == 1
        assert TOKEN not in stderr
        assert "[token]" in stderr


def test_data_goes_to_stdout_and_messages_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    console.data("data")
    console.note("message")
    console.done("step", 1.23)
    console.json_document({"a": 1})
    captured = capsys.readouterr()
    assert captured.out == 'data\n{\n  "a": 1\n}\n'
    assert captured.err == "message\n✓ step 1.2 s\n"


def test_json_is_written_to_a_file_or_refused(tmp_path: Path) -> None:
    console.json_document({"a": "é"}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == '{\n  "a": "é"\n}\n'
    with pytest.raises(errors.UserError) as caught:
        console.json_document({}, tmp_path / "missing" / "x.json")
    assert caught.value.exit_code == 2


def test_a_step_that_fails_is_not_told_as_done(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        with console.step("Work"):
            raise RuntimeError("odd")

    with pytest.raises(RuntimeError, match="odd"):
        fail()
    assert "✓" not in capsys.readouterr().err


def test_an_encoding_without_a_check_mark_is_no_obstacle() -> None:
    shown = tpb("doctor", PYTHONIOENCODING="ascii")
    assert "UnicodeEncodeError" not in shown.stderr
    assert "✓" in shown.stderr
