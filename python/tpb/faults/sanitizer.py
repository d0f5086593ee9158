"""The sender's library under a sanitizer: what its process has to load, and what was found."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tpb.native import binary
from tpb.problem import Problem

_MOST_LINES = 60
_MARKS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", ": runtime error: ")


class SanitizerProblem(Problem):
    """The senders cannot run under it."""


class Sanitizer(StrEnum):
    ASAN = "asan"  # AddressSanitizer and UndefinedBehaviorSanitizer
    TSAN = "tsan"  # ThreadSanitizer

    @property
    def target(self) -> str:
        """What `tpb build` calls it."""
        return "asan-ubsan" if self is Sanitizer.ASAN else "tsan"


@dataclass(frozen=True)
class Instrumented:
    """How a process comes to run with a library that a sanitizer watches."""

    module: Path  # stands in for tpb._core
    preload: tuple[str, ...]  # before all else that is preloaded
    environment: dict[str, str]
    launcher: tuple[str, ...]  # what starts the interpreter


def instrumented(sanitizer: Sanitizer, module: Path) -> Instrumented:
    """For the module that the sanitizer's target made."""
    if not module.exists():
        raise SanitizerProblem(
            f"The library for {sanitizer} is not built.",
            f"There is no {module}.",
            f"Type `tpb build --target {sanitizer.target}`.",
        )
    needed = binary.read(module).imported_libraries
    # The interpreter has none of them, and a sanitizer stands before functions of libstdc++: it
    # must find them when it starts, which is before the module is loaded.
    runtime = [name for name in needed if name.startswith(f"lib{sanitizer}.so")]
    standard = [name for name in needed if name.startswith("libstdc++.so")]
    if not runtime or not standard:
        raise SanitizerProblem(
            f"The library for {sanitizer} cannot be loaded into Python.",
            f"{module} has the sanitizer linked in; it needs {', '.join(needed)}.",
            f"Build it with g++: `CC=gcc CXX=g++ tpb build --target {sanitizer.target}`.",
        )
    return Instrumented(
        module,
        (*runtime, *standard),
        {
            # The interpreter leaves what it allocated to the end of the process.
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "TSAN_OPTIONS": "halt_on_error=1",
        },
        # ThreadSanitizer of g++ 12 cannot start where addresses are randomised over many bits.
        ("setarch", "-R") if sanitizer is Sanitizer.TSAN else (),
    )


def report(log: Path) -> str:
    """The first report in what a process wrote to stderr; empty: there is none."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    for number, line in enumerate(lines):
        if any(mark in line for mark in _MARKS):
            return "\n".join(lines[number : number + _MOST_LINES])
    return ""
