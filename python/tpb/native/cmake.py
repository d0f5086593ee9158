"""Runs CMake and Ninja, tells how far they are, and shows the end of their output on failure."""

import os
import re
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tpb.native import toolchain
from tpb.native.errors import NativeError
from tpb.native.progress import Progress

_NINJA_STATUS = re.compile(r"\[(\d+)/(\d+)\] ")
_SHOWN_LINES = 60


def configure(source: Path, build: Path, options: Sequence[str]) -> None:
    cmake, ninja = toolchain.require("cmake"), toolchain.require("ninja")
    program = f"-DCMAKE_MAKE_PROGRAM={ninja}"
    _run("CMake", [cmake, "-G", "Ninja", program, *options, "-S", str(source), "-B", str(build)])


def compile_targets(
    build: Path, targets: Sequence[str], step: str, progress: Progress, jobs: int | None = None
) -> None:
    """Builds; `progress` hears of `step` after each file."""
    parallel = f"-j{jobs or os.cpu_count() or 1}"
    command = [toolchain.require("ninja"), "-C", str(build), parallel, *targets]
    progress(step, 0.0)
    _run(step, command, lambda done: progress(step, min(done, 0.99)))
    progress(step, 1.0)


def install(build: Path, prefix: Path) -> None:
    cmake = toolchain.require("cmake")
    _run("install", [cmake, "--install", str(build), "--prefix", str(prefix)])


def _run(
    step: str, command: Sequence[str], told: Callable[[float], None] = lambda done: None
) -> None:
    tail: deque[str] = deque(maxlen=_SHOWN_LINES)
    with subprocess.Popen(
        command,
        env=toolchain.build_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if status := _NINJA_STATUS.match(line):
                    told(int(status[1]) / max(int(status[2]), 1))
                else:
                    tail.append(line)
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        raise NativeError(
            f"{step}: the build failed.",
            "".join(tail).strip(),
            f"Mend what it says; the command was `{' '.join(command)}`.",
        )
