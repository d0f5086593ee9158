"""The host behaves as the terminal does where it matters to an expert."""

import pytest
from tests.mql5.conftest import OpenTerminal
from tests.mql5.script import START_MSC, merged, quotes
from tests.mql5.terminal import Terminal

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

EVERY_SECOND = [START_MSC + 1000 * i for i in range(5)]


@pytest.fixture
def terminal(open_terminal: OpenTerminal) -> Terminal:
    terminal = open_terminal()
    terminal.symbol("EURUSD")
    terminal.symbol("GBPUSD")
    terminal.symbol("HIDDEN", selected=False)
    return terminal


def started(terminal: Terminal, task: str) -> Terminal:
    terminal.attach("Platform", "EURUSD", {"Task": task})
    terminal.start()
    return terminal


def test_ticks_and_timers_come_at_their_times(terminal: Terminal) -> None:
    terminal.clock(START_MSC - 100)
    started(terminal, "count")
    terminal.play(quotes("EURUSD", [START_MSC + 50, START_MSC + 250]))
    terminal.run(100)
    assert terminal.texts("print") == [
        "timer 1 at 17:00:00",
        "tick 1",
        "timer 2 at 17:00:00",
        "timer 3 at 17:00:00",
        "tick 2",
        "timer 4 at 17:00:00",
    ]


def test_ticks_of_other_symbols_call_nobody(terminal: Terminal) -> None:
    started(terminal, "count")
    terminal.play(merged(quotes("EURUSD", EVERY_SECOND[:1]), quotes("GBPUSD", EVERY_SECOND)))
    assert sum("tick" in text for text in terminal.texts("print")) == 1


def test_ticks_are_not_queued_while_one_is_worked_on(terminal: Terminal) -> None:
    started(terminal, "count")
    terminal.tick_cost(2500)
    terminal.play(quotes("EURUSD", EVERY_SECOND))
    said = terminal.texts("print")
    assert [text for text in said if "tick" in text] == ["tick 1", "tick 2"]  # of 0 s and 3 s
    busy = said[said.index("tick 1") + 1]
    assert busy.startswith("timer")
    assert busy.endswith("17:00:02")  # missed timers are not made up for


def test_a_long_pause_is_cut(terminal: Terminal) -> None:
    started(terminal, "count")
    terminal.play(quotes("EURUSD", [START_MSC, START_MSC + 3_600_000]), idle_ms=1000)
    assert len(terminal.texts("print")) < 50
    assert terminal.records[-1]["text"] == "tick 2"


def test_copying_ticks(terminal: Terminal) -> None:
    terminal.history(quotes("EURUSD", EVERY_SECOND))
    started(terminal, "copy")
    terminal.run(100)
    assert terminal.texts("print") == [
        f"newest 3 {START_MSC + 2000} {START_MSC + 4000} 0",
        f"default 5 {START_MSC} {START_MSC + 4000} 0",
        f"from 2 {START_MSC + 1000} {START_MSC + 2000} 0",
        "none 0 0 0 0",
        f"range 3 {START_MSC + 1000} {START_MSC + 3000} 0",
        "trade 0 0 0 0",
        "unknown -1 0 0 4301",
        "hidden -1 0 0 4302",
        "fixed 2 4407",
    ]


def test_history_that_is_still_loading(open_terminal: OpenTerminal) -> None:
    terminal = open_terminal()
    terminal.symbol("EURUSD", load_ms=45_000, requests_before_history=1)
    terminal.history(quotes("EURUSD", EVERY_SECOND))
    started(terminal, "copy")
    terminal.run(100)
    terminal.run(100)
    first, second, *_ = terminal.texts("print")
    assert first == "newest 0 0 0 4403"
    assert second == f"default 5 {START_MSC} {START_MSC + 4000} 0"


@pytest.mark.parametrize(
    "task,words",
    [
        ("copy-in-init", "can block for 45 s: not in OnInit"),
        ("sleep", "Sleep in a handler"),
        ("print-flood", "100 prints in one second"),
        ("label", "cut at 63 characters"),
        ("label", "an empty text shows as 'Label'"),
    ],
)
def test_what_no_program_may_do_is_a_fault(terminal: Terminal, task: str, words: str) -> None:
    started(terminal, task)
    terminal.run(100)
    assert any(words in text for text in terminal.texts("fault"))


@pytest.mark.parametrize(
    "task,words",
    [("label", "object label was left on the chart"), ("files", "1 files were left open")],
)
def test_what_is_left_behind_is_a_fault(terminal: Terminal, task: str, words: str) -> None:
    started(terminal, task)
    terminal.run(100)
    terminal.remove()
    assert words in terminal.texts("fault")


def test_a_programs_own_failure(terminal: Terminal) -> None:
    started(terminal, "fail")
    assert terminal.texts("print") == ["deinit 8 8"]
    assert terminal.texts("journal") == ["initializing of Platform (EURUSD) failed with code 1"]


@pytest.mark.parametrize(
    "task,words",
    [
        ("out-of-range", "array out of range: [0] of 0"),
        ("wrong-format", "a value of 64 bits needs %I64d"),
    ],
)
def test_critical_errors_end_a_program(terminal: Terminal, task: str, words: str) -> None:
    started(terminal, task)
    terminal.run(200)
    (said,) = terminal.texts("critical")
    assert words in said
    assert terminal.texts("print") == []


def test_a_program_that_takes_itself_off(terminal: Terminal) -> None:
    started(terminal, "leave")
    terminal.run(200)
    assert terminal.texts("print") == ["deinit 0 0"]


def test_changes_of_chart_and_removal(terminal: Terminal) -> None:
    started(terminal, "")
    terminal.change_chart("GBPUSD", period=5)
    terminal.remove()
    assert terminal.texts("print") == ["deinit 3 3", "deinit 1 1"]


def test_the_recorder(terminal: Terminal) -> None:
    started(terminal, "label")
    terminal.run(100)
    assert terminal.of_kind("object")[0]["color"] == 0x4763FF
    assert terminal.texts("comment", "alert") == ["rows 1", "label"]


def test_files_stand_in_their_folder(terminal: Terminal) -> None:
    started(terminal, "files")
    terminal.run(100)
    assert terminal.texts("print") == [
        "read gr\u00fcn second true 15",
        "missing -1 5004",
        "outside -1 5002",
    ]
    note = terminal.folder / "MQL5/Files/folder/note.txt"
    assert note.read_bytes() == "gr\u00fcn\r\nsecond\r\n".encode()


def test_orders_are_refused_and_recorded(terminal: Terminal) -> None:
    started(terminal, "trade")
    terminal.run(100)
    assert terminal.texts("print") == ["sent false 10017"]
    (order,) = terminal.of_kind("order")
    assert (order["symbol"], order["volume"]) == ("EURUSD", "0.1")


def test_custom_symbols(terminal: Terminal) -> None:
    started(terminal, "custom")
    terminal.run(100)
    assert terminal.texts("print") == [
        "created true again false 5304",
        "added 2",
        "backwards -1 5310",
        "after a change of the point false",
    ]
    assert terminal.texts("fault") == ["the history of GW.EURUSD was deleted"]
    assert [tick["time_msc"] for tick in terminal.of_kind("custom_tick")] == [
        START_MSC,
        START_MSC + 1,
    ]


def test_specifications_of_custom_symbols(terminal: Terminal) -> None:
    terminal.symbol("USDJPY", digits=3)
    started(terminal, "specification")
    terminal.run(100)
    assert terminal.texts("print") == [
        "origin 3 USD JPY",
        "new 2 0.01 XAU",
        "read-only false 5307",
        "wrong false 5308",
        "the broker's false 5305",
    ]


@pytest.mark.parametrize("error", [0, 5310])
def test_custom_symbols_that_are_hidden_or_fail(terminal: Terminal, error: int) -> None:
    terminal.refuse_custom_ticks(error)
    started(terminal, "custom")
    terminal.run(100)
    assert ("added 2" in terminal.texts("print")) == (error == 0)
    assert len(terminal.custom_ticks("GW.EURUSD")) == (2 if error == 0 else 0)
    terminal.hide("GW.EURUSD")
    with pytest.raises(ValueError, match="no symbol NOSUCH"):
        terminal.hide("NOSUCH")


def test_lines(terminal: Terminal) -> None:
    started(terminal, "lines")
    terminal.run(100)
    assert terminal.texts("print") == ["line at false false"]
    assert terminal.texts("fault") == ["no number for an object: mean"]
    shown = terminal.lines()
    assert shown.keys() == {"mean"}
    assert (shown["mean"]["color"], shown["mean"]["style"]) == (0x00D7FF, 2)
    terminal.remove()
    assert "object mean was left on the chart" in terminal.texts("fault")


def test_chart_events(terminal: Terminal) -> None:
    started(terminal, "")
    terminal.chart_event(1000, 1 << 40, 0.5, "named")
    assert terminal.texts("print") == [f"event 1000 {1 << 40} 0.5 named"]
