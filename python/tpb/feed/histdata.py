"""HistData's tick files (ASCII, tick data quotes): `20200101 170000065,1.121200,1.121720,0`.

A line is date, time to the millisecond, bid, ask, volume; the volume is always 0 there. The file
names no symbol. Its clock is New York without daylight saving, all year: see wall_clock.py.
"""

from functools import lru_cache

from tpb.feed import figures, wall_clock
from tpb.feed.chunks import Fields
from tpb.feed.problem import BadLine
from tpb.feed.tick_flags import QUOTE

NAME = "histdata"
SHAPE = "YYYYMMDD HHMMSSmmm,bid,ask,volume"


class HistDataParser:
    def __init__(self, symbol: str) -> None:
        self._symbol = symbol

    def parse(self, line: str) -> tuple[str, Fields]:
        columns = line.split(",")
        if len(columns) != 4:
            raise BadLine(f"{len(columns)} columns instead of 4")
        written, bid, ask, volume = columns
        time_msc = _time_msc(written)
        whole, real = figures.volume(volume)
        return self._symbol, Fields(
            time_msc // 1000,
            figures.price(bid, "bid"),
            figures.price(ask, "ask"),
            0.0,
            whole,
            time_msc,
            QUOTE,
            real,
        )


def recognises(first_line: str) -> bool:
    try:
        _time_msc(first_line.partition(",")[0])
    except BadLine:
        return False
    return first_line.count(",") == 3


def _time_msc(written: str) -> int:
    if len(written) != 18 or written[8] != " ":
        raise BadLine("the time is not written YYYYMMDD HHMMSSmmm")
    return _minute_ms(written[:13]) + wall_clock.in_minute_ms(written[13:])


@lru_cache(maxsize=64)
def _minute_ms(written: str) -> int:
    return wall_clock.minute_ms(
        written[:4], written[4:6], written[6:8], written[9:11], written[11:]
    )
