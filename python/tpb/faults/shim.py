"""The library that is loaded before the sender's own (cpp/faults/shim.c), and its levers."""

import ctypes
import mmap
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import Self

from tpb.problem import Problem

# struct Control of shim.c.
_DISK_FULL, _SYNC_FAILS, _ROOM_BYTES, _CLOCK_MS, _REFUSED = 0, 4, 8, 16, 24
_BYTES = 32
_I32, _I64 = Struct("<i"), Struct("<q")
_COMPILE_S = 60.0


class ShimProblem(Problem):
    """It cannot be built here."""


def built(source: Path, folder: Path) -> Path:
    """The compiled library; compiles it where it is older than its source."""
    library = folder / "shim.so"
    if library.exists() and library.stat().st_mtime >= source.stat().st_mtime:
        return library
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"shim.so.{os.getpid()}"
    compiler = os.environ.get("CC", "gcc")
    options = ["-std=gnu11", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    command = [compiler, *options, str(source), "-o", str(aside), "-ldl", "-lpthread"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_COMPILE_S)
    except OSError as problem:
        raise ShimProblem(
            f"The C compiler {compiler} cannot be run.",
            f"{problem.strerror}.",
            "Install gcc, or name another compiler in CC.",
        ) from problem
    except subprocess.CalledProcessError as problem:
        raise ShimProblem(
            f"{source.name} does not compile.", problem.stderr, "Mend what the compiler names."
        ) from problem
    aside.replace(library)
    return library


def arm(control: Path, below: Path) -> None:
    """Puts this process, which must have the shim loaded, under the levers of `control`."""
    shim = ctypes.CDLL(None, use_errno=True)
    if shim.tpb_faults_arm(os.fsencode(control), os.fsencode(below)) != 0:
        raise OSError(ctypes.get_errno(), "the shim cannot use its control file", str(control))


class Levers:
    """The control file of one run. Closing it is harmless to those who are under it."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(_BYTES))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _BYTES)
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._memory.close()

    @property
    def refused(self) -> int:
        """Calls that failed because a lever said so."""
        return int(_I64.unpack_from(self._memory, _REFUSED)[0])

    @contextmanager
    def disk_full(self, room_bytes: int) -> Iterator[None]:
        """Writes fail when so many more bytes are written."""
        _I64.pack_into(self._memory, _ROOM_BYTES, room_bytes)
        with self._pulled(_DISK_FULL):
            yield

    @contextmanager
    def sync_fails(self) -> Iterator[None]:
        with self._pulled(_SYNC_FAILS):
            yield

    def set_clock(self, shift_ms: int) -> None:
        """By how much the wall clock is wrong from now on."""
        _I64.pack_into(self._memory, _CLOCK_MS, shift_ms)

    @contextmanager
    def _pulled(self, lever: int) -> Iterator[None]:
        self._add(lever, 1)
        try:
            yield
        finally:
            self._add(lever, -1)

    def _add(self, lever: int, change: int) -> None:
        """Faults may overlap: the lever counts them."""
        (count,) = _I32.unpack_from(self._memory, lever)
        _I32.pack_into(self._memory, lever, count + change)
