"""The comparison itself: what is lost, doubled or out of order is seen."""

import numpy as np
import pytest
from tests.mql5.conftest import OpenTerminal, Wait
from tests.mql5.delivery import QUOTES, compared, delivery, table
from tests.mql5.script import START_MSC, Script, merged, quotes
from tests.mql5.streaming import run_until_stored, save_token

from tpb.gateway.reading import StoredTicks
from tpb.testing.gateway import GatewayFixture

SCRIPT = merged(
    quotes("EURUSD", [START_MSC + 10 * i for i in range(5)]),
    quotes("GBPUSD", [START_MSC + 15 * i for i in range(5)]),
)


def stored(script: Script) -> StoredTicks:
    """The script as a gateway has it."""
    count = len(script)
    symbol = np.array([name.decode() for name in script["symbol"]], dtype=np.object_)
    sequence = np.zeros(count, np.int64)
    for name in set(symbol):
        sequence[symbol == name] = np.arange(1, (symbol == name).sum() + 1)
    zeros = np.zeros(count)
    return StoredTicks("t", "s", sequence, symbol, sequence, zeros, script["tick"])


def test_all_is_well() -> None:
    assert compared(SCRIPT, stored(SCRIPT)) == (0, 0, True)


def test_a_lost_tick() -> None:
    assert compared(SCRIPT, stored(np.delete(SCRIPT, 4))) == (1, 0, False)


def test_a_doubled_tick() -> None:
    assert compared(SCRIPT, stored(np.insert(SCRIPT, 4, SCRIPT[4]))) == (0, 1, False)


def test_an_altered_tick() -> None:
    altered = SCRIPT.copy()
    altered["tick"]["ask"][3] += 1e-5
    assert compared(SCRIPT, stored(altered)) == (1, 1, False)


def test_ticks_out_of_order() -> None:
    swapped = SCRIPT[[2, 1, 0, *range(3, 10)]]
    assert compared(SCRIPT, stored(swapped)) == (0, 0, False)


def test_a_symbol_that_was_not_in_the_script() -> None:
    more = merged(SCRIPT, quotes("USDJPY", [START_MSC]))
    assert compared(SCRIPT, stored(more)) == (0, 1, True)


@pytest.mark.windows
@pytest.mark.timeout(300)
def test_an_expert_that_loses_ticks(
    open_terminal: OpenTerminal, gateway: GatewayFixture, wait_until: Wait
) -> None:
    """It works at one of three ticks; of the others OnTick never hears."""
    terminal = open_terminal()
    save_token(terminal.folder, gateway.token())
    terminal.symbol("EURUSD")
    terminal.attach("TickByTick", "EURUSD", {"InpEndpoint": gateway.endpoint})
    terminal.start()
    terminal.tick_cost(25)
    script = quotes("EURUSD", [START_MSC + 10 * i for i in range(90)])
    terminal.play(script)
    run_until_stored(terminal, gateway, 30, wait_until)
    terminal.close()
    row = delivery("TickByTick", "", script, gateway.ticks(), terminal, fields=QUOTES)
    assert (row.delivered, row.lost, row.duplicated) == (30, 60, 0)
    assert "60" in table([row])[1]
