"""Configures and builds one target of the top CMakeLists.txt in build/<target>/."""

import shutil
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tpb.native import cache, checkout, cmake, deps, fetch, toolchain
from tpb.native.errors import NativeError
from tpb.native.progress import Progress, quiet
from tpb.native.toolchain import Toolchain

_CONFIGURED_WITH = "tpb-options.txt"
_WITH_MODULE = ("native", "asan-ubsan", "tsan")


@dataclass(frozen=True)
class Artefact:
    """A file that a build made."""

    path: Path
    sha256: str


def build(
    target: str,
    *,
    source: Path | None = None,
    folder: Path | None = None,
    tests: bool = False,
    bench: bool = False,
    strict: bool = False,
    jobs: int | None = None,
    progress: Progress = quiet,
) -> list[Artefact]:
    """Builds a target and returns what it made, the library first.

    `tests` and `bench` add these programs (fuzz is the fuzzers alone); `strict` turns warnings into
    errors. The native target's Python module is put into the package of the tree.
    """
    tree = source or checkout.root()
    output = folder or tree / "build" / target
    tools = toolchain.find(target)
    if target == "native":
        toolchain.require_python_headers()
    libraries = deps.prefix(target, source=tree, progress=progress)
    with cache.locked(output.with_name(f".{output.name}.lock")):
        _configure(tree, output, _options(tools, tree, libraries, strict))
        goals = ["all", *(["tests"] * tests), *(["bench"] * bench)]
        goals = ["fuzz"] if target == "fuzz" else goals
        cmake.compile_targets(output, goals, f"library ({target})", progress, jobs)
        if target == "native" and folder is None:
            _place_module(output, tree / "python/tpb")
    return [Artefact(path, fetch.sha256(path)) for path in artefacts(target, output)]


def artefacts(target: str, output: Path) -> list[Path]:
    """Where a target's results are in its build folder."""
    if target == "fuzz":
        return sorted(path for path in (output / "fuzz").glob("fuzz_*") if path.is_file())
    if target in toolchain.SANITIZERS:
        tests = (path for path in (output / "tests").glob("test_*") if path.is_file())
        return [module(output), *sorted(tests)]
    if target == "windows-x64":
        return [output / "TradingProtobuf.dll", output / "terminal_host.exe"]
    return [output / _shared_library_name(), module(output)]


def module(output: Path) -> Path:
    """The Python module, under the name that this interpreter imports."""
    return output / f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"


def _shared_library_name() -> str:
    names = {"win32": "TradingProtobuf.dll", "darwin": "libTradingProtobuf.dylib"}
    return names.get(sys.platform, "libTradingProtobuf.so")


def _options(tools: Toolchain, tree: Path, libraries: Path, strict: bool) -> list[str]:
    return [
        *tools.cmake_options(tree),
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DTPB_DEPS_DIR={libraries}",
        f"-DTPB_SANITIZE={tools.sanitizers}",
        f"-DTPB_WARNINGS_AS_ERRORS={'ON' if strict else 'OFF'}",
        f"-DTPB_TESTS={'OFF' if tools.target == 'fuzz' else 'ON'}",
        f"-DTPB_FUZZ={'ON' if tools.target == 'fuzz' else 'OFF'}",
        f"-DTPB_BENCH={'ON' if not tools.sanitizers else 'OFF'}",
        f"-DTPB_PYTHON={'ON' if tools.target in _WITH_MODULE else 'OFF'}",
        f"-DPython_EXECUTABLE={sys.executable}",
    ]


def _configure(tree: Path, output: Path, options: Sequence[str]) -> None:
    """Runs CMake where the options changed. (Ninja runs it again where its own files did.)"""
    record = output / _CONFIGURED_WITH
    text = "\n".join([str(tree), *options])
    if (output / "build.ninja").exists() and record.exists() and record.read_text() == text:
        return
    (output / "CMakeCache.txt").unlink(missing_ok=True)  # what it remembers would win
    cmake.configure(tree, output, options)
    record.write_text(text)


def _place_module(output: Path, package: Path) -> None:
    built, placed = module(output), package / module(output).name
    if placed.exists() and fetch.sha256(placed) == fetch.sha256(built):
        return
    beside = placed.with_name(f".{placed.name}.new")
    shutil.copy2(built, beside)
    try:
        beside.replace(placed)  # programs that run with the old one keep it
    except PermissionError as problem:
        beside.unlink()
        raise NativeError(
            f"Cannot replace {placed}.",
            "A running program has loaded it.",
            "End that program, then type this again.",
        ) from problem
