"""Libraries that break the rules are caught at the call; those that keep them are not disturbed."""

from pathlib import Path

import pytest
from tests.mql5.compiler import SOURCES, Compiler
from tests.mql5.conftest import OpenTerminal
from tests.mql5.terminal import Terminal

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

MISBEHAVING = SOURCES / "stubs/Misbehaving.c"


@pytest.fixture
def call(compiler: Compiler, open_terminal: OpenTerminal, tmp_path: Path) -> "Call":
    return Call(open_terminal, tmp_path, compiler.library(MISBEHAVING.read_text()))


class Call:
    def __init__(self, open_terminal: OpenTerminal, folder: Path, library: Path) -> None:
        self._open = open_terminal
        self._folder = folder
        self._library = library

    def __call__(self, task: str) -> Terminal:
        """Runs Imports.mq5 with the library in place."""
        libraries = self._folder / "terminal/MQL5/Libraries"
        libraries.mkdir(parents=True)
        (libraries / "Misbehaving.dll").write_bytes(self._library.read_bytes())
        terminal = self._open()
        terminal.symbol("EURUSD")
        terminal.attach("Imports", "EURUSD", {"Task": task})
        terminal.start()
        terminal.run(100)
        return terminal


def test_a_library_that_keeps_the_rules(call: Call) -> None:
    assert call("well").texts("print", "critical") == [
        "sum 7 length 4",
        "doubled 2 2 2.5 42",
        "still here",
    ]


def test_an_array_of_structs_is_written_back(call: Call) -> None:
    assert call("structs-within").texts("print", "critical") == ["polled 2 2", "still here"]


def test_an_array_is_written_back(call: Call) -> None:
    assert call("fill").texts("print", "critical") == ["filled 4 4", "still here"]


@pytest.mark.parametrize(
    "task,words",
    [
        ("past-the-end", "Fill wrote past the end of an argument"),
        ("structs-past-the-end", "Poll wrote past the end of an argument"),
        (
            "structs-kept",
            "before ReadKept: the library kept a pointer and wrote to it after the call",
        ),
        ("before", "WriteBefore wrote before an argument"),
        ("constant", "ChangeConstant changed a constant argument"),
        (
            "kept-and-written",
            "before ReadKept: the library kept a pointer and wrote to it after the call",
        ),
    ],
)
def test_a_library_that_breaks_them(call: Call, task: str, words: str) -> None:
    assert call(task).texts("print", "critical") == [words]


def test_what_a_library_kept_is_spoiled(call: Call) -> None:
    assert call("kept-and-read").texts("print") == [f"read {0xDB}", "still here"]


def test_a_missing_library(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    terminal.symbol("EURUSD")
    terminal.attach("Imports", "EURUSD")
    terminal.start()
    assert terminal.texts("journal", "print") == ["Cannot load 'Misbehaving.dll' [126]"]
