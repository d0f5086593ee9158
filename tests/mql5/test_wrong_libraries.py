"""A library of another release, or a broken one, is refused before anything is streamed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.mql5.compiler import Compiler
from tests.mql5.conftest import OpenTerminal
from tests.mql5.streaming import save_token
from tests.mql5.terminal import Terminal
from tests.mql5.translator import Unit

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

EXPERTS = ["TickStreamer", "MarketDataSubscriber", "SelfTest", "QuickStart"]
SIZES = {1: 60, 2: 216, 3: 40}


@pytest.fixture
def exports(units: list[Unit]) -> list[str]:
    """What the experts import."""
    (unit,) = (unit for unit in units if unit.name == "TickStreamer")
    return [imported.name for imported in unit.imports]


def library(exports: Sequence[str], version: int = 1, sizes: dict[int, int] = SIZES) -> str:
    """A library in C that says who it is and can do nothing else."""
    answers = {
        "TpbAbiVersion": f"return {version};",
        "TpbSizeOf": " ".join(f"if (which == {each}) return {sizes[each]};" for each in sizes),
    }
    functions = (
        f"EXPORT int {name}(int which) {{ (void)which; {answers.get(name, '')} return -501; }}"
        for name in exports
    )
    return "\n".join(["#define EXPORT __declspec(dllexport)", *functions, ""])


def started(open_terminal: OpenTerminal, expert: str, library: Path) -> Terminal:
    terminal = open_terminal(library=library)
    save_token(terminal.folder, "e30.e30.x")
    terminal.symbol("EURUSD")
    terminal.attach(expert, "EURUSD")
    terminal.start()
    terminal.run(1000)
    return terminal


def said(terminal: Terminal) -> str:
    return " ".join(terminal.texts("alert", "print"))


@pytest.mark.parametrize("expert", EXPERTS)
def test_another_abi_version(
    expert: str, exports: list[str], compiler: Compiler, open_terminal: OpenTerminal
) -> None:
    wrong = compiler.library(library(exports, version=2))
    terminal = started(open_terminal, expert, wrong)
    assert terminal.of_kind("init")[0]["result"] != 0
    assert "TradingProtobuf.dll speaks ABI 2, this program ABI 1." in said(terminal)
    assert terminal.texts("critical", "fault") == []


@pytest.mark.parametrize("expert", EXPERTS)
@pytest.mark.parametrize(
    "layout,struct", [(1, "MqlTick"), (2, "TpbStatusInfo"), (3, "TpbEventInfo")]
)
def test_a_struct_of_another_size(
    expert: str,
    layout: int,
    struct: str,
    exports: list[str],
    compiler: Compiler,
    open_terminal: OpenTerminal,
) -> None:
    size = SIZES[layout]
    wrong = compiler.library(library(exports, sizes=SIZES | {layout: size + 4}))
    terminal = started(open_terminal, expert, wrong)
    assert terminal.of_kind("init")[0]["result"] != 0
    assert f"{struct} has {size} bytes here and {size + 4} in TradingProtobuf.dll" in said(terminal)
    assert terminal.texts("critical", "fault") == []


@pytest.mark.parametrize("expert", EXPERTS)
def test_a_missing_export(
    expert: str, exports: list[str], compiler: Compiler, open_terminal: OpenTerminal
) -> None:
    """The terminal itself refuses: it binds before OnInit."""
    wrong = compiler.library(library([name for name in exports if name != "TpbCursor"]))
    terminal = started(open_terminal, expert, wrong)
    assert terminal.texts("journal") == ["Cannot find 'TpbCursor' in 'TradingProtobuf.dll'"]
    assert terminal.of_kind("init") == []


@pytest.mark.parametrize("expert", EXPERTS)
def test_libraries_are_not_allowed(
    expert: str, windows_build: Path, open_terminal: OpenTerminal
) -> None:
    terminal = open_terminal()
    terminal.forbid_dlls()
    terminal.symbol("EURUSD")
    terminal.attach(expert, "EURUSD")
    terminal.start()
    assert terminal.texts("journal") == ["DLL loading is not allowed"]
    assert terminal.of_kind("init") == []


@pytest.mark.parametrize("expert", EXPERTS)
def test_nothing_runs_in_the_strategy_tester(expert: str, open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    terminal.tester()
    save_token(terminal.folder, "e30.e30.x")
    terminal.symbol("EURUSD")
    terminal.attach(expert, "EURUSD")
    terminal.start()
    terminal.run(1000)
    assert terminal.of_kind("init")[0]["result"] != 0
    assert "Strategy Tester" in said(terminal)
    assert terminal.texts("critical", "fault") == []
