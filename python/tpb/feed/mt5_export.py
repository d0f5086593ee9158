"""MT5's own tick export (Symbols, Ticks, Export): tab-separated, UTF-16 or UTF-8, with a header.

    <DATE>      <TIME>        <BID>    <ASK>    <LAST>  <VOLUME>  <FLAGS>
    2020.01.02  00:05:00.123  1.12120  1.12172                    6

An empty BID, ASK or LAST means unchanged, so the value before is carried forward: MqlTick always
holds all three. An empty VOLUME is 0: a volume belongs to one deal. Its clock is the trade
server's, so time_msc is exact.
"""

from functools import lru_cache

from tpb.feed import figures, tick_flags, wall_clock
from tpb.feed.chunks import Fields
from tpb.feed.problem import BadLine

NAME = "mt5"
COLUMNS = ("<DATE>", "<TIME>", "<BID>", "<ASK>", "<LAST>", "<VOLUME>", "<FLAGS>")
SHAPE = "\\t".join(COLUMNS)
HEADER = "\t".join(COLUMNS)


class Mt5ExportParser:
    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._bid: float | None = None
        self._ask: float | None = None
        self._last = 0.0

    def parse(self, line: str) -> tuple[str, Fields]:
        columns = line.split("\t")
        if len(columns) != len(COLUMNS):
            raise BadLine(f"{len(columns)} columns instead of {len(COLUMNS)}")
        day, time, bid_text, ask_text, last_text, volume_text, flags_text = columns
        time_msc = _time_msc(day, time)
        bid = _price_or(self._bid, bid_text, "bid")
        ask = _price_or(self._ask, ask_text, "ask")
        last = _price_or(self._last, last_text, "last")
        whole, real = figures.volume(volume_text) if volume_text else (0, 0.0)
        flags = figures.flags(flags_text) if flags_text else _flags_of(columns)
        # Only a line that is good as a whole is carried forward.
        self._bid, self._ask, self._last = bid, ask, last
        return self._symbol, Fields(time_msc // 1000, bid, ask, last, whole, time_msc, flags, real)


def recognises(first_line: str) -> bool:
    return first_line.startswith("<DATE>\t<TIME>\t<BID>\t")


def _price_or(before: float | None, text: str, name: str) -> float:
    if text:
        return figures.price(text, name)
    if before is None:
        raise BadLine(f"{name} is empty and no line before has one")
    return before


def _flags_of(columns: list[str]) -> int:
    bits = (tick_flags.BID, tick_flags.ASK, tick_flags.LAST, tick_flags.VOLUME)
    return sum(bit for bit, text in zip(bits, columns[2:6], strict=True) if text)


def _time_msc(day: str, time: str) -> int:
    if len(day) != 10 or day[4] + day[7] != "..":
        raise BadLine("the date is not written YYYY.MM.DD")
    if len(time) != 12 or time[2] + time[5] + time[8] != "::.":
        raise BadLine("the time is not written HH:MM:SS.mmm")
    return _minute_ms(day, time[:5]) + wall_clock.in_minute_ms(time[6:8] + time[9:])


@lru_cache(maxsize=64)
def _minute_ms(day: str, time: str) -> int:
    return wall_clock.minute_ms(day[:4], day[5:7], day[8:], time[:2], time[3:])
