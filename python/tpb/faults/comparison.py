"""What became of a market: the ticks of all gateways together against those of the source.

A tick is named by its symbol and its number among the ticks of that symbol, which it is stored
with. What the stores hold as copies of one another is taken for one by those who read them; here
every tick has to come exactly once.
"""

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tpb.faults.market import Market
from tpb.gateway.reading import StoredTicks

_LAST_BATCH = 2**63 - 1


class Place(NamedTuple):
    symbol: str
    number: int


@dataclass
class Findings:
    lost: set[Place] = field(default_factory=set)
    duplicated: int = 0  # stored once more under another number
    reordered: int = 0  # stored with another tick's number, or behind a later one
    altered: int = 0  # stored, but other than the source has it
    faults: list[str] = field(default_factory=list)  # in words, the first few

    @property
    def clean(self) -> bool:
        return not (self.lost or self.duplicated or self.reordered or self.altered)

    def note(self, fault: str) -> None:
        if len(self.faults) < 8:
            self.faults.append(fault)


class Comparison:
    """Fed with what the gateways stored; then asked for its findings."""

    def __init__(self) -> None:
        self._rows: dict[Place, list[bytes]] = defaultdict(list)
        self._batches: dict[Place, int] = {}
        self._findings = Findings()

    def take(self, stored: Iterable[StoredTicks]) -> None:
        """In order of batch_sequence and index within each session."""
        newest: dict[tuple[str, str], int] = defaultdict(int)
        for chunk in stored:
            for symbol, number, batch, tick, spread in zip(
                chunk.symbol.tolist(),
                chunk.sequence_number.tolist(),
                chunk.batch_sequence.tolist(),
                chunk.ticks,
                chunk.spread.tolist(),
                strict=True,
            ):
                place = Place(symbol, number)
                self._check_order(place, newest, chunk.session)
                self._check_spread(place, float(tick["ask"] - tick["bid"]), spread)
                self._batches[place] = batch
                self._rows[place].append(tick.tobytes())

    def neighbours(self, place: Place) -> tuple[int, int]:
        """The batches of the stored ticks next to a missing one, before and behind it."""
        stored = sorted(
            (at.number, batch) for at, batch in self._batches.items() if at.symbol == place.symbol
        )
        index = bisect(stored, (place.number, 0))
        below = stored[index - 1][1] if index else 0
        above = stored[index][1] if index < len(stored) else _LAST_BATCH
        return below, above

    def findings(self, market: Market) -> Findings:
        missing: dict[Place, bytes] = {}
        surplus: list[tuple[Place, bytes]] = []
        for symbol, ticks in market.ticks.items():
            for number, tick in enumerate(ticks, 1):
                place, row = Place(symbol, number), tick.tobytes()
                rows = self._rows.pop(place, [])
                if row in rows:
                    rows.remove(row)
                else:
                    missing[place] = row
                surplus += [(place, other) for other in rows]
        surplus += [(place, row) for place, rows in self._rows.items() for row in rows]
        if missing or surplus:
            self._judge(market, missing, surplus)
        return self._findings

    def _judge(
        self, market: Market, missing: dict[Place, bytes], surplus: list[tuple[Place, bytes]]
    ) -> None:
        """Tells apart what was lost, came again, stands elsewhere or was altered."""
        findings = self._findings
        known = {
            (symbol, tick.tobytes()) for symbol, ticks in market.ticks.items() for tick in ticks
        }
        wanted = Counter((place.symbol, row) for place, row in missing.items())
        found_elsewhere: Counter[tuple[str, bytes]] = Counter()
        altered: set[Place] = set()
        for place, row in surplus:
            looks = (place.symbol, row)
            if wanted[looks] > 0:
                wanted[looks] -= 1
                found_elsewhere[looks] += 1
                findings.reordered += 1
                findings.note(f"{place.symbol} {place.number} holds another tick of the source")
            elif looks in known:
                findings.duplicated += 1
                findings.note(f"{place.symbol} {place.number} is a tick that was stored before")
            else:
                findings.altered += 1
                altered.add(place)
                findings.note(f"{place.symbol} {place.number} is other than the source has it")
        for place, row in missing.items():
            looks = (place.symbol, row)
            if found_elsewhere[looks] > 0:
                found_elsewhere[looks] -= 1
            elif place not in altered:
                findings.lost.add(place)

    def _check_order(self, place: Place, newest: dict[tuple[str, str], int], session: str) -> None:
        lane = session, place.symbol
        if place.number < newest[lane]:
            self._findings.reordered += 1
            self._findings.note(
                f"{place.symbol} {place.number} comes after {newest[lane]} in session {session}"
            )
        newest[lane] = max(newest[lane], place.number)

    def _check_spread(self, place: Place, expected: float, spread: float) -> None:
        if spread != expected:
            self._findings.altered += 1
            self._findings.note(
                f"{place.symbol} {place.number} has spread {spread}, not {expected}"
            )
