"""Compiling experts by MetaEditor: what is asked of it, and what its log says."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tpb.terminal import metaeditor
from tpb.terminal.metaeditor import Compilation

posix = pytest.mark.skipif(sys.platform == "win32", reason="a Wine prefix stands in for Windows")

Compile = Callable[[dict[str, str]], dict[str, Compilation]]


@pytest.fixture
def compile_files(tmp_path: Path, repository: Path) -> Compile:
    """Compiles sources, given by their names below MQL5, with the double in a Wine prefix."""
    editor = tmp_path / "prefix/drive_c/Program Files/MetaTrader 5/MetaEditor64.exe"
    editor.parent.mkdir(parents=True)
    double = repository / "tests/python/terminal/metaeditor_double.py"
    editor.write_bytes(double.read_bytes())

    def compiled(files: dict[str, str]) -> dict[str, Compilation]:
        sources = tmp_path / "mql5"
        for room in ("Experts", "Include"):
            (sources / room).mkdir(parents=True)
        for name, text in files.items():
            path = sources / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="ascii")
        found = list(metaeditor.compile_experts(editor, sources, loader=[sys.executable]))
        assert sorted(path.name for path in sources.rglob("*.*")) == sorted(
            Path(name).name for name in files
        ), "only a copy is compiled"
        assert not list((tmp_path / "prefix/drive_c").glob("tpb-*")), "the copy is removed"
        return {each.expert: each for each in found}

    return compiled


@posix
def test_experts_that_compile(compile_files: Compile) -> None:
    found = compile_files(
        {
            "Experts/A.mq5": "#include <Room\\A.mqh>\n",
            "Experts/B.mq5": "int x; //! warning 43: possible loss of data\n",
            "Include/Room/A.mqh": '#include "B.mqh"\n',
            "Include/Room/B.mqh": "int y;\n",
        }
    )
    assert [found[name].problem for name in ("A.mq5", "B.mq5")] == ["", ""]
    assert found["A.mq5"].remarks == ()
    assert [str(each) for each in found["B.mq5"].remarks] == [
        "Experts/B.mq5:1:8: warning 43: possible loss of data"
    ]


@posix
def test_errors_come_by_file_and_line_though_the_exit_code_says_well(
    compile_files: Compile,
) -> None:
    found = compile_files(
        {
            "Experts/A.mq5": "\n#include <Room\\A.mqh>\n//! error 149: ';' - unexpected token\n",
            "Include/Room/A.mqh": "//! error 256: undeclared identifier 'f(1,2) : x'\n",
        }
    )
    assert found["A.mq5"].problem == "2 errors"
    assert [str(each) for each in found["A.mq5"].remarks] == [
        "Include/Room/A.mqh:1:1: error 256: undeclared identifier 'f(1,2) : x'",
        "Experts/A.mq5:3:1: error 149: ';' - unexpected token",
    ]


@posix
def test_a_missing_include_is_an_error(compile_files: Compile) -> None:
    found = compile_files({"Experts/A.mq5": "#include <Trade\\Trade.mqh>\n"})
    assert found["A.mq5"].problem == "1 error"
    assert found["A.mq5"].remarks[0].place == "Experts/A.mq5:1:1"


@posix
@pytest.mark.parametrize(
    "failing,problem",
    [
        ("no-log", "MetaEditor64.exe wrote no log"),
        ("no-result", "the log has no result line"),
        ("no-ex5", "no errors, and yet no A.ex5"),
    ],
)
def test_what_is_not_seen_is_not_believed(
    compile_files: Compile, monkeypatch: pytest.MonkeyPatch, failing: str, problem: str
) -> None:
    monkeypatch.setenv("METAEDITOR_DOUBLE", failing)
    assert compile_files({"Experts/A.mq5": "\n"})["A.mq5"].problem == problem


@posix
def test_an_old_ex5_beside_the_source_is_not_taken_for_a_new_one(
    compile_files: Compile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METAEDITOR_DOUBLE", "no-ex5")
    found = compile_files({"Experts/A.mq5": "\n", "Experts/A.ex5": "old"})
    assert not found["A.mq5"].ok


@posix
def test_a_loader_that_is_not_there(tmp_path: Path) -> None:
    for room in ("Experts", "Include"):
        (tmp_path / room).mkdir()
    (tmp_path / "Experts/A.mq5").touch()
    editor = tmp_path / "MetaEditor64.exe"
    (found,) = metaeditor.compile_experts(editor, tmp_path, loader=[str(tmp_path / "wine")])
    assert "cannot be started" in found.problem


@pytest.mark.parametrize(
    "line,text",
    [
        (r"(1,1) : error 161: unexpected end of program", "1:1: error 161"),
        (r"C:\x\MQL5\Experts\a.mq5 : error 106: no file", "Experts/a.mq5: error 106"),
        (r"C:\a (1)\MQL5\Include\b.mqh(7,2) : warning 43: lossy", "Include/b.mqh:7:2: warning 43"),
        (r"Z:\MQL5\a.mq5 : information: including Z:\MQL5\c : error 1: d.mqh", ""),
    ],
)
def test_lines_of_the_log(line: str, text: str) -> None:
    remarks = [str(each) for each in metaeditor._remarks(f"{line}\r\nResult: 1 errors\r\n")]
    assert [each.startswith(text) for each in remarks] == ([True] if text else [])


def test_finding_the_editor(tmp_path: Path) -> None:
    data, portable, other = (tmp_path / name for name in ("data", "portable", "other"))
    program = tmp_path / "Program Files/Broker MT5"
    for folder in (data / "MQL5", portable / "MQL5", other / "MQL5", program):
        folder.mkdir(parents=True)
    (data / "origin.txt").write_bytes(b"\xff\xfe" + f"{program}\r\n".encode("utf-16-le"))
    for editor in (program / "metaeditor64.exe", portable / "MetaEditor64.exe"):
        editor.touch()
    found = metaeditor.find(folder / "MQL5" for folder in (data, portable, other))
    assert found == [program / "metaeditor64.exe", portable / "MetaEditor64.exe"]
