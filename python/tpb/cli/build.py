"""`tpb build`: the native library."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from tpb.cli import console, errors
from tpb.native import build as native_build
from tpb.native.errors import NativeError


class Target(StrEnum):
    NATIVE = "native"
    WINDOWS_X64 = "windows-x64"
    ASAN_UBSAN = "asan-ubsan"
    TSAN = "tsan"
    FUZZ = "fuzz"


def build(
    target: Annotated[Target, typer.Option(help="What to build for.")] = Target.NATIVE,
    tests: Annotated[bool, typer.Option("--tests", help="The C++ tests too.")] = False,
    bench: Annotated[bool, typer.Option("--bench", help="The benchmarks too.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are errors.")] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Compilers at a time.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the artefacts there; - is stdout.")
    ] = None,
) -> None:
    """Build the library into build/TARGET/, and the third-party libraries it stands on.

    These are fetched and built once (some minutes) and kept in the cache outside the tree.
    native makes the Python module and the shared library, windows-x64 TradingProtobuf.dll;
    asan-ubsan and tsan make the same as native under sanitizers, for `tpb faults --sanitize` and,
    with --tests, for ctest. fuzz makes the fuzzers of cpp/fuzz.

    \b
    For this machine:     tpb build
    The DLL of MT5:       tpb build --target windows-x64
    With its tests:       tpb build --tests && ctest --test-dir build/native
    For a program:        tpb build --json -
    """
    with console.progress() as bars:
        try:
            made = native_build.build(
                target,
                tests=tests,
                bench=bench,
                strict=strict,
                jobs=jobs,
                progress=Steps(bars),
            )
        except NativeError as problem:
            raise errors.native(problem) from problem
    if json_file:
        found = [{"path": str(each.path), "sha256": each.sha256} for each in made]
        console.json_document({"target": target.value, "artefacts": found}, json_file)
        return
    for artefact in reversed(made):  # the library last
        console.data(f"{artefact.path}  sha256 {artefact.sha256}")


class Steps:
    """A bar for each step while it runs, `✓ step 1.2 s` when it is done."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._running: dict[str, tuple[TaskID, float]] = {}

    def __call__(self, step: str, fraction: float) -> None:
        if step not in self._running:
            bar = self._bars.add_task(step, total=1.0)
            self._running[step] = (bar, time.monotonic())
        bar, begun = self._running[step]
        self._bars.update(bar, completed=fraction)
        if fraction >= 1.0:
            self._bars.remove_task(bar)
            del self._running[step]
            console.done(step, time.monotonic() - begun)
