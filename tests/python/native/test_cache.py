"""Folders of the cache are complete or not there."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tpb.native import cache


def test_a_folder_is_made_once(tmp_path: Path) -> None:
    made = []

    def make(new: Path) -> None:
        made.append(new)
        (new / "tick.h").write_text("struct Tick;\n")

    folder = tmp_path / "libraries/a"
    assert cache.made_once(folder, make) == cache.made_once(folder, make) == folder
    assert len(made) == 1
    assert (folder / "tick.h").exists()


def test_a_broken_attempt_leaves_nothing(tmp_path: Path) -> None:
    def breaks(new: Path) -> None:
        (new / "half").write_text("of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.made_once(tmp_path / "a", breaks)
    assert [path.name for path in tmp_path.iterdir()] == [".a.lock"]
    assert cache.made_once(tmp_path / "a", lambda new: None).is_dir()


def test_of_several_callers_one_makes_it(tmp_path: Path) -> None:
    inside, second = threading.Event(), threading.Event()

    def makes(new: Path) -> None:
        inside.set()
        assert not second.wait(0.5), "two callers made the same folder"

    def makes_too(new: Path) -> None:
        second.set()

    with ThreadPoolExecutor() as callers:
        first = callers.submit(cache.made_once, tmp_path / "a", makes)
        assert inside.wait(60)
        other = callers.submit(cache.made_once, tmp_path / "a", makes_too)
        assert first.result(60) == other.result(60) == tmp_path / "a"
    assert not second.is_set()


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    program = f"""
import sys
from pathlib import Path
from tpb.native import cache
with cache.locked(Path({str(lock)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError, match=r"another process has held"), cache.locked(lock, 0):
            pass
        holder.kill()
        holder.wait(timeout=60)
        with cache.locked(lock, 30):
            pass
