"""The third-party libraries of a target, built once per sources, recipe, compiler and flags.

`python -m tpb.native.deps --target T` prints the folder that the top CMakeLists.txt takes as
TPB_DEPS_DIR. Each library has a folder of its own in the cache, so that targets share what does not
differ between them: headers, and the TLS library of the sanitized ones.
"""

import argparse
import hashlib
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tpb.native import cache, checkout, cmake, fetch, sources, toolchain
from tpb.native.errors import NativeError
from tpb.native.progress import Progress, quiet
from tpb.native.sources import Source
from tpb.native.toolchain import Toolchain

_RECIPE = "cpp/third_party"


@dataclass(frozen=True)
class Compiled:
    """A static library: which recipe builds it, and whether a sanitizer must see into it."""

    name: str
    title: str
    sanitized: bool


PROTOBUF = Compiled("protobuf_lite", "protobuf", sanitized=True)
# BoringSSL stays as it is under the sanitizers: it synchronises by pthread, which they watch.
BORINGSSL = Compiled("boringssl", "BoringSSL", sanitized=False)
HEADERS = {"boost": "Boost headers", "nlohmann_json": "nlohmann/json"}


def prefix(target: str, *, source: Path | None = None, progress: Progress = quiet) -> Path:
    """The folder of a target's third-party libraries, made where it is not there yet."""
    tree = source or checkout.root()
    tools = toolchain.find(target)
    parts = {
        f"tpb_{library.name}_dir": _compiled(library, tools, tree, progress)
        for library in (PROTOBUF, BORINGSSL)
    }
    for name, title in HEADERS.items():
        parts[f"tpb_{name}_dir"] = unpacked(sources.load()[name], title, progress)
    parts["tpb_protoc_program"] = protoc(progress)
    return _list_of(target, parts)


def protoc(progress: Progress = quiet) -> Path:
    """The protoc of this machine, of the same version as the C++ and Python runtimes."""
    source = sources.load()[_protoc_source()]
    program = unpacked(source, "protoc", progress) / source.keep[0]
    if not os.access(program, os.X_OK):
        program.chmod(0o755)
    return program


def unpacked(source: Source, title: str, progress: Progress = quiet) -> Path:
    """What sources.toml keeps of an archive, in a folder of the cache."""
    key = _key(source.sha256, source.strip, *source.keep)
    folder = cache.directory() / "sources" / f"{source.name}-{source.version}-{key}"
    if folder.is_dir():
        return folder

    def make(new: Path) -> None:
        progress(title, 0.0)
        fetch.archive(source)
        progress(title, 0.5)
        fetch.unpack(source, new)
        progress(title, 1.0)

    return cache.made_once(folder, make)


def compiled_folder(library: Compiled, tools: Toolchain, tree: Path) -> Path:
    """Where a library of just these sources, recipe, compiler and flags stands."""
    source = sources.load()[library.name]
    tools = _tools(library, tools)
    recipe = [tree / _RECIPE / name for name in _recipe_files(library, tools)]
    sanitizers = _sanitizers(library, tools)
    key = _key(source.sha256, *source.keep, tools.identity, sanitizers, *_texts(recipe))
    kind = _kind(library, tools)
    return cache.directory() / "libraries" / f"{library.name}-{source.version}-{kind}-{key}"


def _compiled(library: Compiled, tools: Toolchain, tree: Path, progress: Progress) -> Path:
    folder = compiled_folder(library, tools, tree)
    tools = _tools(library, tools)
    if folder.is_dir():
        return folder
    step = f"{library.title} ({_kind(library, tools)})"
    unpacked_source = unpacked(sources.load()[library.name], f"{library.title} sources", progress)

    def make(new: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=f"tpb-{library.name}-") as scratch:
            options = [
                *tools.cmake_options(tree),
                "-DCMAKE_BUILD_TYPE=Release",
                f"-DTPB_LIBRARY={library.name}",
                f"-DTPB_SOURCE={unpacked_source}",
                f"-DTPB_SANITIZE={_sanitizers(library, tools)}",
            ]
            cmake.configure(tree / _RECIPE, Path(scratch), options)
            cmake.compile_targets(Path(scratch), ["all"], step, progress)
            cmake.install(Path(scratch), new)

    return cache.made_once(folder, make)


def _tools(library: Compiled, tools: Toolchain) -> Toolchain:
    """What no sanitizer looks into is the native one."""
    return toolchain.find("native") if tools.sanitizers and not library.sanitized else tools


def _sanitizers(library: Compiled, tools: Toolchain) -> str:
    """Those that must see every memory access. (UBSan need not, and g++ 12 refuses abseil's
    constant expressions under it.)"""
    asked = tools.sanitizers.split(",") if library.sanitized else []
    return ",".join(name for name in asked if name != "undefined")


def _kind(library: Compiled, tools: Toolchain) -> str:
    """In words, for people who look into the cache."""
    system = "windows-x64" if tools.is_cross else "native"
    return tools.target if _sanitizers(library, tools) else system


def _recipe_files(library: Compiled, tools: Toolchain) -> list[str]:
    shared = ["CMakeLists.txt", "compile_flags.cmake", "complete.cmake", "unity.cmake"]
    cross = [Path(toolchain.MINGW_CMAKE_FILE).name] if tools.is_cross else []
    return [*shared, f"{library.name}.cmake", *cross]


def _list_of(target: str, parts: dict[str, Path]) -> Path:
    """The folder that says where the parts are, relative to itself: the cache may be moved."""
    libraries = cache.directory() / "targets"
    key = _key(*(f"{name}={path.name}" for name, path in parts.items()))

    def make(new: Path) -> None:
        lines = ["# Where the third-party libraries are. Written by tpb.native.deps.\n"]
        for name, path in parts.items():
            relative = Path(os.path.relpath(path, libraries / "target")).as_posix()
            lines.append(
                f'cmake_path(SET {name} NORMALIZE "${{CMAKE_CURRENT_LIST_DIR}}/{relative}")\n'
            )
        (new / "dependencies.cmake").write_text("".join(lines), encoding="utf-8")

    return cache.made_once(libraries / f"{target}-{key}", make)


def _protoc_source() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    for name in (f"protoc-{system}-{machine}", f"protoc-{system}"):
        if name in sources.load():
            return name
    raise NativeError(
        f"There is no protoc for {system} on {machine} in sources.toml.",
        "The package index has one for Linux (x86_64, aarch64), macOS and Windows.",
        "Build on one of these.",
    )


def _texts(files: Iterable[Path]) -> list[str]:
    return [file.read_text(encoding="utf-8") for file in files]


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tpb.native.deps",
        description="Builds the third-party libraries of a target and prints their folder.",
    )
    parser.add_argument("--target", choices=toolchain.TARGETS, default="native")
    target = parser.parse_args().target
    started: dict[str, float] = {}

    def report(step: str, fraction: float) -> None:
        begun = started.setdefault(step, time.monotonic())
        if fraction >= 1.0:
            sys.stderr.write(f"✓ {step} {time.monotonic() - begun:.1f} s\n")

    try:
        sys.stdout.write(f"{prefix(target, progress=report)}\n")
    except NativeError as problem:
        sys.stderr.write(problem.text() + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
