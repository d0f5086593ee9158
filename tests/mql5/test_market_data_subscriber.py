"""MarketDataSubscriber.mq5 over the real library and a real gateway, which a sender streams to."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from tests.mql5.conftest import OpenTerminal, Wait
from tests.mql5.script import START_MSC, Script, of_symbol, quotes
from tests.mql5.streaming import assert_well_behaved, save_token
from tests.mql5.terminal import Record, Terminal
from tests.mql5.told_server import ToldServer

import tpb
from tpb.gateway.market.pairs_client import pairs_of
from tpb.testing.gateway import GatewayFixture
from tpb.testing.scripted import (
    Behaviour,
    ScriptedServer,
    never_answers,
    stalls_after_upgrade,
)
from tpb.wire.trading.market_data_pb2 import ClientMarketData

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

EXPERT = "MarketDataSubscriber"
LIME_GREEN, ORANGE, GRAY = 0x32CD32, 0x00A5FF, 0x808080
DEINIT_LIMIT_MS = 900
HANDLER_LIMIT_MS = 1000  # a busy machine; the network's limits begin at 3 s


class Subscriber:
    """The expert on a chart of EURUSD, its gateway, and somebody who streams to that."""

    def __init__(
        self, open_terminal: OpenTerminal, gateway: GatewayFixture, wait_until: Wait
    ) -> None:
        self._open = open_terminal
        self._wait = wait_until
        self.gateway = gateway
        self.token = gateway.token(user="reader", tier="pro")
        self.sender = tpb.Session(gateway.endpoint, gateway.token(user="sender"), flush_ms=5)
        self.terminal = self._new_terminal()

    def _new_terminal(self) -> Terminal:
        terminal = self._open()
        terminal.symbol("EURUSD")
        terminal.symbol("GBPUSD")
        return terminal

    def start(self, symbols: str = "EURUSD", /, **inputs: object) -> None:
        save_token(self.terminal.folder, self.token)
        self.inputs = {"InpEndpoint": self.gateway.endpoint, "InpSymbols": symbols} | inputs
        self.terminal.attach(EXPERT, "EURUSD", self.inputs)
        self.terminal.start()

    def start_again(self) -> None:
        """A new terminal over the same folder."""
        self.terminal.close()
        self.terminal = self._new_terminal()
        self.terminal.attach(EXPERT, "EURUSD", self.inputs)
        self.terminal.start()

    def subscribed(self, symbol: str = "EURUSD") -> None:
        """Until the gateway has granted it."""
        self.run_until(lambda: any("no price yet" in row for row in self.rows(symbol)))

    def send(self, script: Script, symbol: str = "EURUSD") -> None:
        self.sender.send(symbol, of_symbol(script, symbol))

    def run_until(self, is_right: Callable[[], bool]) -> None:
        self.terminal.run_until(is_right, self._wait)

    def run_until_row(self, *words: str, symbol: str = "EURUSD") -> str:
        """Until the symbol's first row has all the words; the row."""
        self.run_until(lambda: all(word in self.rows(symbol)[0] for word in words))
        return self.rows(symbol)[0]

    def rows(self, symbol: str) -> list[str]:
        """The symbol's labels, from top to bottom; its indicators follow it."""
        shown = self.terminal.panel()
        texts = [shown[name] for name in sorted(shown, key=_row)]
        at = next((i for i, text in enumerate(texts) if text.startswith(f"{symbol} ")), None)
        if at is None:
            return [""]
        more = next((i for i in range(at + 1, len(texts)) if texts[i][:1] != " "), len(texts))
        return texts[at:more]

    def label(self, text: str) -> Record:
        """The newest label with the text."""
        return next(
            each for each in reversed(self.terminal.of_kind("object")) if text in each["text"]
        )

    def assert_well_behaved(self) -> None:
        self.terminal.close()
        assert_well_behaved(self.terminal, self.token)
        assert self.terminal.longest_ms(deinit=True) < DEINIT_LIMIT_MS


@pytest.fixture
def subscriber(
    open_terminal: OpenTerminal, gateway: GatewayFixture, wait_until: Wait
) -> Iterator[Subscriber]:
    made = Subscriber(open_terminal, gateway, wait_until)
    yield made
    made.sender.close(0.0)


def _row(name: str) -> int:
    return int(name.rpartition("_")[2])


def every(milliseconds: int, count: int, start_ms: int = 0) -> list[int]:
    return [START_MSC + start_ms + milliseconds * i for i in range(count)]


def prices(row: str) -> list[float]:
    return [float(text) for text in re.findall(r"-?\d+\.\d+", row)]


def fed(records: Sequence[Record]) -> list[tuple[int, float, float]]:
    return [(each["time_msc"], each["bid"], each["ask"]) for each in records]


def sent(*scripts: Script) -> list[tuple[int, float, float]]:
    ticks = np.concatenate([script["tick"] for script in scripts])
    return list(
        zip(ticks["time_msc"].tolist(), ticks["bid"].tolist(), ticks["ask"].tolist(), strict=True)
    )


def age_s(row: str) -> float:
    found = re.search(r"(\d+(?:\.\d)?) (s|min|h|d)\b", row)
    assert found, row
    return float(found[1]) * {"s": 1, "min": 60, "h": 3600, "d": 86400}[found[2]]


# ---- the table ----


def test_prices_and_indicators_are_shown(subscriber: Subscriber) -> None:
    subscriber.start("EURUSD, GBPUSD,EURUSD", InpTimeframe="tick")
    subscriber.subscribed()
    subscriber.subscribed("GBPUSD")
    few = quotes("GBPUSD", every(50, 20), bid=1.25)
    subscriber.send(few, "GBPUSD")
    many = quotes("EURUSD", every(50, 80))
    subscriber.send(many)
    last = many["tick"][-1]
    subscriber.run_until_row(f"{last['bid']:.5f}", f"{last['ask']:.5f}", "live")
    subscriber.run_until_row(f"{few['tick'][-1]['bid']:.5f}", "live", symbol="GBPUSD")

    bids = many["tick"]["bid"]
    price, averages, bands = subscriber.rows("EURUSD")
    assert re.search(r" (sydney|tokyo|london|new york) (open|closed)$", price), price
    sma_20, sma_50, _, _, rsi = prices(averages)
    assert sma_20 == pytest.approx(bids[-20:].mean(), abs=1e-5)
    assert sma_50 == pytest.approx(bids[-50:].mean(), abs=1e-5)
    assert rsi == 100.0  # it only rose
    deviation = 2 * bids[-20:].std()
    assert prices(bands)[2:] == pytest.approx(
        [bids[-20:].mean() - deviation, bids[-20:].mean(), bids[-20:].mean() + deviation], abs=1e-5
    )
    # Of twenty ticks most is not known, and is no number then.
    _, averages, bands = subscriber.rows("GBPUSD")
    assert re.match(r"  SMA \d\.\d+ -  EMA \d\.\d+ -  RSI 100\.0$", averages), averages
    assert bands.startswith("  MACD - -  BB 1.24998 1.25009 1.25021"), bands
    assert "2 of 2 symbols, tier pro, indicators of tick" in subscriber.terminal.panel().values()
    assert subscriber.label("live")["color"] == LIME_GREEN

    subscriber.terminal.remove()
    assert subscriber.terminal.panel() == {}
    assert subscriber.terminal.lines() == {}
    subscriber.assert_well_behaved()


def test_nothing_is_streamed_up(subscriber: Subscriber) -> None:
    subscriber.start()
    subscriber.subscribed()
    assert subscriber.gateway.health()["connections"] == 1  # the sender's
    subscriber.terminal.play(quotes("EURUSD", every(100, 20)))
    script = quotes("EURUSD", every(50, 5, 5000), bid=1.3)
    subscriber.send(script)
    subscriber.run_until_row("1.30004", "live")
    subscriber.sender.drain(10.0)
    assert {batch.session for batch in subscriber.gateway.batches()} == {
        subscriber.sender.status().session_id
    }
    subscriber.assert_well_behaved()


def test_prices_that_stop_coming_are_stale(subscriber: Subscriber) -> None:
    """The connection is well; nobody streams."""
    subscriber.start(InpStaleAfterS=1)
    subscriber.subscribed()
    subscriber.send(quotes("EURUSD", every(50, 3)))
    subscriber.run_until_row("live")
    row = subscriber.run_until_row("STALE")
    assert age_s(row) >= 1.0
    assert subscriber.label("STALE")["color"] == ORANGE
    subscriber.run_until(lambda: age_s(subscriber.rows("EURUSD")[0]) >= 2.0)
    said = [text for text in subscriber.terminal.texts("print") if "no price for 1 s" in text]
    assert len(said) == 1
    assert "EURUSD" in said[0]
    subscriber.send(quotes("EURUSD", every(50, 3, 5000)))
    subscriber.run_until_row("live")
    subscriber.assert_well_behaved()


def test_a_symbol_that_the_broker_has_not(subscriber: Subscriber) -> None:
    subscriber.start("USDJPY", InpCustomSymbols=True)
    subscriber.subscribed("USDJPY")
    script = quotes("USDJPY", every(50, 3), bid=145.0)
    subscriber.send(script, "USDJPY")
    subscriber.run_until_row("145.000", "145.000", "live", symbol="USDJPY")
    assert fed(subscriber.terminal.custom_ticks("USDJPY.srv")) == sent(script)
    subscriber.assert_well_behaved()


def test_a_symbol_with_another_name_at_the_broker(subscriber: Subscriber) -> None:
    subscriber.terminal.symbol("Cable", digits=3)
    subscriber.start("EURUSD, GBPUSD = Cable")
    subscriber.subscribed("GBPUSD")
    subscriber.send(quotes("GBPUSD", every(50, 3), bid=1.25), "GBPUSD")
    subscriber.run_until_row("    1.250     1.250 ", "live", symbol="GBPUSD")
    subscriber.assert_well_behaved()


# ---- custom symbols ----


def test_custom_symbols_get_each_tick_once(subscriber: Subscriber) -> None:
    """Also those that share a millisecond, and those that look alike."""
    subscriber.start("EURUSD,GBPUSD", InpCustomSymbols=True, InpTimeframe="tick")
    subscriber.subscribed("EURUSD")
    subscriber.subscribed("GBPUSD")
    burst = quotes("EURUSD", [START_MSC] * 40 + every(7, 200, 1))
    burst["tick"]["bid"][10:20] = burst["tick"]["bid"][10]
    burst["tick"]["ask"][10:20] = burst["tick"]["ask"][10]
    others = quotes("GBPUSD", every(13, 150), bid=1.25)
    subscriber.send(burst)
    subscriber.send(others, "GBPUSD")
    subscriber.run_until(
        lambda: "390 ticks in custom symbols" in subscriber.terminal.panel().values()
    )
    assert fed(subscriber.terminal.custom_ticks("EURUSD.srv")) == sent(burst)
    assert fed(subscriber.terminal.custom_ticks("GBPUSD.srv")) == sent(others)
    assert [
        (each["symbol"], each["path"]) for each in subscriber.terminal.of_kind("custom_symbol")
    ] == [
        ("EURUSD.srv", "Gateway"),
        ("GBPUSD.srv", "Gateway"),
    ]
    subscriber.assert_well_behaved()


def test_ticks_whose_time_runs_backwards_are_left_out(subscriber: Subscriber) -> None:
    subscriber.start(InpCustomSymbols=True)
    subscriber.subscribed()
    script = quotes("EURUSD", [START_MSC + each for each in (0, 100, 50, 100, 99, 200)])
    subscriber.send(script)
    subscriber.run_until_row(f"{script['tick'][-1]['bid']:.5f}")
    assert fed(subscriber.terminal.custom_ticks("EURUSD.srv")) == [
        each for at, each in enumerate(sent(script)) if at not in (2, 4)
    ]
    wanted = "2 ticks left out: their time ran backwards"
    subscriber.run_until(lambda: wanted in subscriber.terminal.panel().values())
    subscriber.assert_well_behaved()


def test_a_custom_symbol_that_takes_no_ticks(subscriber: Subscriber) -> None:
    """Said once, with what to do; what failed is not fed later."""
    subscriber.start(InpCustomSymbols=True)
    subscriber.subscribed()
    first, failed, last = (quotes("EURUSD", every(50, 5, 1000 * each)) for each in range(3))
    subscriber.send(first)
    subscriber.run_until(lambda: len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 5)
    subscriber.terminal.refuse_custom_ticks(5310)
    for at in range(5):
        subscriber.send(failed[at : at + 1])
        subscriber.run_until_row(f"{failed['tick'][at]['bid']:.5f}")
        wanted = f"{at + 1} ticks not taken by custom symbols"
        subscriber.run_until(lambda: wanted in subscriber.terminal.panel().values())  # noqa: B023
    subscriber.terminal.refuse_custom_ticks(0)
    subscriber.send(last)
    subscriber.run_until(lambda: len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 10)
    assert fed(subscriber.terminal.custom_ticks("EURUSD.srv")) == sent(first, last)
    (said,) = (text for text in subscriber.terminal.texts("print") if "EURUSD.srv" in text)
    assert said == (
        "TPB: EURUSD.srv does not take ticks (error 5310). It holds newer ticks: delete the symbol"
        " (Ctrl+U) and attach this program again."
    )
    subscriber.assert_well_behaved()


def test_a_hidden_custom_symbol_is_shown_again(subscriber: Subscriber) -> None:
    subscriber.start(InpCustomSymbols=True)
    subscriber.subscribed()
    subscriber.send(quotes("EURUSD", every(50, 2)))
    subscriber.run_until(lambda: len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 2)
    subscriber.terminal.hide("EURUSD.srv")
    subscriber.send(quotes("EURUSD", every(50, 1, 1000)))
    subscriber.run_until(
        lambda: any("error 4302" in text for text in subscriber.terminal.texts("print"))
    )
    subscriber.send(quotes("EURUSD", every(50, 2, 2000)))
    subscriber.run_until(lambda: len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 4)
    subscriber.assert_well_behaved()


@pytest.mark.parametrize(
    "suffix,words",
    [
        (".a-suffix-of-more-than-31-letters", "longer than 31 characters"),
        ("", "cannot be made (error 5304)"),
    ],
)
def test_custom_symbols_that_cannot_be_made(
    subscriber: Subscriber, suffix: str, words: str
) -> None:
    """The table goes on; the journal says why, once. Without a suffix it is the broker's symbol."""
    subscriber.start(InpCustomSymbols=True, InpCustomSuffix=suffix)
    subscriber.subscribed()
    subscriber.send(quotes("EURUSD", every(50, 3)))
    subscriber.run_until_row("live")
    subscriber.send(quotes("EURUSD", every(50, 3, 1000), bid=1.2))
    subscriber.run_until_row("1.20002")
    assert len([text for text in subscriber.terminal.texts("print") if words in text]) == 1
    assert subscriber.terminal.of_kind("custom_tick") == []
    subscriber.assert_well_behaved()


@pytest.mark.parametrize("time_msc", [START_MSC, 0])
def test_a_tick_that_is_told_again_is_fed_once(
    time_msc: int, open_terminal: OpenTerminal, gateway: GatewayFixture, wait_until: Wait
) -> None:
    """By a gateway that greets: after a reconnect, and to the next run over the same symbol.

    Where it does not tell the tick's time its own clock is taken.
    """
    newest = ClientMarketData(
        symbol="EURUSD",
        bid=1.25,
        ask=1.26,
        timestamp=START_MSC + 77,
        tick_time_msc=time_msc,
        number=9,
        timeframe="1m",
    )
    terminal = open_terminal()
    terminal.symbol("EURUSD")
    token = gateway.token(user="reader")
    save_token(terminal.folder, token)
    told = ToldServer(newest=newest)
    with ScriptedServer(told) as server:
        inputs = {"InpEndpoint": server.endpoint, "InpSymbols": "EURUSD", "InpCustomSymbols": True}
        terminal.attach(EXPERT, "EURUSD", inputs)
        terminal.start()
        terminal.run_until(lambda: len(terminal.custom_ticks("EURUSD.srv")) == 1, wait_until)
        told.cut()
        terminal.run_until(lambda: told.greeted == 2, wait_until)
        terminal.run_until(lambda: len(terminal.texts("alert")) == 2, wait_until)  # well again
        terminal.change_inputs({"InpStaleAfterS": 20})
        terminal.run_until(lambda: told.greeted == 3, wait_until)
        live = "EURUSD       1.25000   1.26000"
        terminal.run_until(
            lambda: any(
                text.startswith(live) and "live" in text for text in terminal.panel().values()
            ),
            wait_until,
        )
        terminal.run(1000)
        terminal.close()
    assert [each["time_msc"] for each in terminal.custom_ticks("EURUSD.srv")] == [
        time_msc or START_MSC + 77
    ]
    assert_well_behaved(terminal, token)


# ---- lines ----


def test_lines_at_the_charts_own_symbol(subscriber: Subscriber) -> None:
    subscriber.start("GBPUSD,EURUSD", InpTimeframe="tick")
    subscriber.subscribed("EURUSD")
    script = quotes("EURUSD", every(50, 60))
    subscriber.send(script[:30])
    subscriber.run_until(lambda: len(subscriber.terminal.lines()) == 6)  # no SMA 50 of thirty
    assert "TPB_line_SMA 50" not in subscriber.terminal.lines()
    subscriber.send(script[30:])
    subscriber.run_until_row(f"{script['tick'][-1]['bid']:.5f}")
    subscriber.run_until(lambda: len(subscriber.terminal.lines()) == 7)
    bids = script["tick"]["bid"]
    mean = subscriber.terminal.lines()["TPB_line_SMA 20"]
    assert mean["price"] == pytest.approx(bids[-20:].mean(), abs=1e-9)
    assert mean["tooltip"] == "SMA 20 (tick, gateway)"
    assert mean["color"] != GRAY
    subscriber.gateway.stop()
    subscriber.run_until_row("STALE")
    subscriber.run_until(
        lambda: all(each["color"] == GRAY for each in subscriber.terminal.lines().values())
    )
    mean = subscriber.terminal.lines()["TPB_line_SMA 20"]
    assert mean["tooltip"] == "SMA 20 (tick, gateway) STALE"
    subscriber.terminal.change_chart("GBPUSD")
    subscriber.terminal.run(1000)
    assert subscriber.terminal.lines() == {}  # nothing is known of that one
    subscriber.terminal.remove()
    assert_well_behaved(subscriber.terminal, subscriber.token)


# ---- interruptions ----


def test_the_gateway_is_away_for_a_while(subscriber: Subscriber) -> None:
    subscriber.start("EURUSD,GBPUSD", InpCustomSymbols=True, InpTimeframe="tick")
    subscriber.subscribed("EURUSD")
    subscriber.subscribed("GBPUSD")
    before = quotes("EURUSD", every(50, 30))
    subscriber.send(before)
    subscriber.run_until_row(f"{before['tick'][-1]['bid']:.5f}", "live")
    subscriber.run_until(lambda: len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 30)

    subscriber.gateway.stop()
    meanwhile = quotes("EURUSD", every(50, 10, 5000), bid=1.2)
    subscriber.send(meanwhile)
    ages = [age_s(subscriber.run_until_row("STALE"))]
    for older in (1.0, 2.0):
        subscriber.run_until(lambda: age_s(subscriber.rows("EURUSD")[0]) >= older)  # noqa: B023
        ages.append(age_s(subscriber.rows("EURUSD")[0]))
    assert all(earlier < later for earlier, later in pairwise(ages))
    assert f"{before['tick'][-1]['bid']:.5f}" in subscriber.rows("EURUSD")[0]
    assert len(subscriber.terminal.custom_ticks("EURUSD.srv")) == 30
    assert len(subscriber.terminal.texts("alert")) == 1

    subscriber.gateway.start()
    after = quotes("EURUSD", every(50, 10, 9000), bid=1.3)
    subscriber.run_until(lambda: len(subscriber.terminal.texts("alert")) == 2)
    subscriber.send(after)
    subscriber.run_until_row(f"{after['tick'][-1]['bid']:.5f}", "live")
    subscriber.send(quotes("GBPUSD", every(50, 3), bid=1.25), "GBPUSD")
    subscriber.run_until_row("1.25002", "live", symbol="GBPUSD")  # nobody asked for it again
    ticks = fed(subscriber.terminal.custom_ticks("EURUSD.srv"))
    assert ticks == sorted(set(ticks))
    assert set(sent(before, after)) <= set(ticks) <= set(sent(before, meanwhile, after))
    subscriber.assert_well_behaved()


def test_connections_that_break(subscriber: Subscriber) -> None:
    subscriber.start(InpCustomSymbols=True)
    subscriber.subscribed()
    for part in range(3):
        script = quotes("EURUSD", every(20, 30, 5000 * part), bid=1.1 + part / 10)
        subscriber.send(script)
        subscriber.run_until_row(f"{script['tick'][-1]['bid']:.5f}", "live")
        subscriber.gateway.cut_connections()
        subscriber.run_until(lambda: len(subscriber.terminal.texts("alert")) >= 2 * part + 2)  # noqa: B023
    ticks = fed(subscriber.terminal.custom_ticks("EURUSD.srv"))
    assert ticks == sorted(set(ticks))
    assert len(ticks) == 90
    subscriber.assert_well_behaved()


def test_a_restart_shows_the_last_known_state_as_stale(subscriber: Subscriber) -> None:
    subscriber.start(InpTimeframe="tick", InpCustomSymbols=True)
    subscriber.subscribed()
    script = quotes("EURUSD", every(50, 60))
    subscriber.send(script)
    bid = f"{script['tick'][-1]['bid']:.5f}"
    subscriber.run_until_row(bid, "live")
    subscriber.gateway.stop()
    subscriber.start_again()
    subscriber.terminal.run(200)
    row = subscriber.rows("EURUSD")[0]
    assert bid in row
    assert "STALE" in row
    assert " live" not in " ".join(subscriber.terminal.panel().values())
    assert len(subscriber.terminal.lines()) == 7
    assert {each["color"] for each in subscriber.terminal.lines().values()} == {GRAY}
    assert subscriber.terminal.custom_ticks("EURUSD.srv") == []
    subscriber.gateway.start()
    subscriber.send(quotes("EURUSD", every(50, 5, 9000), bid=1.3))
    subscriber.run_until_row("1.30004", "live")
    subscriber.assert_well_behaved()


def test_changes_of_inputs(subscriber: Subscriber) -> None:
    subscriber.start("EURUSD")
    subscriber.subscribed()
    subscriber.terminal.change_inputs({"InpSymbols": "GBPUSD", "InpTimeframe": "5m"})
    subscriber.subscribed("GBPUSD")
    assert subscriber.rows("EURUSD") == [""]
    subscriber.send(quotes("GBPUSD", every(50, 3), bid=1.25), "GBPUSD")
    subscriber.run_until_row("1.25002", "live", symbol="GBPUSD")
    subscriber.assert_well_behaved()


@pytest.mark.parametrize("behaviour", [never_answers(), stalls_after_upgrade()])
def test_no_handler_waits_for_a_gateway_that_is_silent(
    subscriber: Subscriber, behaviour: Behaviour
) -> None:
    with ScriptedServer(behaviour) as server:
        subscriber.start("EURUSD,GBPUSD", InpEndpoint=server.endpoint)
        subscriber.run_until(lambda: server.connections > 0)
        subscriber.terminal.run(2000)
        subscriber.terminal.remove()
        subscriber.assert_well_behaved()
    assert subscriber.terminal.longest_ms(deinit=False) < HANDLER_LIMIT_MS


# ---- refusals ----


def test_a_tier_that_allows_fewer_symbols(subscriber: Subscriber) -> None:
    """Refused with tier and limit, on the chart and in the journal, each once."""
    subscriber.token = subscriber.gateway.token(user="reader", tier="free")
    symbols = ["EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD", "NZDUSD"]
    subscriber.start(",".join(symbols))
    granted, refused = symbols[:4], symbols[4:]
    for symbol in granted:
        subscriber.subscribed(symbol)

    def texts() -> list[str]:
        return subscriber.terminal.texts("alert", "print")

    for symbol in refused:
        row = subscriber.run_until_row("refused", symbol=symbol)
        assert row.startswith(f"{symbol} refused: The free tier has 4 symbols"), row
        assert len([text for text in texts() if "free tier" in text and symbol in text]) == 1
    subscriber.gateway.cut_connections()  # they are asked for again
    subscriber.run_until(lambda: len(subscriber.terminal.texts("alert")) >= 4)
    summary = "4 of 6 symbols, tier free, indicators of 1m"
    subscriber.run_until(lambda: summary in subscriber.terminal.panel().values())
    for symbol in refused:
        subscriber.run_until_row("refused", symbol=symbol)
        assert len([text for text in texts() if "free tier" in text and symbol in text]) == 1
    subscriber.assert_well_behaved()


@pytest.mark.parametrize(
    "inputs,words",
    [
        ({"InpTimeframe": "3m"}, "no such timeframe"),
        ({"InpTokenFile": "none.txt"}, "none.txt"),
        ({"InpEndpoint": "http://example.com"}, "endpoint"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    subscriber: Subscriber, inputs: dict[str, object], words: str
) -> None:
    subscriber.start(**inputs)
    assert subscriber.terminal.of_kind("init")[0]["result"] != 0
    (alert,) = subscriber.terminal.texts("alert")
    assert words in alert
    assert alert.endswith("."), alert
    subscriber.assert_well_behaved()


def test_a_new_token_file_wakes_a_halted_subscriber(subscriber: Subscriber) -> None:
    good, subscriber.token = subscriber.token, subscriber.gateway.token(user="reader", ttl_s=-3600)
    subscriber.start()
    subscriber.run_until(lambda: "halted" in subscriber.terminal.panel().values())
    save_token(subscriber.terminal.folder, good)
    subscriber.subscribed()
    subscriber.assert_well_behaved()


# ---- pairs ----


def shown(terminal: Terminal) -> list[str]:
    """The table's symbols, from top to bottom."""
    panel = terminal.panel()
    texts = [panel[name] for name in sorted(panel, key=_row)]
    if not any(text.startswith("symbol ") for text in texts):
        return []
    at = next(i for i, text in enumerate(texts) if text.startswith("symbol "))
    return [text.split()[0] for text in texts[at + 1 :] if text[:1] != " "]


def test_the_table_follows_the_pairs_that_the_gateway_chooses(
    open_terminal: OpenTerminal, gateway: GatewayFixture, wait_until: Wait
) -> None:
    """Without a restart, in the order of choice; until there are some, the chart's own symbol."""
    terminal = open_terminal()
    for symbol in ("EURUSD.m", "GBPUSD.m", "USDJPY.m"):
        terminal.symbol(symbol, selected=False)
    token = gateway.token(user="reader")
    save_token(terminal.folder, token)
    pairs = ToldServer()
    with ScriptedServer(pairs) as server:
        terminal.attach(EXPERT, "EURUSD.m", {"InpEndpoint": server.endpoint})
        terminal.start()
        terminal.run_until(lambda: pairs.subscribed == ["EURUSD"], wait_until)
        terminal.run_until(lambda: shown(terminal) == ["EURUSD"], wait_until)
        assert "the gateway has not chosen pairs yet" in terminal.panel().values()

        for chosen in (["USDJPY", "EURUSD", "GBPUSD"], ["GBPUSD", "XAUUSD"], ["EURUSD"]):
            pairs.choose(*chosen)
            terminal.run_until(lambda: shown(terminal) == chosen, wait_until)  # noqa: B023
            terminal.run_until(
                lambda: sorted(pairs.subscribed) == sorted(chosen),  # noqa: B023
                wait_until,
            )
        assert "the gateway has not chosen pairs yet" not in terminal.panel().values()
        assert [each["result"] for each in terminal.of_kind("init")] == [0]
        assert [(each["symbol"], each["shown"]) for each in terminal.of_kind("market_watch")] == [
            ("USDJPY.m", 1),
            ("GBPUSD.m", 1),
        ]
        terminal.close()
    assert_well_behaved(terminal, token)


def test_pairs_that_the_user_chooses_at_the_gateway(subscriber: Subscriber) -> None:
    subscriber.start("")
    for primary in (["EURUSD", "GBPUSD"], ["USDJPY"]):
        chosen = pairs_of(subscriber.gateway.endpoint, subscriber.token, name=primary)
        symbols = [pair["symbol"] for pair in chosen["pairs"]]
        assert symbols[: len(primary)] == primary
        subscriber.run_until(lambda: shown(subscriber.terminal) == symbols)  # noqa: B023
    script = quotes("USDJPY", every(50, 3), bid=145.0)
    subscriber.subscribed("USDJPY")
    subscriber.send(script, "USDJPY")
    subscriber.run_until_row("145.000", "live", symbol="USDJPY")
    assert len(subscriber.terminal.of_kind("init")) == 1
    subscriber.gateway.stop()
    subscriber.start_again()  # they are remembered, and so is their state
    subscriber.terminal.run(200)
    assert shown(subscriber.terminal) == symbols
    row = subscriber.rows("USDJPY")[0]
    assert "145.000" in row
    assert "STALE" in row
    subscriber.assert_well_behaved()
