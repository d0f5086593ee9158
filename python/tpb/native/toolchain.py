"""The compilers and build tools of each target: found, identified, or named with their cure."""

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tpb.native.errors import NativeError, ToolMissing

TARGETS = ("native", "windows-x64", "asan-ubsan", "tsan", "fuzz")
SANITIZERS = {
    "asan-ubsan": "address,undefined",
    "tsan": "thread",
    "fuzz": "fuzzer-no-link,address,undefined",
}

MINGW = "x86_64-w64-mingw32-"
MINGW_CMAKE_FILE = "cpp/third_party/mingw-w64-x86_64.toolchain.cmake"
CLANG = "19"  # g++ has no libFuzzer; clang 16 and older do not compile protobuf's headers

# Programs and what brings them on Debian; ninja and CMake also come through pip.
_DEBIAN = {
    "g++": "g++",
    "gcc": "gcc",
    f"{MINGW}g++-posix": "g++-mingw-w64-x86-64-posix",
    f"{MINGW}gcc-posix": "g++-mingw-w64-x86-64-posix",
    "nasm": "nasm",
    f"clang-{CLANG}": f"clang-{CLANG} libclang-rt-{CLANG}-dev",
    f"clang++-{CLANG}": f"clang-{CLANG} libclang-rt-{CLANG}-dev",
    "nm": "binutils",
    "readelf": "binutils",
}


@dataclass(frozen=True)
class Toolchain:
    """What a target is compiled with."""

    target: str
    c_compiler: str
    cxx_compiler: str
    identity: str  # of the compiler: what it says about itself
    is_cross: bool

    @property
    def sanitizers(self) -> str:
        return SANITIZERS.get(self.target, "")

    def cmake_options(self, source: Path) -> list[str]:
        if self.is_cross:
            return [f"-DCMAKE_TOOLCHAIN_FILE={source / MINGW_CMAKE_FILE}"]
        return [
            f"-DCMAKE_C_COMPILER={self.c_compiler}",
            f"-DCMAKE_CXX_COMPILER={self.cxx_compiler}",
        ]


def find(target: str) -> Toolchain:
    """The compilers of a target. Raises ToolMissing with the command that installs what lacks."""
    check_target(target)
    if target == "windows-x64" and sys.platform != "win32":
        c, cxx = require(f"{MINGW}gcc-posix"), require(f"{MINGW}g++-posix")
        require("nasm")
        return Toolchain(target, c, cxx, _identity(cxx), is_cross=True)
    if target == "fuzz":
        c, cxx = require(f"clang-{CLANG}"), require(f"clang++-{CLANG}")
    else:
        c, cxx = _host_compilers()
    return Toolchain(target, c, cxx, _identity(cxx), is_cross=False)


def check_target(target: str) -> None:
    if target not in TARGETS:
        raise NativeError(
            f"There is no target {target}.",
            f"The targets are {', '.join(TARGETS)}.",
            "Type one of these.",
        )


def require(program: str) -> str:
    """The path of a program, from this Python environment or from PATH."""
    if found := find_program(program):
        return found
    if program in ("cmake", "ninja"):
        cure = "pip install cmake ninja"
    else:
        cure = f"apt-get install --no-install-recommends {_DEBIAN.get(program, program)}"
    raise ToolMissing(f"{program} is missing.", "The native build needs it.", f"Type `{cure}`.")


def find_program(program: str) -> str | None:
    environment = Path(sys.executable).parent
    return shutil.which(program, path=environment) or shutil.which(program)


def require_python_headers() -> None:
    """The Python module is compiled against this interpreter's headers."""
    header = Path(sysconfig.get_path("include"), "Python.h")
    if not header.is_file():
        raise ToolMissing(
            "Python's own headers are missing.",
            f"The Python module is compiled against {header}, which is not there.",
            "Type `apt-get install libpython3-dev`.",
        )


def build_environment() -> dict[str, str]:
    """For CMake and what it starts: our flags are the only ones, messages are in English."""
    flags = ("CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CC", "CXX", "DESTDIR")
    kept = {name: value for name, value in os.environ.items() if name not in flags}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept | {"PATH": programs, "LC_ALL": "C", "NINJA_STATUS": "[%f/%t] "}


def _host_compilers() -> tuple[str, str]:
    if os.environ.get("CC") and os.environ.get("CXX"):
        return require(os.environ["CC"]), require(os.environ["CXX"])
    pairs = [("gcc", "g++"), ("clang", "clang++"), ("cc", "c++")]
    if sys.platform == "win32":
        pairs = [("cl", "cl"), ("clang-cl", "clang-cl"), *pairs]
    elif sys.platform == "darwin":
        pairs = [("clang", "clang++")]
    for c, cxx in pairs:
        if (found_c := find_program(c)) and (found_cxx := find_program(cxx)):
            return found_c, found_cxx
    if sys.platform == "win32":
        raise ToolMissing(
            "A C++ compiler is missing.",
            "Neither cl, clang-cl nor g++ is on PATH.",
            "Open `x64 Native Tools Command Prompt for VS 2022` and type this again there.",
        )
    return require("gcc"), require("g++")


@functools.cache
def _identity(compiler: str) -> str:
    """Compilers that say the same compile the same. (cl prints its version without being asked.)"""
    if Path(compiler).stem.lower() == "cl":
        return _output([compiler])
    return f"{_output([compiler, '--version'])} {_output([compiler, '-dumpmachine'])}"


def _output(command: Sequence[str]) -> str:
    run = subprocess.run(
        command,
        env=os.environ | {"LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=60,
        check=False,
    )
    lines = run.stdout.strip().splitlines()
    return lines[0] if lines else ""
