"""Compiles experts with MetaEditor, MetaTrader's own compiler, where there is one.

It is a window program: it has no output, and its exit code says nothing (1 for a clean run in most
builds). What it found stands in a log of UTF-16; what it made is the .ex5. Both are asked for.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from tpb.terminal.installations import mql5_folders, program_folders, text_of, wine_prefix

NAME = "MetaEditor64.exe"
_COMPILE_TIMEOUT_S = 300.0

_RESULT = re.compile(r"^\s*result:? (\d+) errors?, (\d+) warnings?", re.IGNORECASE | re.MULTILINE)
_FINDING = re.compile(
    r"^(?P<file>.*?)(?:\((?P<line>\d+),(?P<column>\d+)\))? : "
    r"(?P<severity>error|warning) (?P<code>\d+): (?P<text>.*)$"
)


@dataclass(frozen=True)
class Remark:
    """An error or a warning, at a place in the sources: "Experts/TickStreamer.mq5:12:5"."""

    severity: str
    place: str
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.severity} {self.code}: {self.text}"


@dataclass(frozen=True)
class Compilation:
    """What MetaEditor made of one expert."""

    expert: str
    remarks: tuple[Remark, ...]
    problem: str  # why it is not compiled; "" = it is

    @property
    def ok(self) -> bool:
        return not self.problem


def find(mql5: Iterable[Path] | None = None) -> list[Path]:
    """Every MetaEditor beside a terminal of this machine."""
    folders = program_folders(mql5_folders() if mql5 is None else mql5)
    return [
        program
        for folder in folders
        for program in sorted(folder.iterdir())
        if program.name.lower() == NAME.lower()
    ]


def compile_experts(
    editor: Path, sources: Path, *, loader: Sequence[str] = ()
) -> Iterator[Compilation]:
    """Compiles a copy of `sources`, the folder that holds Experts and Include.

    loader: what starts a Windows program here, such as Wine; nothing on Windows. The copy stands on
    the editor's own drive C: where that is a Wine prefix.
    """
    prefix = wine_prefix(editor.absolute())
    drive = prefix / "drive_c" if prefix else None
    with tempfile.TemporaryDirectory(prefix="tpb-", dir=drive) as scratch:
        copy = Path(scratch) / "MQL5"
        for room in ("Experts", "Include"):
            shutil.copytree(
                sources / room, copy / room, ignore=shutil.ignore_patterns("*.ex5", "*.log")
            )
        for expert in sorted((copy / "Experts").glob("*.mq5")):
            yield _compile(editor, expert, copy, [*loader], prefix)


def _compile(
    editor: Path, expert: Path, copy: Path, loader: list[str], prefix: Path | None
) -> Compilation:
    log = expert.with_suffix(".log")
    arguments = {"compile": expert, "include": copy, "log": log}
    try:
        subprocess.run(
            _command(editor, arguments, loader, prefix),
            env=_environment(prefix),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_COMPILE_TIMEOUT_S,
            check=False,  # its exit code says nothing
        )
    except subprocess.TimeoutExpired:
        return Compilation(expert.name, (), f"no end within {_COMPILE_TIMEOUT_S:.0f} s")
    except OSError as problem:
        return Compilation(expert.name, (), f"{editor} cannot be started: {problem}")
    if not log.is_file():
        return Compilation(expert.name, (), f"{editor.name} wrote no log")
    said = text_of(log)
    remarks = tuple(_remarks(said))
    return Compilation(
        expert.name, remarks, _problem(said, remarks, made=expert.with_suffix(".ex5"))
    )


def _problem(log: str, remarks: Sequence[Remark], *, made: Path) -> str:
    result = _RESULT.search(log)
    if result is None:
        return "the log has no result line"
    errors = max(int(result[1]), sum(each.severity == "error" for each in remarks))
    if errors:
        return f"{errors} error{'s' if errors > 1 else ''}"
    if not made.is_file() or made.stat().st_size == 0:
        return f"no errors, and yet no {made.name}"
    return ""


def _remarks(log: str) -> Iterator[Remark]:
    for line in log.splitlines():
        if " : information: " in line or not (found := _FINDING.match(line.strip())):
            continue
        where = [_in_copy(found["file"]), found["line"], found["column"]]
        place = ":".join(filter(None, where))
        yield Remark(found["severity"], place, int(found["code"]), found["text"])


def _in_copy(windows_path: str) -> str:
    """The file's name below MQL5; of a file elsewhere, its path."""
    return re.sub(r"^.*[\\/]MQL5[\\/]", "", windows_path).replace("\\", "/")


def _command(
    editor: Path, arguments: dict[str, Path], loader: list[str], prefix: Path | None
) -> list[str] | str:
    if os.name == "nt":
        # As the terminal's manual writes it: the quotes behind the colon.
        switches = (f'/{name}:"{path}"' for name, path in arguments.items())
        return " ".join([f'"{editor}"', *switches])
    switches = (f"/{name}:{_windows_path(path, prefix)}" for name, path in arguments.items())
    return [*loader, str(editor), *switches]


def _windows_path(path: PurePath, prefix: Path | None) -> str:
    if prefix and path.is_relative_to(prefix / "drive_c"):
        return "C:\\" + "\\".join(path.relative_to(prefix / "drive_c").parts)
    return "Z:" + str(path).replace("/", "\\")


def _environment(prefix: Path | None) -> dict[str, str]:
    quiet = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree=;mshtml="}
    return dict(os.environ) | ({"WINEPREFIX": str(prefix)} | quiet if prefix else {})
