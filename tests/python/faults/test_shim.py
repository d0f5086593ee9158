"""The shim in a real process: what its levers do, and what they leave alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tpb.faults import shim

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")

# Tries everything and tells as JSON what came of it.
_PROGRAM = """
import json, mmap, os, sys, time
from pathlib import Path
from tpb.faults import shim

control, below, beside = map(Path, sys.argv[1:])
shim.arm(control, below)

def tried(call):
    try:
        return call()
    except OSError as problem:
        return problem.errno

def all_of(folder):
    file = os.open(folder / "file", os.O_CREAT | os.O_RDWR)
    mapped_file = os.open(folder / "mapped", os.O_CREAT | os.O_RDWR)
    mapped = mmap.mmap(mapped_file, os.fstat(mapped_file).st_size)
    mapped[0] = 1
    return {
        "write": tried(lambda: os.write(file, bytes(100))),
        "again": tried(lambda: os.write(file, bytes(100))),
        "pwrite": tried(lambda: os.pwrite(file, b"x", 0)),
        "grow": tried(lambda: os.ftruncate(file, 100_000)),
        "shrink": tried(lambda: os.ftruncate(file, 1)),
        "allocate": tried(lambda: os.posix_fallocate(file, 0, 200_000)),
        "fsync": tried(lambda: os.fsync(file)),
        "msync": tried(lambda: mapped.flush()),
    }

print(json.dumps({"below": all_of(below), "beside": all_of(beside), "time": time.time()}))
"""
_FINE = {
    "write": 100,
    "again": 100,
    "pwrite": 1,
    "grow": None,
    "shrink": None,
    "allocate": None,
    "fsync": None,
    "msync": None,
}


@pytest.fixture(scope="module", params=["", "libasan.so"])
def preload(
    request: pytest.FixtureRequest, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The shim, alone or behind a sanitizer, which stands before the same functions."""
    library = shim.built(repository / "cpp/faults/shim.c", tmp_path_factory.mktemp("shim"))
    if not request.param:
        return str(library)
    ask = ["gcc", f"-print-file-name={request.param}"]
    found = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    return f"{found}:{library}"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """One that is under the levers, and one beside it whose name begins alike."""
    below, beside = tmp_path / "journal", tmp_path / "journal-copy"
    for folder in (below, beside):
        folder.mkdir()
        (folder / "mapped").write_bytes(bytes(4096))
    return below, beside


def run(preload: str, levers: shim.Levers, folders: tuple[Path, Path]) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(levers.path), *map(str, folders)],
        env={**os.environ, "LD_PRELOAD": preload, "ASAN_OPTIONS": "detect_leaks=0"},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(finished.stdout)
    return told


def test_idle_it_changes_nothing(preload: str, tmp_path: Path, folders: tuple[Path, Path]) -> None:
    with shim.Levers(tmp_path / "levers") as levers:
        told = run(preload, levers, folders)
        assert told["below"] == told["beside"] == _FINE
        assert levers.refused == 0


def test_a_full_disk_refuses_what_grows(
    preload: str, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    with shim.Levers(tmp_path / "levers") as levers:
        with levers.disk_full(room_bytes=70):
            told = run(preload, levers, folders)
        full = 28
        assert told["beside"] == _FINE
        assert told["below"] == _FINE | {
            "write": 70,
            "again": full,
            "pwrite": full,
            "grow": full,
            "allocate": full,
        }
        assert levers.refused == 4
        assert run(preload, levers, folders)["below"] == _FINE


def test_a_failing_sync_fails_for_files_and_mappings(
    preload: str, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    with shim.Levers(tmp_path / "levers") as levers:
        with levers.sync_fails():
            told = run(preload, levers, folders)
        assert told["beside"] == _FINE
        assert told["below"] == _FINE | {"fsync": 5, "msync": 5}
        assert levers.refused == 2


@pytest.mark.parametrize("shift_s", [-86400.25, 3600.5])
def test_the_clock_is_set(
    preload: str, tmp_path: Path, folders: tuple[Path, Path], shift_s: float
) -> None:
    with shim.Levers(tmp_path / "levers") as levers:
        right = run(preload, levers, folders)["time"]
        levers.set_clock(round(shift_s * 1000))
        assert run(preload, levers, folders)["time"] - right == pytest.approx(shift_s, abs=60)


def test_a_source_that_does_not_compile_is_told(tmp_path: Path) -> None:
    source = tmp_path / "shim.c"
    source.write_text("no C")
    with pytest.raises(shim.ShimProblem, match="does not compile"):
        shim.built(source, tmp_path / "built")
