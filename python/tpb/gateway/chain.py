"""Copies after a fork.

Where a client finds that its journal is an old copy, it goes on as a new session that continues
the old one: in the numbers of its ticks, and with ticks out of the terminal's history that the old
session may have brought already. A tick is a copy where an older session of the family has one of
the same symbol and sequence_number, equal in every field. Batches stay as they came; what reads
ticks leaves copies out and counts them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tpb.tick import TICK_DTYPE

if TYPE_CHECKING:
    from tpb.gateway.reading import StoredTicks

_IDENTITY = np.dtype([("number", "<i8"), ("spread", "<f8"), ("tick", TICK_DTYPE)])


def relatives(session: str, continues: Mapping[str, str]) -> list[str]:
    """The sessions that go back to the same one: older ones first, and itself among them.

    A copy of a journal that is restored twice makes two sessions that go on from one.
    """
    if not continues:
        return [session]
    root = _descent(session, continues)[-1]
    family = {name for name in {*continues, root} if _descent(name, continues)[-1] == root}
    return sorted({*family, session}, key=lambda name: (len(_descent(name, continues)), name))


def older_relatives(session: str, continues: Mapping[str, str]) -> list[str]:
    family = relatives(session, continues)
    return family[: family.index(session)]


def _descent(session: str, continues: Mapping[str, str]) -> list[str]:
    """From a session back to the first; one that goes in a circle ends at its least name."""
    found = [session]
    while (older := continues.get(found[-1])) is not None:
        if older in found:
            circle = found[found.index(older) :]
            return [*found[: found.index(older)], min(circle)]
        found.append(older)
    return found


def least_numbers(ticks: "StoredTicks") -> dict[str, int]:
    """The lowest sequence_number of each symbol."""
    return {
        symbol: int(ticks.sequence_number[ticks.symbol == symbol].min())
        for symbol in dict.fromkeys(ticks.symbol.tolist())
    }


def repeated_numbers(ticks: "StoredTicks", newest: dict[str, int]) -> dict[str, int]:
    """The lowest number of each symbol that does not rise above all before it.

    newest: the highest number of each symbol so far; brought up to date.
    """
    found = {}
    for symbol in dict.fromkeys(ticks.symbol.tolist()):
        numbers = ticks.sequence_number[ticks.symbol == symbol]
        before = np.maximum.accumulate(np.concatenate([[newest.get(symbol, 0)], numbers]))
        repeated = numbers[numbers <= before[:-1]]
        newest[symbol] = int(before[-1])
        if len(repeated):
            found[symbol] = int(repeated.min())
    return found


class OlderTicks:
    """What older sessions hold of some symbols, from some number of each on."""

    def __init__(self, least: Mapping[str, int]) -> None:
        self._least = dict(least)
        self._held: dict[str, set[bytes]] = {symbol: set() for symbol in least}
        self._reached: set[str] = set()  # symbols of which numbers below the least were met

    def begin_session(self) -> None:
        """Another session is added from here on."""
        self._reached.clear()

    @property
    def reached(self) -> bool:
        """Going back further through this session, whose numbers rise, brings nothing more."""
        return len(self._reached) == len(self._least)

    def covers(self, least: Mapping[str, int]) -> bool:
        return all(
            symbol in self._least and self._least[symbol] <= number
            for symbol, number in least.items()
        )

    def reaching(self, least: Mapping[str, int]) -> dict[str, int]:
        """What another one must hold to cover these as well."""
        return {
            symbol: min(number, least.get(symbol, number))
            for symbol, number in {**least, **self._least}.items()
        }

    def add(self, ticks: "StoredTicks") -> NDArray[np.bool_]:
        """Tells which of them were held before, or come twice here."""
        copies = np.zeros(len(ticks), bool)
        for symbol in dict.fromkeys(ticks.symbol.tolist()):
            if symbol not in self._least:
                continue
            of_symbol = ticks.symbol == symbol
            wanted = of_symbol & (ticks.sequence_number >= self._least[symbol])
            held = self._held[symbol]
            rows = np.flatnonzero(wanted)
            for row, identity in zip(rows.tolist(), _identities(ticks, rows), strict=True):
                copies[row] = identity in held
                held.add(identity)
            if len(rows) < of_symbol.sum():
                self._reached.add(symbol)
        return copies

    def copies_in(self, ticks: "StoredTicks") -> NDArray[np.bool_]:
        found = np.zeros(len(ticks), bool)
        for symbol in dict.fromkeys(ticks.symbol.tolist()):
            held = self._held.get(symbol)
            if held:
                rows = np.flatnonzero(ticks.symbol == symbol)
                found[rows] = [identity in held for identity in _identities(ticks, rows)]
        return found


def _identities(ticks: "StoredTicks", rows: NDArray[np.intp]) -> list[bytes]:
    """Number and fields bit by bit, so that what is no number equals itself, too."""
    identity = np.empty(len(rows), _IDENTITY)
    identity["number"] = ticks.sequence_number[rows]
    identity["spread"] = ticks.spread[rows]
    identity["tick"] = ticks.ticks[rows]
    found: list[bytes] = identity.view(f"V{_IDENTITY.itemsize}").tolist()
    return found
