"""The other experts, each on its own, against the real library and a gateway."""

import json

import pytest
from tests.mql5.conftest import Judge, OpenTerminal, Wait
from tests.mql5.delivery import QUOTES, delivery
from tests.mql5.script import START_MSC, merged, quotes
from tests.mql5.streaming import (
    assert_well_behaved,
    before_the_start,
    run_until_stored,
    save_token,
)
from tests.mql5.terminal import Terminal

import tpb
from tpb.testing.gateway import GatewayFixture

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]


@pytest.fixture
def terminal(open_terminal: OpenTerminal, gateway: GatewayFixture) -> Terminal:
    """With two symbols, each with a past, and a token for the gateway."""
    terminal = open_terminal()
    save_token(terminal.folder, gateway.token())
    for symbol in ("EURUSD", "GBPUSD"):
        terminal.symbol(symbol)
    terminal.history(before_the_start(["EURUSD", "GBPUSD"]))
    return terminal


def test_quick_start(
    terminal: Terminal, gateway: GatewayFixture, delivered: Judge, wait_until: Wait
) -> None:
    """The five functions stream the chart's symbol, also while the gateway is away."""
    terminal.attach("QuickStart", "EURUSD", {"InpEndpoint": gateway.endpoint})
    terminal.start()
    first = quotes("EURUSD", [START_MSC] * 50 + [START_MSC + 30 * i for i in range(1, 300)])
    others = quotes("GBPUSD", [START_MSC + 70 * i for i in range(50)])
    terminal.play(merged(first, others))
    script = merged(before_the_start(["EURUSD"]), first)
    run_until_stored(terminal, gateway, len(script), wait_until)
    gateway.stop()
    second = quotes("EURUSD", [START_MSC + 20_000 + 30 * i for i in range(300)])
    terminal.play(second)
    gateway.start()
    script = merged(script, second)
    run_until_stored(terminal, gateway, len(script), wait_until)
    terminal.run_until(lambda: "gateway: connected" in terminal.texts("comment"), wait_until)
    terminal.close()
    assert_well_behaved(terminal, gateway.token())
    row = delivery(
        "QuickStart", "bursts, gateway away", script, gateway.ticks(), terminal, fields=QUOTES
    )
    delivered(row)


def test_self_test(terminal: Terminal) -> None:
    """Without a gateway; what it writes is what `tpb doctor` reads."""
    terminal.attach("SelfTest", "EURUSD")
    terminal.start()
    terminal.run(200)
    report = json.loads((terminal.folder / "MQL5/Files/tpb-selftest.json").read_text())
    assert [check for check in report["checks"] if not check["passed"]] == []
    assert report["passed"] is True
    assert len(report["checks"]) >= 20
    (left,) = terminal.of_kind("deinit")
    assert left["reason"] == 0  # it took itself off
    assert_well_behaved(terminal)


def test_an_expert_of_the_users_own(
    terminal: Terminal, gateway: GatewayFixture, delivered: Judge, wait_until: Wait
) -> None:
    """Over WebSocketClient.mqh and ProtocolBuffer.mqh: what it streams up, it gets back."""
    terminal.attach("OwnExpert", "EURUSD", {"InpEndpoint": gateway.endpoint})
    terminal.start()
    assert "streams 2, subscribed to 2" in terminal.texts("print")
    script = merged(
        quotes("EURUSD", [START_MSC + 40 * i for i in range(200)]),
        quotes("GBPUSD", [START_MSC + 90 * i for i in range(100)]),
    )
    terminal.play(script)
    script = merged(before_the_start(["EURUSD", "GBPUSD"]), script)
    run_until_stored(terminal, gateway, len(script), wait_until)
    wanted = ("newest 1.10199 live; streamed 302, newest 1.10199, connected",)
    terminal.run_until(lambda: terminal.texts("comment")[-1].endswith(wanted), wait_until)
    terminal.close()
    assert_well_behaved(terminal, gateway.token())
    delivered(delivery("OwnExpert", "the thin headers", script, gateway.ticks(), terminal))


def test_an_expert_of_the_users_own_that_only_subscribes(
    terminal: Terminal, gateway: GatewayFixture, wait_until: Wait
) -> None:
    inputs = {"InpEndpoint": gateway.endpoint, "InpStreamed": ""}
    terminal.attach("OwnExpert", "EURUSD", inputs)
    terminal.start()
    assert "streams 0, subscribed to 2" in terminal.texts("print")
    terminal.run_until(lambda: gateway.health()["subscriptions"] == 2, wait_until)
    with tpb.Session(gateway.endpoint, gateway.token(user="sender")) as sender:
        ticks = quotes("EURUSD", [START_MSC + 40 * i for i in range(50)])["tick"]
        sender.send("EURUSD", ticks)
        wanted = "50 messages, newest 1.10049 live; streamed 0, newest none, "
        terminal.run_until(lambda: terminal.texts("comment")[-1].startswith(wanted), wait_until)
    gateway.stop()
    terminal.run_until(lambda: " stale; " in terminal.texts("comment")[-1], wait_until)
    terminal.close()
    assert_well_behaved(terminal, gateway.token())
