"""TickStreamer.mq5 against a real gateway: every tick of the script, once and in order."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.mql5.conftest import Judge, OpenTerminal, Wait
from tests.mql5.delivery import delivery
from tests.mql5.script import START_MSC, Script, merged, quotes
from tests.mql5.streaming import (
    assert_well_behaved,
    before_the_start,
    real_script,
    run_until_stored,
    save_token,
    stored_ticks,
)
from tests.mql5.terminal import Terminal

from tpb.testing.gateway import GatewayFixture
from tpb.testing.scripted import ScriptedServer, stalls_after_upgrade

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]


TEN = ["EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD"]
TEN += ["USDCAD", "NZDUSD", "EURGBP", "EURJPY", "GBPJPY"]
EXPERT = "TickStreamer"


class Streamer:
    """TickStreamer on a chart, its gateway, and what its script has been so far."""

    def __init__(
        self, open_terminal: OpenTerminal, gateway: GatewayFixture, judge: Judge, wait_until: Wait
    ) -> None:
        self._open = open_terminal
        self._judge = judge
        self._wait = wait_until
        self.gateway = gateway
        self.token = gateway.token()
        self.terminal: Terminal = open_terminal()
        self.past: list[Script] = []  # what the broker has in its history

    def start(self, symbols: Mapping[str, str], inputs: Mapping[str, object] | None = None) -> None:
        """On the chart of the first symbol. symbols: the broker's names, and the gateway's."""
        self.names = symbols
        self.inputs = {"InpEndpoint": self.gateway.endpoint} | dict(inputs or {})
        save_token(self.terminal.folder, self.token)
        self.past.append(before_the_start(list(symbols)))
        self._start(self.terminal)

    def start_again(self, *, load_ms: int = 0, requests_before_history: int = 0) -> None:
        """A new terminal over the same folder; its broker has all of the past."""
        self.terminal = self._open()
        self._start(self.terminal, load_ms, requests_before_history)

    def _start(
        self, terminal: Terminal, load_ms: int = 0, requests_before_history: int = 0
    ) -> None:
        for name in self.names:
            terminal.symbol(name, load_ms=load_ms, requests_before_history=requests_before_history)
        terminal.history(merged(*self.past))
        inputs = {"InpSymbols": ",".join(self.names.values())} | self.inputs
        terminal.attach(EXPERT, next(iter(self.names)), inputs)
        terminal.start()

    def play(self, ticks: Script, *, idle_ms: int = 1000) -> None:
        self.past.append(ticks)
        self.terminal.play(ticks, idle_ms=idle_ms)

    def run_until(self, is_right: Callable[[], bool]) -> None:
        self.terminal.run_until(is_right, self._wait)

    def wait_for_all(self) -> None:
        count = sum(map(len, self.past))
        run_until_stored(self.terminal, self.gateway, count, self._wait)

    def judge(self, scenario: str) -> None:
        """Closes the terminal and compares what it streamed with what is stored."""
        self.terminal.close()
        assert_well_behaved(self.terminal, self.token)
        script = merged(*self.past)
        self._judge(
            delivery(
                EXPERT, scenario, script, self.gateway.ticks(), self.terminal, names=self.names
            )
        )


@pytest.fixture
def streamer(
    open_terminal: OpenTerminal, gateway: GatewayFixture, delivered: Judge, wait_until: Wait
) -> Streamer:
    return Streamer(open_terminal, gateway, delivered, wait_until)


def every(milliseconds: int, count: int, start_ms: int = 0) -> list[int]:
    return [START_MSC + start_ms + milliseconds * i for i in range(count)]


def test_real_ticks_and_an_expert_that_is_slow(streamer: Streamer, real_ticks: Path) -> None:
    script = real_script(real_ticks)
    streamer.start({"EURUSD": "EURUSD"}, {"InpPanel": False})
    streamer.terminal.tick_cost(400)  # many ticks come while OnTick is at work
    streamer.play(script, idle_ms=60)
    streamer.wait_for_all()
    streamer.judge("real quotes, slow OnTick")


def test_ten_symbols_of_a_broker_with_suffixes(streamer: Streamer) -> None:
    """The chart's symbol is one of ten: OnTick hears of a tenth of the ticks."""
    names = {f"{name}.m": name for name in TEN}
    streamer.start(names)
    streamer.play(merged(*(quotes(name, every(40, 60, i)) for i, name in enumerate(names))))
    streamer.wait_for_all()
    streamer.judge("ten symbols")


def test_bursts_in_one_millisecond(streamer: Streamer) -> None:
    burst = [START_MSC + 500] * 50 + [START_MSC + 501] * 50 + [START_MSC + 900] * 50
    streamer.start({"EURUSD": "EURUSD", "GBPUSD": "GBPUSD"})
    streamer.play(
        merged(quotes("EURUSD", burst), quotes("GBPUSD", burst), quotes("EURUSD", [START_MSC]))
    )
    streamer.wait_for_all()
    streamer.judge("bursts of 50 in 1 ms")


def test_more_at_once_than_the_terminals_cache_holds(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD"})
    streamer.terminal.tick_cost(1000)
    streamer.play(quotes("EURUSD", [START_MSC] * 5000))
    streamer.wait_for_all()
    streamer.judge("5,000 in 1 ms")


def test_the_gateway_is_away_for_a_while(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD", "GBPUSD": "GBPUSD"})
    streamer.play(quotes("EURUSD", every(50, 20)))
    streamer.wait_for_all()
    streamer.gateway.stop()
    streamer.play(
        merged(quotes("EURUSD", every(20, 300, 5000)), quotes("GBPUSD", every(30, 200, 5000)))
    )
    streamer.gateway.start()
    streamer.wait_for_all()
    streamer.run_until(lambda: len(streamer.terminal.texts("alert")) >= 2)  # lost, and well again
    streamer.judge("gateway away")


def test_connections_that_break(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD"})
    for part in range(5):
        streamer.play(quotes("EURUSD", every(20, 100, 5000 * part)))
        streamer.gateway.cut_connections()
    streamer.wait_for_all()
    streamer.judge("connections cut")


def test_a_killed_terminal_is_repaired_from_history(streamer: Streamer) -> None:
    """Killed with ticks in the journal; while it is away the market goes on."""
    streamer.start({"EURUSD": "EURUSD", "GBPUSD": "GBPUSD"})
    streamer.play(quotes("EURUSD", every(50, 100)))
    streamer.wait_for_all()
    streamer.gateway.stop()
    streamer.play(quotes("EURUSD", [START_MSC + 10_000] * 33))  # one millisecond, cut in two:
    streamer.terminal.kill()
    missed = [START_MSC + 10_000] * 17 + every(700, 2000, 10_001)  # 23 minutes
    streamer.past.append(
        merged(quotes("EURUSD", missed, bid=1.2), quotes("GBPUSD", every(900, 1500, 11_000)))
    )
    streamer.gateway.start()
    streamer.start_again()
    streamer.play(quotes("EURUSD", every(50, 100, 1_500_000)))
    streamer.wait_for_all()
    streamer.judge("killed, restarted")


def test_the_broker_is_away_for_a_while(streamer: Streamer) -> None:
    """What comes meanwhile is in the history when the terminal is connected again."""
    streamer.start({"EURUSD": "EURUSD", "GBPUSD": "GBPUSD"})
    streamer.play(quotes("EURUSD", every(50, 100)))
    streamer.terminal.broker_away()
    streamer.terminal.run(2000)
    missed = merged(*(quotes(name, every(250, 3000, 10_000)) for name in streamer.names))
    streamer.terminal.history(missed)
    streamer.past.append(missed)
    streamer.terminal.broker_back()
    streamer.play(quotes("EURUSD", every(50, 100, 1_000_000)))
    streamer.wait_for_all()
    streamer.judge("broker away")


def test_history_that_is_still_loading_after_the_restart(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD"})
    streamer.play(quotes("EURUSD", every(50, 100)))
    streamer.wait_for_all()
    streamer.terminal.kill()
    streamer.past.append(quotes("EURUSD", every(1000, 300, 60_000)))
    streamer.start_again(load_ms=3000, requests_before_history=5)
    streamer.play(quotes("EURUSD", every(50, 100, 500_000)))
    streamer.wait_for_all()
    streamer.judge("history still loading")


def test_changes_of_inputs_and_chart(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD", "GBPUSD": "GBPUSD"})
    both = [quotes(name, every(25, 100)) for name in ("EURUSD", "GBPUSD")]
    streamer.play(merged(*both))
    streamer.terminal.change_inputs({"InpBatchTicks": 50, "InpFlushMs": 20})
    streamer.play(merged(*(quotes(name, every(25, 100, 10_000)) for name in streamer.names)))
    streamer.terminal.change_chart("GBPUSD", period=5)
    streamer.play(merged(*(quotes(name, every(25, 100, 20_000)) for name in streamer.names)))
    streamer.wait_for_all()
    reasons = [record["reason"] for record in streamer.terminal.of_kind("deinit")]
    assert reasons == [5, 3]
    streamer.judge("inputs, chart changed")


def test_the_panel_shows_and_goes(streamer: Streamer) -> None:
    streamer.start({"EURUSD": "EURUSD"})
    streamer.play(quotes("EURUSD", every(50, 20)))
    streamer.wait_for_all()
    wanted = ("connected", "21 accepted", "21 acknowledged, 0 not yet", "1 symbols")
    streamer.run_until(
        lambda: all(words in " | ".join(streamer.terminal.panel().values()) for words in wanted)
    )
    streamer.terminal.remove()
    assert streamer.terminal.panel() == {}
    assert_well_behaved(streamer.terminal, streamer.token)


def test_over_tls_with_a_private_authority(
    open_terminal: OpenTerminal, gateway_tls: GatewayFixture, delivered: Judge, wait_until: Wait
) -> None:
    streamer = Streamer(open_terminal, gateway_tls, delivered, wait_until)
    assert gateway_tls.ca_file is not None
    authority = streamer.terminal.folder / "MQL5/Files/ca.pem"
    authority.write_bytes(gateway_tls.ca_file.read_bytes())
    streamer.start({"EURUSD": "EURUSD"}, {"InpCaFile": "ca.pem"})
    streamer.play(quotes("EURUSD", every(25, 100)))
    streamer.wait_for_all()
    streamer.judge("TLS")


def test_leaving_is_in_time_when_the_gateway_is_silent(streamer: Streamer) -> None:
    with ScriptedServer(stalls_after_upgrade()) as server:
        streamer.start({"EURUSD": "EURUSD"}, {"InpEndpoint": server.endpoint})
        streamer.play(quotes("EURUSD", every(50, 20)))
        streamer.terminal.remove()
        streamer.terminal.close()
    assert_well_behaved(streamer.terminal, streamer.token)  # 2.5 s would be a fault
    assert any("not acknowledged yet" in text for text in streamer.terminal.texts("print"))


def test_nothing_leaves_the_strategy_tester(streamer: Streamer) -> None:
    streamer.terminal.tester()
    streamer.start({"EURUSD": "EURUSD"})
    streamer.terminal.run(1000)
    assert streamer.terminal.of_kind("init")[0]["result"] != 0
    assert any("Strategy Tester" in text for text in streamer.terminal.texts("alert", "print"))
    assert stored_ticks(streamer.gateway) == 0


@pytest.mark.parametrize(
    "inputs,words",
    [
        ({"InpTokenFile": "none.txt"}, "none.txt"),
        ({"InpEndpoint": "http://example.com"}, "endpoint"),
        ({"InpSymbols": "NOSUCH"}, "none of the symbols"),
        ({"InpBatchTicks": 0}, "batch_ticks"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    streamer: Streamer, inputs: dict[str, object], words: str
) -> None:
    streamer.start({"EURUSD": "EURUSD"}, inputs)
    assert streamer.terminal.of_kind("init")[0]["result"] != 0
    alerts = streamer.terminal.texts("alert")
    assert any(words in alert and alert.endswith((".", "NOSUCH")) for alert in alerts), alerts
    assert_well_behaved(streamer.terminal, streamer.token)


def test_a_new_token_file_wakes_a_halted_session(streamer: Streamer) -> None:
    streamer.token = streamer.gateway.token(ttl_s=-3600)
    streamer.start({"EURUSD": "EURUSD"})
    streamer.run_until(lambda: bool(streamer.terminal.texts("alert")))
    streamer.token = streamer.gateway.token()
    save_token(streamer.terminal.folder, streamer.token)
    streamer.play(quotes("EURUSD", every(50, 20)))
    streamer.wait_for_all()
    streamer.judge("token renewed")
