"""`tpb replay` and `tpb demo` as a user meets them; tests/e2e replays through every path."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tpb.cli.main import app
from tpb.testing.gateway import GatewayFixture

pytestmark = pytest.mark.timeout(90)

LINE = "20200101 170000065,1.121200,1.121720,0"
Write = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Write:
    def write(*lines: str, name: str = "eurusd.csv") -> Path:
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return write


def run(*arguments: object) -> tuple[int, str, str]:
    ended = CliRunner().invoke(app, [str(each) for each in arguments])
    return ended.exit_code, ended.stdout, ended.stderr


def three_parts(stderr: str) -> bool:
    return bool(re.search(r"^Error: .+\n  why:  .+\n  next: .+\n$", stderr, re.MULTILINE))


def test_the_summary_goes_to_stderr_and_json_to_stdout(file: Write) -> None:
    code, stdout, stderr = run("replay", file(*[LINE] * 20), "--json", "-")
    assert code == 0, stderr
    assert json.loads(stdout)["ticks_stored"] == 20
    assert "all stored" in stderr


def test_without_json_stdout_is_empty(file: Write) -> None:
    code, stdout, stderr = run("replay", file(LINE), "--path", "native")
    assert (code, stdout) == (0, ""), stderr


def test_no_token_is_in_any_output(file: Write) -> None:
    _, stdout, stderr = run("--verbose", "replay", file(LINE), "--json", "-")
    assert "eyJ" not in stdout + stderr


def test_a_malformed_line_is_an_error_with_its_place(file: Write) -> None:
    path = file(LINE, "rubbish")
    code, stdout, stderr = run("replay", path)
    assert (code, stdout) == (1, "")
    assert three_parts(stderr)
    assert f"{path}, line 2: 1 columns instead of 4" in stderr
    code, _, stderr = run("replay", path, "--skip-bad")
    assert code == 0
    assert "1 lines left out" in stderr


@pytest.mark.parametrize(
    "options, code, told",
    [
        (["--format", "cvs"], 2, "histdata"),
        (["--ca-file", "x"], 2, "--endpoint"),
        (["--endpoint", "wss://x", "--tls"], 2, "own gateway"),
        (["--endpoint", "wss://x", "--cut", "2"], 2, "own gateway"),
        (["--endpoint", "wss://x"], 2, "--token-file"),
        (["--endpoint", "wss://x", "--token-file", "missing"], 2, "missing"),
    ],
)
def test_options_that_do_not_fit_are_usage(
    file: Write, options: list[str], code: int, told: str
) -> None:
    ended, stdout, stderr = run("replay", file(LINE), *options)
    assert (ended, stdout) == (code, "")
    assert three_parts(stderr)
    assert told in stderr


def test_files_that_cannot_be_used(file: Write, tmp_path: Path) -> None:
    for name, code in (("missing.csv", 2), (file("what?"), 2), (file(name="eurjpy.csv"), 3)):
        ended, _, stderr = run("replay", tmp_path / name)
        assert ended == code, stderr
        assert three_parts(stderr)
    ended, _, stderr = run("replay", file(LINE, name="ticks.csv"))
    assert ended == 2
    assert "--symbol" in stderr


def test_a_dll_that_is_not_built_is_a_missing_tool(
    file: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TPB_WINDOWS_BUILD", str(tmp_path))
    monkeypatch.setattr("tpb.native.wine.is_ready", lambda: True)
    code, _, stderr = run("replay", file(LINE), "--path", "dll")
    assert code == 4
    assert "tpb build --target windows-x64" in stderr


def test_into_another_gateway(file: Write, tmp_path: Path, gateway_tls: GatewayFixture) -> None:
    token = tmp_path / "token"
    token.write_text(gateway_tls.token(), encoding="ascii")
    code, stdout, stderr = run(
        *("replay", file(*[LINE] * 7), "--json", "-", "--endpoint", gateway_tls.endpoint),
        *("--token-file", token, "--ca-file", gateway_tls.ca_file),
    )
    assert code == 0, stderr
    document = json.loads(stdout)
    assert document["ticks_acknowledged"] == 7
    assert document["ticks_stored"] is None
    assert "not ours" in stderr
    assert len(gateway_tls.ticks()) == 7


def test_a_gateway_that_refuses_the_token(
    file: Write, tmp_path: Path, gateway: GatewayFixture
) -> None:
    token = tmp_path / "token"
    head, _, _ = gateway.token().rpartition(".")
    token.write_text(f"{head}.forged", encoding="ascii")
    code, stdout, stderr = run(
        "replay", file(LINE), "--endpoint", gateway.endpoint, "--token-file", token
    )
    assert (code, stdout) == (1, "")
    assert three_parts(stderr)
    assert "401" in stderr
    assert head not in stderr


def test_the_demo_ends_verified_and_says_what_next(file: Write) -> None:
    code, stdout, stderr = run("demo", "--seconds", 1, "--ticks", 100, "--json", "-")
    assert code == 0, stderr
    document = json.loads(stdout)
    assert document["ticks_in"] == document["ticks_stored"] == 100
    assert document["endpoint"].startswith("wss://")
    assert "tpb replay" in stderr


def test_the_demo_with_a_file_takes_its_seconds(file: Write) -> None:
    lines = [LINE.replace("170000065", f"17{minute:02}00000") for minute in range(40)]
    code, stdout, _ = run("demo", "--file", file(*lines), "--seconds", 1, "--json", "-")
    document = json.loads(stdout)
    assert (code, document["ticks_stored"]) == (0, 40)
    assert document["elapsed_s"] > 0.9  # 39 minutes in one second


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_an_interrupt_stops_the_replay_and_its_gateway(file: Write) -> None:
    day = LINE.replace("20200101", "20200102")
    process = subprocess.Popen(
        [sys.executable, "-m", "tpb", "replay", str(file(LINE, day)), "--speed", "1"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stderr
        while "accepted" not in (line := process.stderr.readline()):
            assert line, "it ended"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "Stopped." in rest
    assert "Traceback" not in rest
