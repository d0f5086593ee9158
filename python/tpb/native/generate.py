"""The schemas of proto/ as code: Python modules with type stubs, and C++ for the lite runtime.

`python -m tpb.native.generate` writes tpb.wire; `--cpp-out` and `--python-out` choose other
folders.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from tpb.native import checkout, deps
from tpb.native.errors import NativeError
from tpb.native.progress import Progress, quiet

PROTOC_TIMEOUT_S = 120
_INIT = "__init__.py"


def python(proto: Path | None = None, out: Path | None = None, progress: Progress = quiet) -> int:
    """Brings the Python modules of the schemas into a package folder, by default tpb.wire.

    Files that are as they should be stay untouched; modules of schemas that are gone go too.
    Returns the number of files that changed.
    """
    proto = proto or checkout.root() / "proto"
    out = out or checkout.root() / "python/tpb/wire"
    schemas = schemas_in(proto)
    folders = {schema.split("/")[0] for schema in schemas if "/" in schema}
    with tempfile.TemporaryDirectory(prefix="tpb-generate-") as scratch:
        _run_protoc(proto, schemas, [f"--python_out={scratch}", f"--pyi_out={scratch}"], progress)
        wanted = {
            path.relative_to(scratch): relative_imports(
                path.read_text(encoding="utf-8"), path.relative_to(scratch), folders
            )
            for path in Path(scratch).rglob("*_pb2.py*")
        }
    wanted |= {
        package / _INIT: "" for path in wanted for package in path.parents if package != Path()
    }
    return _bring(out, wanted, folders)


def cpp(proto: Path, out: Path, progress: Progress = quiet) -> None:
    """Writes the C++ sources of the schemas, for the lite runtime."""
    out.mkdir(parents=True, exist_ok=True)
    _run_protoc(proto, schemas_in(proto), [f"--cpp_out=lite:{out}"], progress)


def schemas_in(proto: Path) -> list[str]:
    """The schemas below a folder, as they import each other."""
    found = sorted(path.relative_to(proto).as_posix() for path in proto.rglob("*.proto"))
    if not found:
        raise NativeError(
            f"There are no schemas in {proto}.",
            "No file below it ends in .proto.",
            "Give the folder that holds common/base.proto.",
        )
    return found


def relative_imports(text: str, module: Path, folders: Collection[str]) -> str:
    """Turns protoc's absolute imports between schemas into relative ones, so that the modules work
    inside any package. `module` is the file's own path, `folders` the schemas' top folders."""
    dots = "." * len(module.parts)
    names = "|".join(sorted(re.escape(name) for name in folders))
    for absolute, relative in (
        (rf"^from ((?:{names})\b[\w.]*) import ", rf"from {dots}\1 import "),
        (r"^import (\w+_pb2) as ", rf"from {dots} import \1 as "),
    ):
        text = re.sub(absolute, relative, text, flags=re.MULTILINE)
    return text


def _run_protoc(proto: Path, schemas: list[str], out: list[str], progress: Progress) -> None:
    protoc = deps.protoc(progress)
    paths = [f"--proto_path={proto}", f"--proto_path={protoc.parents[1] / 'data/include'}"]
    run = subprocess.run(
        [str(protoc), *paths, *out, *schemas],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PROTOC_TIMEOUT_S,
        check=False,
    )
    if run.returncode != 0:
        raise NativeError(
            "protoc refused the schemas.",
            run.stderr.strip(),
            f"Mend the file it names, below {proto}.",
        )


def _bring(out: Path, wanted: dict[Path, str], folders: Collection[str]) -> int:
    present = {
        path.relative_to(out)
        for folder in folders
        for path in (out / folder).rglob("*_pb2.py*")
        if path.suffix in (".py", ".pyi")
    }
    gone = present - wanted.keys()
    for name in gone:
        (out / name).unlink()
    changed = {name: text for name, text in wanted.items() if _text_of(out / name) != text}
    for name, text in changed.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return len(gone) + len(changed)


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tpb.native.generate",
        description="Writes the schemas as Python modules, or as C++ with --cpp-out.",
    )
    parser.add_argument("--proto", type=Path, help="folder of the schemas (proto/)")
    parser.add_argument("--python-out", type=Path, help="package folder (python/tpb/wire)")
    parser.add_argument("--cpp-out", type=Path, help="folder for C++ of the lite runtime")
    options = parser.parse_args()
    try:
        if options.cpp_out:
            cpp(options.proto or checkout.root() / "proto", options.cpp_out)
        if options.python_out or not options.cpp_out:
            python(options.proto, options.python_out)
    except NativeError as problem:
        sys.stderr.write(problem.text() + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
