"""One-minute closes of what a store holds, to be correlated."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tpb.account.correlation import WINDOW, Closes
from tpb.gateway.market import kept
from tpb.gateway.reading import StoredTicks, read_ticks, reading
from tpb.gateway.schema import StoreProblem

_MINUTE_MS = 60_000
# Twice as many would be looked through for the newest.
_KEPT_MINUTES = 4 * WINDOW

# By symbol and minute: when the newest tick was, and its bid.
_Newest = dict[str, dict[int, tuple[int, float]]]


def read_closes(store: Path, tenant: str) -> dict[str, Closes]:
    """The newest closes of each of the tenant's symbols; raises StoreProblem."""
    newest: _Newest = {}
    for chunk in read_ticks(store, tenant=tenant):
        _take(newest, chunk)
    return {symbol: _closes(minutes) for symbol, minutes in newest.items()}


def most_streamed(store: Path, tenant: str) -> list[str]:
    """The tenant's symbols, most ticks first."""
    ticks: dict[str, int] = {}
    with reading(store) as database:
        for of_user in kept.streamed(database, tenant).values():
            for symbol, count in of_user.items():
                ticks[symbol] = ticks.get(symbol, 0) + count
    return sorted(ticks, key=lambda symbol: (-ticks[symbol], symbol))


def only_tenant(tenants: Sequence[str], store: Path) -> str:
    """The tenant of a store that has one; raises StoreProblem."""
    if len(tenants) == 1:
        return tenants[0]
    raise StoreProblem(
        f"The store {store} holds {len(tenants)} tenants.",
        f"They are {', '.join(tenants)}." if tenants else "Nothing was streamed to it yet.",
        "Name the one whose symbols are to be compared with --tenant.",
    )


def _take(newest: _Newest, chunk: StoredTicks) -> None:
    times, bids = chunk.ticks["time_msc"], chunk.ticks["bid"]
    for symbol in set(chunk.symbol):
        at = np.flatnonzero((chunk.symbol == symbol) & (bids > 0))
        # Of each minute the latest tick, the last of those of one time.
        at = at[np.argsort(times[at], kind="stable")]
        minutes = times[at] // _MINUTE_MS
        last = np.append(np.flatnonzero(np.diff(minutes)), len(at) - 1) if len(at) else at
        of_symbol = newest.setdefault(symbol, {})
        for minute, time_msc, bid in zip(
            minutes[last].tolist(), times[at[last]].tolist(), bids[at[last]].tolist(), strict=True
        ):
            if time_msc >= of_symbol.get(minute, (time_msc,))[0]:
                of_symbol[minute] = time_msc, bid
        if len(of_symbol) > 2 * _KEPT_MINUTES:
            for minute in sorted(of_symbol)[:-_KEPT_MINUTES]:
                del of_symbol[minute]


def _closes(minutes: dict[int, tuple[int, float]]) -> Closes:
    closes = Closes()
    for minute in sorted(minutes)[-2 * WINDOW :]:
        closes.add(minute, minutes[minute][1])
    return closes
