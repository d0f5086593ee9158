"""What became of a script of ticks: compared with what the gateway stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.mql5.script import Script, of_symbol
from tests.mql5.terminal import Terminal

from tpb.gateway.reading import StoredTicks
from tpb.tick import TICK_DTYPE

WHOLE_TICKS = tuple(TICK_DTYPE.names or ())
QUOTES = ("time_msc", "bid", "ask")  # all that SendTickBatch takes


@dataclass(frozen=True)
class Delivery:
    """One row of the table. Counts are of ticks."""

    expert: str
    scenario: str
    scripted: int
    delivered: int
    lost: int
    duplicated: int
    is_in_order: bool  # each symbol's ticks by sequence number as the script has them
    longest_ms: float  # the longest call of a handler but OnDeinit
    deinit_ms: float


def delivery(
    expert: str,
    scenario: str,
    script: Script,
    stored: StoredTicks,
    terminal: Terminal,
    *,
    fields: Sequence[str] = WHOLE_TICKS,
    names: Mapping[str, str] | None = None,
    number: int = 1,
) -> Delivery:
    """What of the script is stored. The terminal must be closed.

    names: the gateway's name of a symbol, where the broker has another. number: the expert's.
    """
    lost, duplicated, is_in_order = compared(script, stored, fields=fields, names=names)
    return Delivery(
        expert,
        scenario,
        len(script),
        len(stored),
        lost,
        duplicated,
        is_in_order,
        terminal.longest_ms(deinit=False, expert=number),
        terminal.longest_ms(deinit=True, expert=number),
    )


def compared(
    script: Script,
    stored: StoredTicks,
    *,
    fields: Sequence[str] = WHOLE_TICKS,
    names: Mapping[str, str] | None = None,
) -> tuple[int, int, bool]:
    """Ticks lost, ticks too many, and whether each symbol's are in order."""
    lost, duplicated = 0, 0
    is_in_order = True
    expected = {(names or {}).get(each, each): each for each in _names(script["symbol"])}
    for name in expected.keys() | set(stored.symbol):
        sent = _rows(of_symbol(script, expected.get(name, name)), fields)
        order = np.argsort(stored.sequence_number[stored.symbol == name], kind="stable")
        came = _rows(stored.ticks[stored.symbol == name][order], fields)
        lost += (Counter(sent) - Counter(came)).total()
        duplicated += (Counter(came) - Counter(sent)).total()
        is_in_order = is_in_order and (came == sent or not sent)
    return lost, duplicated, is_in_order


def table(deliveries: Sequence[Delivery]) -> list[str]:
    head = ("expert", "scenario", "scripted", "delivered", "lost", "duplicated", "longest handler",
            "longest OnDeinit")  # fmt: skip
    rows = [
        (
            each.expert,
            each.scenario,
            f"{each.scripted:,}",
            f"{each.delivered:,}",
            f"{each.lost:,}",
            f"{each.duplicated:,}",
            f"{each.longest_ms:.1f} ms",
            f"{each.deinit_ms:.1f} ms",
        )
        for each in deliveries
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _names(symbols: NDArray[np.bytes_]) -> list[str]:
    return [name.decode() for name in np.unique(symbols)]


def _rows(ticks: NDArray[np.void], fields: Sequence[str]) -> list[tuple[object, ...]]:
    return [tuple(row) for row in ticks[list(fields)].tolist()]
