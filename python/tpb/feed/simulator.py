"""Ticks made up: a seeded random walk of a few symbols, the same at every reading."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from random import Random

from tpb.feed import tick_flags
from tpb.feed.chunks import Chunk, ChunkMaker, Fields


@dataclass(frozen=True)
class Instrument:
    """A symbol and how it is quoted. A point is the last digit of its price."""

    symbol: str
    price: float
    digits: int
    spread_points: int


INSTRUMENTS = (
    Instrument("EURUSD", 1.08500, 5, 9),
    Instrument("GBPUSD", 1.26500, 5, 12),
    Instrument("USDJPY", 149.500, 3, 11),
    Instrument("XAUUSD", 2030.00, 2, 25),
)

# What is traded most in foreign exchange.
MAJORS = (
    Instrument("EURUSD", 1.08500, 5, 9),
    Instrument("GBPUSD", 1.26500, 5, 12),
    Instrument("USDJPY", 149.500, 3, 11),
    Instrument("USDCHF", 0.88200, 5, 13),
    Instrument("AUDUSD", 0.65400, 5, 11),
    Instrument("USDCAD", 1.35100, 5, 14),
    Instrument("NZDUSD", 0.60900, 5, 16),
    Instrument("EURGBP", 0.85700, 5, 12),
    Instrument("EURJPY", 162.200, 3, 15),
    Instrument("GBPJPY", 189.100, 3, 19),
)


class Simulator:
    """Several ticks may share one millisecond, as in a real market."""

    def __init__(
        self,
        *,
        ticks: int | None,  # None: without an end
        start_msc: int,
        ticks_per_s: float = 50.0,
        seed: int = 1,
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
    ) -> None:
        self._ticks = ticks
        self._start_msc = start_msc
        self._gap_ms = 1000.0 / ticks_per_s
        self._seed = seed
        self._instruments = instruments

    @property
    def name(self) -> str:
        return "simulated market"

    @property
    def skipped(self) -> Mapping[str, int]:
        return {}

    @property
    def backwards(self) -> int:
        return 0

    def chunks(self) -> Iterator[Chunk]:
        random = Random(self._seed)
        quotes = [_Quote(each) for each in self._instruments]
        maker = ChunkMaker()
        elapsed_ms = 0.0
        for _ in count() if self._ticks is None else range(self._ticks):
            elapsed_ms += random.expovariate(1.0) * self._gap_ms
            quote = random.choice(quotes)
            tick = quote.next(random, self._start_msc + int(elapsed_ms))
            if complete := maker.add(quote.symbol, tick):
                yield complete
        if rest := maker.rest():
            yield rest


class _Quote:
    """The running quote of one symbol, in whole points."""

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self._digits = instrument.digits
        self._scale: int = 10**instrument.digits
        self._home = self._bid = round(instrument.price * self._scale)
        self._spread = self._usual_spread = instrument.spread_points

    def next(self, random: Random, time_msc: int) -> Fields:
        bid, ask = self._bid, self._bid + self._spread
        # Drawn back a little towards its start, so that no price wanders off to zero.
        drift = (self._home - self._bid) / self._home
        self._bid += random.randint(-4, 4) + (random.random() < abs(drift)) * (
            1 if drift > 0 else -1
        )
        self._spread = self._usual_spread + random.randint(-2, 4)
        return Fields(
            time_msc // 1000,
            self._price(self._bid),
            self._price(self._bid + self._spread),
            0.0,
            0,
            time_msc,
            tick_flags.changed(bid != self._bid, ask != self._bid + self._spread),
            0.0,
        )

    def _price(self, points: int) -> float:
        return round(points / self._scale, self._digits)
