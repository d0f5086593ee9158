"""What the translator and the prelude make of MQL5, compiled and run."""

import pytest
from tests.mql5.conftest import OpenTerminal
from tests.mql5.terminal import Terminal

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]


@pytest.fixture
def terminal(open_terminal: OpenTerminal) -> Terminal:
    terminal = open_terminal()
    terminal.symbol("EURUSD")
    return terminal


def test_the_language(terminal: Terminal) -> None:
    terminal.attach("Language", "EURUSD")
    terminal.start()
    assert terminal.texts("print", "critical", "fault") == [
        "starts 1",
        "inputs 7 text 1 1.50 5000000000 -1",
        "hello 42 SIDE_SELL",
        "sizes 12482 9 60",
        "all 4294967295 1577934245 197121 65 10",
        "arrays 9 2.5 0 1",
        "resized -1 5",
        "copied 339",
        "base plain",
        "derived one with plain",
        "one 7 true",
        "gone: one",
        "gone: plain",
        "strings 4 c a--b----c 3 b- 9 007 1.23 5 xy",
        "  2.2|ab  |0042|ff|1099511627776|%",
        "o\u20ac\u263a",
        "time 2024-2-29 4 59 2024.02.29 12:30:45",
        "chart EURUSD 5 OnInit",
    ]
    assert terminal.of_kind("init")[0]["result"] == 0


def test_inputs_are_set_by_name_and_the_program_stays_loaded(terminal: Terminal) -> None:
    inputs = {"InpNumber": -3, "InpText": "other", "InpFlag": False, "InpReal": 0.25}
    terminal.attach("Language", "EURUSD", inputs)
    terminal.start()
    terminal.change_inputs({"InpLong": 1 << 40, "InpSide": 1})
    said = terminal.texts("print")
    assert [text for text in said if text.startswith("inputs")] == [
        "inputs -3 other 0 0.25 5000000000 -1",
        "inputs -3 other 0 0.25 1099511627776 1",
    ]
    assert [text for text in said if text.startswith(("starts", "reason"))] == [
        "starts 1",
        "reason 5",
        "starts 2",
    ]
    assert any(text == "arrays 9 2.5 0 2" for text in said)  # a static local, too


def test_an_unknown_input_is_refused(terminal: Terminal) -> None:
    with pytest.raises(ValueError, match="Language has no input InpNone"):
        terminal.attach("Language", "EURUSD", {"InpNone": 1})
