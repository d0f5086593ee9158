"""Windows programs, started by their Unix or Windows side alike."""

import subprocess
import time
from pathlib import Path

import pytest

from tpb.native import cache, wine

pytestmark = [pytest.mark.windows, pytest.mark.timeout(400)]

needs_wine = pytest.mark.skipif(
    not wine.ON_WINDOWS and wine.find() is None, reason=f"needs Wine: {wine.INSTALL}"
)


@needs_wine
def test_a_program_runs_and_its_output_and_exit_code_come_back() -> None:
    done = wine.run(["cmd", "/c", "echo one two& exit 7"], timeout=120)
    assert done.returncode == 7
    assert done.stdout.split() == [b"one", b"two"]


@needs_wine
def test_input_goes_in() -> None:
    done = wine.run(["cmd", "/c", "more"], input=b"abc\r\nxyz\r\n", timeout=120)
    assert done.stdout.split() == [b"abc", b"xyz"]


@needs_wine
def test_a_path_is_found_by_the_program(tmp_path: Path) -> None:
    file = tmp_path / "a file.txt"
    file.write_text("inside", encoding="ascii")
    done = wine.run(["cmd", "/c", "type", file], timeout=120)
    assert done.stdout.strip() == b"inside"


@needs_wine
def test_a_program_that_takes_too_long_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(subprocess.TimeoutExpired):
        wine.run(["cmd", "/c", "pause"], input=None, timeout=0.001)
    assert time.monotonic() - start < 60


@pytest.mark.skipif(wine.ON_WINDOWS, reason="Wine's own")
def test_the_users_own_wine_and_display_are_not_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("WINEPREFIX", "/home/me/.wine")
    env = wine.environment({"EXTRA": "1"})
    assert env["WINEPREFIX"] == str(cache.directory() / "wine")
    assert env["WINEDEBUG"] == "-all"
    assert env["EXTRA"] == "1"
    assert "DISPLAY" not in env


@pytest.mark.skipif(wine.ON_WINDOWS, reason="Wine's own")
def test_a_missing_wine_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(wine, "find", lambda: None)
    with pytest.raises(wine.WineError, match="apt-get install"):
        wine.run(["cmd"], timeout=10)


@pytest.mark.skipif(wine.ON_WINDOWS, reason="Wine's own")
def test_a_prefix_that_cannot_be_made_leaves_nothing_half_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    false = tmp_path / "wine"
    false.write_text("#!/bin/sh\nexit 3\n", encoding="ascii")
    false.chmod(0o755)
    monkeypatch.setenv("TPB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(wine, "find", lambda: false)
    with pytest.raises(wine.WineError, match="exit code 3"):
        wine.ready()
    assert not wine.prefix().exists()
    assert not wine.is_ready()
