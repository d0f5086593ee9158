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
