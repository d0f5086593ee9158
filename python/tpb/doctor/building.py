"""What building takes, and what has been built."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tpb.doctor.finding import Finding, State
from tpb.native import toolchain, wine
from tpb.native.errors import NativeError

_NATIVE = "building the native library"
_DLL = "building the DLL for MetaTrader"
_RUN_DLL = "running the DLL here: tpb demo --dll, the tests"
_PROBE_TIMEOUT_S = 60


def schemas(proto: Path, generated: Path) -> Iterable[Finding]:
    """The Python code of each schema, and not older than it."""
    purpose = "reading and writing messages"
    stale, missing = [], []
    for schema in sorted(proto.rglob("*.proto")):
        relative = schema.relative_to(proto)
        code = generated / relative.with_name(f"{relative.stem}_pb2.py")
        if not code.exists():
            missing.append(str(relative))
        elif code.stat().st_mtime < schema.stat().st_mtime:
            stale.append(str(relative))
    if missing:
        detail, state = f"no code of {', '.join(missing)}", State.MISSING
    elif stale:
        detail, state = f"older than {', '.join(stale)}", State.WRONG
    else:
        detail, state = "present and fresh", State.OK
    yield Finding(
        "generated schemas", state, detail, purpose, "" if state is State.OK else "tpb generate"
    )


def native_module() -> Finding:
    """Imported in a process of its own, so that a broken one breaks nothing here."""
    name, purpose, cure = "native module", "everything", "tpb build --target native"
    if importlib.util.find_spec("tpb._core") is None:
        return Finding(name, State.MISSING, "tpb._core is not built", purpose, cure)
    failure = _probe("import tpb._core")
    if failure:
        return Finding(name, State.WRONG, f"cannot be imported: {failure}", purpose, cure)
    return Finding(name, State.OK, "tpb._core can be imported", purpose)


def tools(*, required: bool) -> Iterator[Finding]:
    """Compilers and build tools; `required` where the native module is still to be built."""
    for program in ("cmake", "ninja"):
        yield _tool(program, partial(toolchain.require, program), _NATIVE, required)
    yield _tool("compiler", partial(_compiler, "native"), _NATIVE, required)
    yield _tool("compiler for Windows", partial(_compiler, "windows-x64"), _DLL, False)


def abi_version(library: Path, header: Path) -> Iterable[Finding]:
    """The shared library, if it is built, speaks the ABI of the header beside it."""
    if not library.exists():
        return
    name, purpose, cure = (
        "ABI version",
        "programs that call the library",
        "tpb build --target native",
    )
    wanted = re.search(r"#define TPB_ABI_VERSION (\d+)", header.read_text(encoding="utf-8"))
    assert wanted
    code = (
        "import ctypes, sys\n"
        f"found = ctypes.CDLL({str(library)!r}).TpbAbiVersion()\n"
        f"sys.exit(0 if found == {wanted[1]} else f'{{found}} instead of {wanted[1]}')"
    )
    failure = _probe(code)
    state = State.WRONG if failure else State.OK
    yield Finding(name, state, failure or wanted[1], purpose, cure if failure else "", False)


def dll(build: Path) -> Iterable[Finding]:
    for name in ("TradingProtobuf.dll", "terminal_host.exe"):
        file = build / name
        purpose = "MetaTrader" if file.suffix == ".dll" else _RUN_DLL
        if file.exists():
            yield Finding(
                name, State.OK, f"{file}, {file.stat().st_size:,} bytes", purpose, "", False
            )
        else:
            cure = "tpb build --target windows-x64"
            yield Finding(name, State.MISSING, "not built", purpose, cure, False)


def windows_programs() -> Iterable[Finding]:
    if wine.ON_WINDOWS:
        return
    if wine.find() is None:
        yield Finding("Wine", State.MISSING, "not installed", _RUN_DLL, wine.INSTALL, False)
        return
    prefix = "prefix made" if wine.is_ready() else "prefix is made at the first use"
    yield Finding("Wine", State.OK, f"{wine.version()}, {prefix}", _RUN_DLL, "", False)


def _tool(name: str, ask: Callable[[], str], purpose: str, required: bool) -> Finding:
    try:
        return Finding(name, State.OK, ask(), purpose, "", required)
    except NativeError as problem:
        cure = problem.next_step.removeprefix("Type ").strip("`.")
        return Finding(name, State.MISSING, problem.what, purpose, cure, required)


def _compiler(target: str) -> str:
    return toolchain.find(target).identity


def _probe(code: str) -> str:
    """Runs a line of Python apart; the last line it complains with, or nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_PROBE_TIMEOUT_S} s"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().splitlines()
    return said[-1] if said else f"ended with exit code {done.returncode}"
