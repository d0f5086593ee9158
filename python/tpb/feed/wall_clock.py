"""Written dates and times as MqlTick counts them.

MT5's time_msc is the trade server's wall clock, counted as if it were UTC. So is what we make of a
file: its wall clock is taken as the server's, digit by digit, whatever zone it was written in.
Nothing is shifted: HistData's New York time stays New York time.
"""

from datetime import date

from tpb.feed.problem import BadLine

_EPOCH = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_MINUTE_MS = 60_000
# No electronic market is older; a smaller year is a slipped column.
FIRST_YEAR = 1980
LAST_YEAR = 2200


def minute_ms(year: str, month: str, day: str, hour: str, minute: str) -> int:
    """Milliseconds from 1970-01-01 to the start of a minute. Parsers remember it per minute."""
    numbers = _number(year), _number(month), _number(day)
    try:
        ordinal = date(*numbers).toordinal()
    except ValueError:
        raise BadLine("no such date") from None
    if not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise BadLine(f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    if _number(hour) > 23 or _number(minute) > 59:
        raise BadLine("no such time of day")
    return (ordinal - _EPOCH) * _DAY_MS + (int(hour) * 60 + int(minute)) * _MINUTE_MS


def in_minute_ms(digits: str) -> int:
    """Milliseconds from the start of a minute, of SSmmm."""
    value = _number(digits)
    if len(digits) != 5 or value >= _MINUTE_MS:
        raise BadLine("no such time of day")
    return value


def _number(digits: str) -> int:
    """Plain digits only: int() alone would also take signs, spaces and underscores."""
    if digits.isascii() and digits.isdigit():
        return int(digits)
    raise BadLine("the time is not made of digits")
