"""The cache outside the tree: $TPB_CACHE_DIR, $XDG_CACHE_HOME/tpb or ~/.cache/tpb."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Longer than the slowest build on a busy machine.
LOCK_TIMEOUT_S = 3600.0


def directory() -> Path:
    if chosen := os.environ.get("TPB_CACHE_DIR"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tpb"


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder of the cache that is either not there or complete.

    `make` fills a new folder beside it, which is then renamed. Of several processes that ask for
    the same, one makes it and the others wait.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            return folder
        new = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            make(new)
            new.chmod(0o755)  # mkdtemp's is for one user alone
            new.rename(folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    return folder


@contextmanager
def locked(lock: Path, timeout: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Lets one process at a time in; the lock goes with its holder, however that ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with lock.open("a+b") as held:
        while not _try_lock(held):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process has held {lock} for over {timeout:.0f} s")
            time.sleep(0.1)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
