"""Several experts in one terminal: each in its thread, all over one instance of the library."""

import pytest
from tests.mql5.conftest import Judge, OpenTerminal, Wait
from tests.mql5.delivery import QUOTES, WHOLE_TICKS, delivery
from tests.mql5.script import START_MSC, Script, merged, quotes
from tests.mql5.streaming import (
    assert_well_behaved,
    before_the_start,
    run_until_stored,
    save_token,
    stored_with,
)

from tpb.testing.gateway import GatewayFixture

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]

SYMBOLS = ["USDJPY", "EURUSD"]


def ten_seconds(start_ms: int) -> Script:
    """Both symbols, at the same moments."""
    times = [START_MSC + start_ms + 50 * i for i in range(200)]
    return merged(*(quotes(symbol, times) for symbol in SYMBOLS))


def test_two_experts_at_once(
    open_terminal: OpenTerminal,
    gateway: GatewayFixture,
    delivered: Judge,
    wait_until: Wait,
) -> None:
    """Their handlers run at the same moments; one is removed while the other goes on."""
    terminal = open_terminal()
    save_token(terminal.folder, gateway.token())
    for symbol in SYMBOLS:
        terminal.symbol(symbol)
    script = before_the_start(SYMBOLS)
    terminal.history(script)
    endpoint = {"InpEndpoint": gateway.endpoint}
    terminal.attach("TickStreamer", "USDJPY", endpoint | {"InpSymbols": "USDJPY"}, expert=1)
    terminal.attach("QuickStart", "EURUSD", endpoint, expert=2)
    terminal.start(1, 2)

    terminal.play(ten_seconds(0))
    script = merged(script, ten_seconds(0))
    run_until_stored(terminal, gateway, len(script), wait_until)
    terminal.remove(1)
    terminal.play(ten_seconds(20_000))
    script = merged(script, ten_seconds(20_000)[ten_seconds(0)["symbol"] == b"EURUSD"])
    run_until_stored(terminal, gateway, len(script), wait_until)
    terminal.close()
    assert_well_behaved(terminal, gateway.token())

    experts = {"USDJPY": ("TickStreamer", WHOLE_TICKS), "EURUSD": ("QuickStart", QUOTES)}
    for number, (symbol, (expert, fields)) in enumerate(experts.items(), 1):
        own = script[script["symbol"] == symbol.encode()]
        stored = stored_with(gateway, symbol)
        row = delivery(expert, "two at once", own, stored, terminal, fields=fields, number=number)
        delivered(row)


def test_what_one_streams_up_the_other_shows(
    open_terminal: OpenTerminal, gateway: GatewayFixture, delivered: Judge, wait_until: Wait
) -> None:
    """There and back within one terminal: the custom symbol has each tick that was streamed.

    It is never taken for the broker's symbol, although its name is the shorter variant.
    """
    terminal = open_terminal()
    save_token(terminal.folder, gateway.token())
    terminal.symbol("EURUSD.raw1")
    script = quotes("EURUSD.raw1", [START_MSC - 1000], bid=1.05)
    terminal.history(script)
    endpoint = {"InpEndpoint": gateway.endpoint, "InpSymbols": "EURUSD"}
    custom = {"InpCustomSymbols": True, "InpCustomSuffix": ".s", "InpTimeframe": "tick"}
    terminal.attach("MarketDataSubscriber", "EURUSD.raw1", endpoint | custom, expert=2)
    terminal.start(2)
    terminal.run_until(lambda: gateway.health()["subscriptions"] == 1, wait_until)
    terminal.attach("TickStreamer", "EURUSD.raw1", endpoint, expert=1)
    terminal.start(1)

    for start_ms in (0, 20_000):
        part = quotes("EURUSD.raw1", [START_MSC + start_ms + 50 * i for i in range(200)])
        script = merged(script, part)
        terminal.play(part)
        run_until_stored(terminal, gateway, len(script), wait_until)
        count = len(script)
        terminal.run_until(lambda: len(terminal.custom_ticks("EURUSD.s")) >= count, wait_until)  # noqa: B023
        terminal.change_inputs({"InpBatchTicks": 10}, expert=1)  # it looks for its symbols anew
    terminal.run(1000)
    terminal.close()
    assert_well_behaved(terminal, gateway.token())
    fed = [(each["time_msc"], each["bid"]) for each in terminal.custom_ticks("EURUSD.s")]
    ticks = script["tick"]
    assert fed == list(zip(ticks["time_msc"].tolist(), ticks["bid"].tolist(), strict=True))
    names = {"EURUSD.raw1": "EURUSD"}
    row = delivery(
        "TickStreamer", "with a subscriber", script, gateway.ticks(), terminal, names=names
    )
    delivered(row)
    assert terminal.longest_ms(deinit=True, expert=2) < 900
