"""TrueFX's tick files: `EUR/USD,20200101 22:00:00.123,1.1212,1.12172`.

A line is pair, time to the millisecond, bid, ask. A file may hold several pairs; their order is
kept. EUR/USD becomes EURUSD, as MT5 names it. The clock is UTC there: see wall_clock.py.
"""

import re
from functools import lru_cache

from tpb.feed import figures, wall_clock
from tpb.feed.chunks import Fields
from tpb.feed.problem import BadLine
from tpb.feed.tick_flags import QUOTE

NAME = "truefx"
SHAPE = "PAIR,YYYYMMDD HH:MM:SS.mmm,bid,ask"

_PAIR = re.compile(r"[A-Z]{3}/?[A-Z]{3}")
# A file of more pairs than there are is no file of pairs.
MAX_PAIRS = 4096


class TrueFxParser:
    def __init__(self, symbol: str | None = None) -> None:
        """With a symbol, only its lines are wanted; any other pair is a bad line."""
        self._only = symbol
        self._symbols: dict[str, str] = {}

    def parse(self, line: str) -> tuple[str, Fields]:
        columns = line.split(",")
        if len(columns) != 4:
            raise BadLine(f"{len(columns)} columns instead of 4")
        pair, written, bid, ask = columns
        symbol = self._symbols.get(pair) or self._new_pair(pair)
        time_msc = _time_msc(written)
        return symbol, Fields(
            time_msc // 1000,
            figures.price(bid, "bid"),
            figures.price(ask, "ask"),
            0.0,
            0,
            time_msc,
            QUOTE,
            0.0,
        )

    def _new_pair(self, pair: str) -> str:
        if not _PAIR.fullmatch(pair):
            raise BadLine("the pair is not written like EUR/USD")
        symbol = pair.replace("/", "")
        if self._only and symbol != self._only:
            raise BadLine(f"the pair is not {self._only}")
        if len(self._symbols) == MAX_PAIRS:
            raise BadLine("too many pairs in one file")
        self._symbols[pair] = symbol
        return symbol


def recognises(first_line: str) -> bool:
    return bool(_PAIR.fullmatch(first_line.partition(",")[0])) and first_line.count(",") == 3


def _time_msc(written: str) -> int:
    if len(written) != 21 or written[8] + written[11] + written[14] + written[17] != " ::.":
        raise BadLine("the time is not written YYYYMMDD HH:MM:SS.mmm")
    return _minute_ms(written[:14]) + wall_clock.in_minute_ms(written[15:17] + written[18:])


@lru_cache(maxsize=64)
def _minute_ms(written: str) -> int:
    return wall_clock.minute_ms(
        written[:4], written[4:6], written[6:8], written[9:11], written[12:]
    )
