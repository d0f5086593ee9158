"""A terminal and a gateway, joined: what the tests of every expert begin with."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tests.mql5.script import SCRIPT_DTYPE, START_MSC, Script, merged, quotes
from tests.mql5.terminal import Terminal

from tpb.feed.tick_file import TickFile
from tpb.gateway.reading import StoredTicks
from tpb.testing.gateway import GatewayFixture

TOKEN_FILE = "tpb-token.txt"


def save_token(folder: Path, token: str) -> None:
    """Where the experts look for it."""
    path = folder / "MQL5/Files" / TOKEN_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{token}\n")


def before_the_start(symbols: Sequence[str]) -> Script:
    """One quote of each symbol, a second before the script: experts begin behind the newest."""
    return merged(*(quotes(symbol, [START_MSC - 1000], bid=1.05) for symbol in symbols))


def stored_ticks(gateway: GatewayFixture) -> int:
    return sum(batch.ticks for batch in gateway.batches())


def stored_with(gateway: GatewayFixture, symbol: str) -> StoredTicks:
    """The ticks of the one session that has the symbol."""
    sessions = {batch.session for batch in gateway.batches()}
    found = [gateway.ticks(session=session) for session in sessions]
    (of_symbol,) = (stored for stored in found if symbol in stored.symbol)
    return of_symbol


def run_until_stored(
    terminal: Terminal, gateway: GatewayFixture, count: int, wait_until: Callable[..., object]
) -> None:
    """Lets the terminal's time pass until the gateway has so many ticks."""

    def ask() -> int:
        terminal.run(100)
        return stored_ticks(gateway)

    wait_until(ask, lambda ticks: ticks >= count)


def assert_well_behaved(terminal: Terminal, *tokens: str) -> None:
    """No fault, and no token in anything that a person or a log sees."""
    assert terminal.texts("fault", "critical") == []
    seen = json.dumps(terminal.records)
    assert not any(token in seen for token in tokens)


def real_script(file: Path) -> Script:
    """A file's real quotes as the terminal gives them."""
    chunks = [chunk.ticks for chunk in TickFile(file, symbol="EURUSD").chunks()]
    ticks = np.concatenate(chunks)
    script = np.zeros(len(ticks), SCRIPT_DTYPE)
    script["symbol"] = b"EURUSD"
    script["tick"] = ticks
    return script
