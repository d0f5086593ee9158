"""The ticks to measure on where the user names no file: ten forex symbols, always the same."""

from tpb.feed.simulator import MAJORS, Simulator

SYMBOLS = MAJORS
TICKS = 100_000
_START_MSC = 1_577_898_000_000
_SEED = 2020


def market() -> Simulator:
    return Simulator(ticks=TICKS, start_msc=_START_MSC, seed=_SEED, instruments=SYMBOLS)
