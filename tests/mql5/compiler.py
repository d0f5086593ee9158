"""Translated programs and the host become one Windows program, kept by what it is made of."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mql5.translator import Unit

from tpb.native import cache, toolchain

SOURCES = Path(__file__).parent

# Not optimised: what runs here waits for ticks, and whoever runs it waits for the compiler.
_FLAGS = [
    "-std=c++20",
    "-O0",
    "-Wall",
    "-Wextra",
    "-Werror=return-type",  # a path without a result: a mere warning in MetaEditor, and a bug
    "-Wno-unused-parameter",  # handlers have the parameters that the terminal gives
    "-D_WIN32_WINNT=0x0A00",
    "-DNOMINMAX",
    "-DWIN32_LEAN_AND_MEAN",
]
_PRECOMPILED = "prelude/precompiled.h"
_LOCK = ".lock"
_JOBS = 2


class CompileError(Exception):
    """What the compiler says; `#line` makes it speak of the MQL5 sources."""


class Compiler:
    """Makes hosts in `folder`. Only what changed is compiled again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cxx = toolchain.require(f"{toolchain.MINGW}g++-posix")
        headers = sorted([*SOURCES.glob("prelude/*.h"), *SOURCES.glob("host/*.h")])
        identity = toolchain.find("windows-x64").identity
        texts = [path.read_text() for path in headers]
        self._base = _digest([identity, str(SOURCES), *_FLAGS, *texts])

    def host(self, units: Sequence[Unit]) -> Path:
        """The program that can run any of the units. Raises CompileError."""
        with cache.locked(self._folder / _LOCK), ThreadPoolExecutor(_JOBS) as pool:
            self._precompile()
            texts = [path.read_text() for path in sorted(SOURCES.glob("host/*.cc"))]
            texts += [unit.cpp for unit in units]
            texts.append(_registry(units))
            objects = list(pool.map(self._object, texts))
            return self._link(objects)

    def library(self, text: str) -> Path:
        """A DLL from C. Raises CompileError."""
        with cache.locked(self._folder / _LOCK):
            dll = self._folder / f"{_digest([self._base, text])}.dll"
            if not dll.exists():
                source = dll.with_suffix(".c")
                source.write_text(text)
                compiler = toolchain.require(f"{toolchain.MINGW}gcc-posix")
                _run([compiler, "-shared", "-O0", "-Wall", str(source)], dll)
            return dll

    def _precompile(self) -> None:
        made = self._folder / self._base / f"{_PRECOMPILED}.gch"
        if not made.exists():
            self._clear()
            made.parent.mkdir(parents=True, exist_ok=True)
            header = self._folder / self._base / "all.h"
            header.write_text(f'#include "{_PRECOMPILED}"\n')
            _run([self._cxx, *_FLAGS, f"-I{SOURCES}", "-x", "c++-header", str(header)], made)

    def _clear(self) -> None:
        """Removes what was made of other headers: nothing of it can be used again."""
        for path in self._folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != _LOCK:
                path.unlink()

    def _object(self, text: str) -> Path:
        made = self._folder / f"{_digest([self._base, text])}.o"
        if not made.exists():
            source = made.with_suffix(".cc")
            source.write_text(text)
            folders = [f"-I{self._folder / self._base}", f"-I{SOURCES}"]
            options = [*folders, "-include", _PRECOMPILED, "-Winvalid-pch"]
            _run([self._cxx, *_FLAGS, *options, "-c", str(source)], made)
        return made

    def _link(self, objects: Sequence[Path]) -> Path:
        made = self._folder / f"host-{_digest([path.name for path in objects])}.exe"
        if not made.exists():
            _run([self._cxx, "-static", "-s", *map(str, objects)], made)
        return made


def _registry(units: Sequence[Unit]) -> str:
    """host/programs.h for these units."""
    declared = "".join(f"extern const mql5::Program {unit.name}_program;\n" for unit in units)
    found = "".join(f'  if (name == "{unit.name}") return {unit.name}_program;\n' for unit in units)
    return (
        f'#include <stdexcept>\n#include "host/programs.h"\n{declared}'
        "const mql5::Program& host::program_named(const std::string& name) {\n"
        f'{found}  throw std::invalid_argument("no program " + name);\n}}\n'
    )


def _run(command: Sequence[str], made: Path) -> None:
    """Runs a compiler in the folder of what it makes, which appears complete or not at all."""
    part = made.with_name(f"{made.name}.part")
    finished = subprocess.run(
        [*command, "-o", str(part)],
        cwd=made.parent,
        env=toolchain.build_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if finished.returncode != 0:
        raise CompileError(finished.stderr)
    part.rename(made)


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:20]
