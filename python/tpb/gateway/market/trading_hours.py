"""When the forex market's four sessions are open. Pure.

A session keeps its city's office hours, daylight saving included, on the city's Mondays to Fridays;
the market as a whole is closed from Friday 17:00 to Sunday 17:00 New York time. Holidays are not
modelled: brokers differ about them.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tpb.wire.trading.market_data_pb2 import MarketSession

MARKET = "forex"
_SATURDAY = 5
_CLOSE = time(17)  # on Friday in New York; and the opening on Sunday
_NEW_YORK = ZoneInfo("America/New_York")


class _Session(NamedTuple):
    name: str
    timezone: str
    opens: time
    closes: time


_SESSIONS = (
    _Session("sydney", "Australia/Sydney", time(7), time(16)),
    _Session("tokyo", "Asia/Tokyo", time(9), time(18)),
    _Session("london", "Europe/London", time(8), time(17)),
    _Session("new_york", "America/New_York", time(8), time(17)),
)


class Hours(NamedTuple):
    """One session on one day."""

    name: str
    timezone: str  # IANA's name
    start_s: int  # Unix
    end_s: int
    is_active: bool


def session_at(unix_s: float) -> Hours:
    """Of the open sessions the one that opened last; where none is open, the next to open."""
    return _in_minute(int(unix_s // 60))


def fill(message: MarketSession, hours: Hours) -> None:
    message.market = MARKET
    message.session_name = hours.name
    message.session_start.seconds = hours.start_s
    message.session_end.seconds = hours.end_s
    message.is_active = hours.is_active
    message.timezone = hours.timezone


@lru_cache(maxsize=1024)
def _in_minute(minute: int) -> Hours:
    """Sessions open and close on full minutes."""
    now_s = minute * 60
    around = list(_around(now_s))
    found = [hours for hours in around if hours.start_s <= now_s < hours.end_s]
    if found:
        return max(found, key=lambda hours: hours.start_s)._replace(is_active=True)
    return min(
        (hours for hours in around if hours.start_s > now_s), key=lambda hours: hours.start_s
    )


def _around(now_s: int) -> Iterator[Hours]:
    """Every session from yesterday to beyond a weekend, as far as the market is open."""
    today = datetime.fromtimestamp(now_s, UTC).date()
    for session in _SESSIONS:
        zone = ZoneInfo(session.timezone)
        for days in range(-1, 5):
            day = today + timedelta(days)
            if day.weekday() >= _SATURDAY:
                continue
            opened_s, closed_s = _week(day)
            start_s = max(_unix_s(day, session.opens, zone), opened_s)
            end_s = min(_unix_s(day, session.closes, zone), closed_s)
            if start_s < end_s:
                yield Hours(session.name, session.timezone, start_s, end_s, is_active=False)


def _week(day: date) -> tuple[int, int]:
    """When the market opens and closes for the working week of this day."""
    monday = day - timedelta(day.weekday())
    return (
        _unix_s(monday - timedelta(1), _CLOSE, _NEW_YORK),
        _unix_s(monday + timedelta(4), _CLOSE, _NEW_YORK),
    )


def _unix_s(day: date, at: time, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, at, zone).timestamp())
