"""The ticks to measure on where the user names no file: ten forex symbols, always the same."""

from tpb.feed.simulator import Instrument, Simulator

SYMBOLS = (
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
TICKS = 100_000
_START_MSC = 1_577_898_000_000
_SEED = 2020


def market() -> Simulator:
    return Simulator(ticks=TICKS, start_msc=_START_MSC, seed=_SEED, instruments=SYMBOLS)
