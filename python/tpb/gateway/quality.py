"""What a gateway sees of each symbol's stream: gaps, duplicates, order, latency. Pure.

A tick's identity is (session, symbol, sequence_number); a session that goes on from another counts
on in its numbers. Figures are kept by hour of arrival. Latency is the gateway's clock at arrival
minus the client's UTC clock when the batch was closed, both of which NTP keeps; the trade server's
wall clock, which is in another time zone, has no part in it. A client's clock that runs ahead makes
a latency of 0, and what waited out an outage shows its wait.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from tpb.wire.trading.market_data_pb2 import DataQualityMetrics, MarketDataStream

PERIOD_MS = 3_600_000
# A number this far ahead is damage, not a gap: the stream goes on where it was.
MAX_JUMP = 1 << 32
# Of one symbol; older ones stay missing for ever.
_MAX_HOLES = 256
# Holes of this period are the other gateway's: nothing is missing.
_NOT_MISSING = -1

Numbers = Sequence[tuple[str, int]]  # symbol and sequence_number of each tick
Copies = Callable[[], Sequence[bool]]  # of each tick of a batch: it is equal to an older session's


class SessionKey(NamedTuple):
    tenant: str
    session: str


class FigureKey(NamedTuple):
    tenant: str
    symbol: str
    period_ms: int  # its start, Unix

    @property
    def start(self) -> datetime:
        return datetime.fromtimestamp(self.period_ms / 1000, UTC)


@dataclass(slots=True)
class Figures:
    """Of one symbol in one period; they add up."""

    total: int = 0  # each tick once
    missing: int = 0
    duplicates: int = 0
    out_of_sequence: int = 0  # came after a later one
    latency_ticks: int = 0  # whose batch tells when it was closed
    latency_sum_ms: int = 0
    latency_max_ms: int = 0

    @property
    def completeness(self) -> float:
        """Percent."""
        whole = self.total + max(0, self.missing)
        return 100.0 * self.total / whole if whole else 100.0

    @property
    def latency_average_ms(self) -> float:
        return self.latency_sum_ms / self.latency_ticks if self.latency_ticks else 0.0

    def add(self, other: "Figures") -> None:
        self.total += other.total
        self.missing += other.missing
        self.duplicates += other.duplicates
        self.out_of_sequence += other.out_of_sequence
        self.latency_ticks += other.latency_ticks
        self.latency_sum_ms += other.latency_sum_ms
        self.latency_max_ms = max(self.latency_max_ms, other.latency_max_ms)


def metrics(key: FigureKey, figures: Figures, *, until_ms: int | None = None) -> DataQualityMetrics:
    """As the schema registry has it; until_ms where it is more than one period."""
    found = DataQualityMetrics(
        symbol=key.symbol,
        tenant_id=key.tenant,
        total_ticks=figures.total,
        missing_ticks=max(0, figures.missing),
        duplicate_ticks=figures.duplicates,
        out_of_sequence_ticks=figures.out_of_sequence,
        data_completeness=figures.completeness,
        average_latency_ms=figures.latency_average_ms,
        max_latency_ms=figures.latency_max_ms,
    )
    found.period_start.seconds = key.period_ms // 1000
    found.period_end.seconds = (until_ms or key.period_ms + PERIOD_MS) // 1000
    return found


class Hole(NamedTuple):
    """Numbers that did not come; the period in which that was noticed."""

    first: int
    last: int
    period_ms: int


@dataclass(slots=True)
class Line:
    """One symbol of one session."""

    newest: int = 0
    holes: list[Hole] = field(default_factory=list)  # ascending
    # Batches went to another gateway: the next number may be anything above.
    excused: bool = False
    # Numbers up to this are an older session's too: ticks that bear one may be copies.
    inherited: int = 0
    _figures: Figures | None = None
    _period_ms: int = 0

    def fill(self, number: int) -> Hole | None:
        """Takes a number out of its hole, if it has one."""
        for at, hole in enumerate(self.holes):
            if hole.first <= number <= hole.last:
                self.holes[at : at + 1] = [
                    Hole(first, last, hole.period_ms)
                    for first, last in ((hole.first, number - 1), (number + 1, hole.last))
                    if first <= last
                ]
                return hole
        return None

    def open(self, first: int, last: int, period_ms: int) -> None:
        self.holes = sorted([*self.holes, Hole(first, last, period_ms)])[-_MAX_HOLES:]


@dataclass(slots=True)
class Stream:
    """What is remembered of a session between batches."""

    lines: dict[str, Line] = field(default_factory=dict)
    measured: int = 0  # newest batch_sequence in the figures
    excused: bool = False  # likewise of symbols not seen yet


def numbers_of(stream: MarketDataStream) -> Numbers:
    return [(tick.symbol, tick.sequence_number) for tick in stream.ticks]


class Quality:
    """Counts. `figures` holds what came since forget(), `streams` what must outlive it."""

    def __init__(self) -> None:
        self.figures: dict[FigureKey, Figures] = {}
        self.streams: dict[SessionKey, Stream] = {}
        self.changed: set[SessionKey] = set()  # streams other than they were at forget()

    def forget(self) -> None:
        """The figures and the streams were written down."""
        for key in self.changed:
            for line in self.streams[key].lines.values():
                line._figures = None
        self.figures.clear()
        self.changed.clear()

    def measures(self, key: SessionKey) -> bool:
        """Whether anything is known of the session."""
        stream = self.streams.get(key)
        return stream is not None and bool(stream.measured or stream.lines or stream.excused)

    def excuse(self, key: SessionKey) -> None:
        """Batches of the session went to another gateway."""
        stream = self._changing(key)
        stream.excused = True
        for line in stream.lines.values():
            line.excused = True

    def inherit(self, key: SessionKey, family: Iterable[SessionKey]) -> None:
        """A new session goes on where its family was: in the numbers, and with the holes."""
        stream = self._changing(key)
        furthest: dict[str, Line] = {}
        for older in family:
            before = self._changing(older)
            stream.excused = stream.excused or before.excused
            for symbol, line in before.lines.items():
                if symbol not in furthest or line.newest > furthest[symbol].newest:
                    furthest[symbol] = line
        stream.excused = stream.excused or not furthest
        for symbol, line in furthest.items():
            stream.lines[symbol] = Line(
                line.newest, line.holes, line.excused, inherited=line.newest
            )
            line.holes = []

    def take(
        self,
        key: SessionKey,
        sequence: int,
        numbers: Numbers,
        *,
        sent_at_ms: int,
        received_at_ms: int,
        copies: Copies,
    ) -> None:
        """A batch was stored. sent_at_ms: 0 where it does not say."""
        stream = self._changing(key)
        stream.measured = max(stream.measured, sequence)
        period_ms = received_at_ms - received_at_ms % PERIOD_MS
        tells_latency, latency_ms = sent_at_ms > 0, max(0, received_at_ms - sent_at_ms)
        lines = stream.lines
        known_copies: Sequence[bool] | None = None
        for at, (symbol, number) in enumerate(numbers):
            line = lines.get(symbol)
            if line is None:
                line = lines[symbol] = Line(excused=stream.excused)
            figures = line._figures
            if figures is None or line._period_ms != period_ms:
                figures = self._figures_for(line, key.tenant, symbol, period_ms)
            if number == line.newest + 1 and not line.excused:
                line.newest = number
            else:
                is_copy = None
                if 1 <= number <= line.inherited:
                    known_copies = copies() if known_copies is None else known_copies
                    is_copy = known_copies[at]
                if self._is_duplicate(line, figures, key.tenant, symbol, number, is_copy):
                    continue
            figures.total += 1
            if tells_latency:
                figures.latency_ticks += 1
                figures.latency_sum_ms += latency_ms
                if latency_ms > figures.latency_max_ms:
                    figures.latency_max_ms = latency_ms

    def repeat(self, key: SessionKey, numbers: Numbers, received_at_ms: int) -> None:
        """A batch came that is stored already."""
        period_ms = received_at_ms - received_at_ms % PERIOD_MS
        for symbol, _ in numbers:
            self._of(key.tenant, symbol, period_ms).duplicates += 1

    def correct(self, key: SessionKey, old: Numbers, new: Numbers, stored_at_ms: int) -> None:
        """A stored batch was replaced. stored_at_ms: when the wrong one came."""
        stream = self._changing(key)
        period_ms = stored_at_ms - stored_at_ms % PERIOD_MS
        for symbol, number in _without(old, new):
            figures = self._of(key.tenant, symbol, period_ms)
            figures.total -= 1
            if symbol in stream.lines:
                self._take_back(stream.lines[symbol], key.tenant, symbol, number, period_ms)
        for symbol, number in _without(new, old):
            figures = self._of(key.tenant, symbol, period_ms)
            line = stream.lines.setdefault(symbol, Line(excused=stream.excused))
            line._period_ms = period_ms
            late = figures.out_of_sequence
            if not self._is_duplicate(line, figures, key.tenant, symbol, number, None):
                figures.total += 1
            # It was not late: it was unreadable.
            figures.out_of_sequence = late

    def _is_duplicate(
        self,
        line: Line,
        figures: Figures,
        tenant: str,
        symbol: str,
        number: int,
        is_copy: bool | None,
    ) -> bool:
        """Places a number that does not simply follow. is_copy: None where no older has it."""
        if number < 1:
            return False  # a sender that does not count
        if number > line.newest:
            self._jump(line, figures, number)
            return False
        hole = line.fill(number)
        if hole is not None:
            if hole.period_ms != _NOT_MISSING:
                self._of(tenant, symbol, hole.period_ms).missing -= 1
            figures.out_of_sequence += 1
            return False
        if is_copy is False:
            # The older session gave this number to another tick.
            return False
        figures.duplicates += 1
        return True

    def _jump(self, line: Line, figures: Figures, number: int) -> None:
        count = number - line.newest - 1
        if count > MAX_JUMP and not line.excused:
            figures.out_of_sequence += 1
            return
        if count > 0:
            line.open(
                line.newest + 1,
                number - 1,
                _NOT_MISSING if line.excused else line._period_ms,
            )
            figures.missing += 0 if line.excused else count
        line.newest = number
        line.excused = False

    def _take_back(self, line: Line, tenant: str, symbol: str, number: int, period_ms: int) -> None:
        if not 1 <= number <= line.newest or any(
            hole.first <= number <= hole.last for hole in line.holes
        ):
            return
        if number < line.newest:
            line.open(number, number, period_ms)
            self._of(tenant, symbol, period_ms).missing += 1
            return
        line.newest -= 1
        while line.holes and line.holes[-1].last == line.newest:
            hole = line.holes.pop()
            line.newest = hole.first - 1
            if hole.period_ms != _NOT_MISSING:
                self._of(tenant, symbol, hole.period_ms).missing -= hole.last - hole.first + 1

    def _figures_for(self, line: Line, tenant: str, symbol: str, period_ms: int) -> Figures:
        line._figures = self._of(tenant, symbol, period_ms)
        line._period_ms = period_ms
        return line._figures

    def _of(self, tenant: str, symbol: str, period_ms: int) -> Figures:
        return self.figures.setdefault(FigureKey(tenant, symbol, period_ms), Figures())

    def _changing(self, key: SessionKey) -> Stream:
        self.changed.add(key)
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = Stream()
        return stream


def _without(some: Numbers, others: Numbers) -> list[tuple[str, int]]:
    """Each once: what came twice in a batch was counted once."""
    return [each for each in dict.fromkeys(some) if each not in set(others)]
