"""A library of another release, or a broken one, is refused before anything is streamed."""

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.mql5.compiler import Compiler
from tests.mql5.conftest import OpenTerminal
from tests.mql5.script import START_MSC
from tests.mql5.streaming import save_token
from tests.mql5.terminal import Terminal
from tests.mql5.translator import Unit

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

EXPERTS = ["TickStreamer", "MarketDataSubscriber", "SelfTest", "QuickStart"]
SIZES = {1: 60, 2: 216, 3: 40, 4: 168, 5: 88, 6: 56}
STRUCTS = {
    1: "MqlTick",
    2: "TpbStatusInfo",
    3: "TpbEventInfo",
    4: "TpbMarketData",
    5: "TpbMarketStatusInfo",
    6: "TpbIndicatorInfo",
}
# A library that is right as far as it says, and has just the answers that a subscriber needs.
SUBSCRIBER_INPUTS = {"InpSymbols": "EURUSD", "InpCustomSymbols": True}
SUBSCRIBED = {
    "TpbOpen": "*(long long*)handle = 1; return 0;",
    "TpbSubscribe": "return 1;",
    "TpbClose": "return 0;",
}


@pytest.fixture
def exports(units: list[Unit]) -> list[str]:
    """What the experts import."""
    (unit,) = (unit for unit in units if unit.name == "TickStreamer")
    return [imported.name for imported in unit.imports]


def library(
    exports: Sequence[str],
    version: int = 2,
    sizes: dict[int, int] = SIZES,
    answers: Mapping[str, str] = {},
) -> str:
    """A library in C that says who it is and can do nothing else, but for the answers.

    answers: what functions do, as C; their arguments are first, second (`handle`) and third.
    """
    answers = {
        "TpbAbiVersion": f"return {version};",
        "TpbSizeOf": " ".join(f"if (first == {each}) return {sizes[each]};" for each in sizes),
    } | dict(answers)
    functions = (
        f"EXPORT int {name}(long long first, char* handle, long long third)"
        f" {{ (void)first, (void)handle, (void)third; {answers.get(name, '')} return -501; }}"
        for name in exports
    )
    return "\n".join(["#define EXPORT __declspec(dllexport)", *functions, ""])


def started(
    open_terminal: OpenTerminal, expert: str, library: Path, inputs: Mapping[str, object] = {}
) -> Terminal:
    terminal = open_terminal(library=library)
    save_token(terminal.folder, "e30.e30.x")
    terminal.symbol("EURUSD")
    terminal.attach(expert, "EURUSD", inputs)
    terminal.start()
    terminal.run(1000)
    return terminal


def said(terminal: Terminal) -> str:
    return " ".join(terminal.texts("alert", "print"))


@pytest.mark.parametrize("expert", EXPERTS)
def test_another_abi_version(
    expert: str, exports: list[str], compiler: Compiler, open_terminal: OpenTerminal
) -> None:
    wrong = compiler.library(library(exports, version=1))
    terminal = started(open_terminal, expert, wrong)
    assert terminal.of_kind("init")[0]["result"] != 0
    assert "TradingProtobuf.dll speaks ABI 1, this program needs ABI 2." in said(terminal)
    assert terminal.texts("critical", "fault") == []


def test_a_newer_library_is_taken(
    exports: list[str], compiler: Compiler, open_terminal: OpenTerminal
) -> None:
    """The contract only grows."""
    newer = compiler.library(library(exports, version=3, answers=SUBSCRIBED))
    terminal = started(open_terminal, "MarketDataSubscriber", newer)
    assert terminal.of_kind("init")[0]["result"] == 0
    assert "ABI" not in said(terminal)


def test_market_data_written_past_its_array(
    exports: list[str], compiler: Compiler, open_terminal: OpenTerminal
) -> None:
    """The terminal itself would be destroyed; here the guards see it."""
    poll = "for (int i = 0; i < 168; ++i) handle[third * 168 + i] = 1; return (int)third;"
    wrong = compiler.library(library(exports, answers=SUBSCRIBED | {"TpbPollMarketData": poll}))
    terminal = started(open_terminal, "MarketDataSubscriber", wrong)
    assert terminal.texts("critical") == ["TpbPollMarketData wrote past the end of an argument"]


MESSAGE = struct.Struct("<12d6q6i")  # TpbMarketData


def message(bid: float, live: int) -> bytes:
    numbers = [bid, 1.2, *[math.nan] * 10]
    counts = [0, START_MSC, 0, 0, 1, 0]
    return MESSAGE.pack(*numbers, *counts, 1, live, 0, 0, 0, 0)


@pytest.mark.parametrize("bid,live,fed", [(1.1, 1, 1), (1.1, 0, 0), (math.nan, 1, 0)])
def test_custom_symbols_get_what_is_live_and_a_price(
    bid: float,
    live: int,
    fed: int,
    exports: list[str],
    compiler: Compiler,
    open_terminal: OpenTerminal,
) -> None:
    content = ",".join(map(str, message(bid, live)))
    poll = (
        f"static int polled; static const unsigned char message[] = {{{content}}};"
        "if (polled++) return 0;"
        "for (int i = 0; i < (int)sizeof message; ++i) handle[i] = (char)message[i];"
        "return 1;"
    )
    answers = SUBSCRIBED | {"TpbPollMarketData": poll}
    told = compiler.library(library(exports, answers=answers))
    terminal = started(open_terminal, "MarketDataSubscriber", told, SUBSCRIBER_INPUTS)
    assert terminal.texts("critical", "fault") == []
    assert [each["time_msc"] for each in terminal.custom_ticks("EURUSD.srv")] == [START_MSC] * fed


@pytest.mark.parametrize("expert", EXPERTS)
@pytest.mark.parametrize("layout,name", STRUCTS.items())
def test_a_struct_of_another_size(
    expert: str,
    layout: int,
    name: str,
    exports: list[str],
    compiler: Compiler,
    open_terminal: OpenTerminal,
) -> None:
    size = SIZES[layout]
    wrong = compiler.library(library(exports, sizes=SIZES | {layout: size + 4}))
    terminal = started(open_terminal, expert, wrong)
    assert terminal.of_kind("init")[0]["result"] != 0
    assert f"{name} has {size} bytes here and {size + 4} in TradingProtobuf.dll" in said(terminal)
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
