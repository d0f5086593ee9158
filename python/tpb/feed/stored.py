"""A look into the store of a running gateway: how many ticks, and the newest quotes."""

from dataclasses import dataclass
from pathlib import Path

from tpb.gateway.reading import read_sessions, read_ticks


@dataclass(frozen=True)
class StoredQuote:
    bid: float
    ask: float
    ticks: int


def stored_so_far(store: Path) -> int:
    return sum(session.ticks for session in read_sessions(store))


def newest_quotes(store: Path) -> dict[str, StoredQuote]:
    """By symbol. Reads all there is: for a demonstration's few ticks."""
    quotes: dict[str, StoredQuote] = {}
    for chunk in read_ticks(store):
        for symbol, tick in zip(chunk.symbol.tolist(), chunk.ticks, strict=True):
            before = quotes.get(symbol)
            quotes[symbol] = StoredQuote(
                float(tick["bid"]), float(tick["ask"]), (before.ticks if before else 0) + 1
            )
    return quotes
