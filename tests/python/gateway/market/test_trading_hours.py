"""Which forex session is open: over daylight saving's switches and weekends."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.market.trading_hours import fill, session_at
from tpb.wire.trading.market_data_pb2 import MarketSession

NEW_YORK = ZoneInfo("America/New_York")


def unix_s(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def told(text: str) -> tuple[str, str, str, bool]:
    hours = session_at(unix_s(text))
    start, end = (
        datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M")
        for at in (hours.start_s, hours.end_s)
    )
    return hours.name, start, end, hours.is_active


@pytest.mark.parametrize(
    "at,session",
    [
        # A winter day of the north: Sydney has summer time, London and New York have not.
        ("2024-01-16 23:59:59.999", ("sydney", "01-16 20:00", "01-17 05:00", True)),
        ("2024-01-17 00:00", ("tokyo", "01-17 00:00", "01-17 09:00", True)),
        ("2024-01-17 07:59:59", ("tokyo", "01-17 00:00", "01-17 09:00", True)),
        ("2024-01-17 08:00", ("london", "01-17 08:00", "01-17 17:00", True)),
        ("2024-01-17 13:00", ("new_york", "01-17 13:00", "01-17 22:00", True)),
        # Opened last, though New York is open still.
        ("2024-01-17 20:00", ("sydney", "01-17 20:00", "01-18 05:00", True)),
        # A summer day of the north.
        ("2024-07-17 06:59", ("tokyo", "07-17 00:00", "07-17 09:00", True)),
        ("2024-07-17 07:00", ("london", "07-17 07:00", "07-17 16:00", True)),
        ("2024-07-17 12:00", ("new_york", "07-17 12:00", "07-17 21:00", True)),
        ("2024-07-17 20:59", ("new_york", "07-17 12:00", "07-17 21:00", True)),
        ("2024-07-17 21:00", ("sydney", "07-17 21:00", "07-18 06:00", True)),
    ],
)
def test_a_day(at: str, session: tuple[str, str, str, bool]) -> None:
    assert told(at) == session


@pytest.mark.parametrize(
    "at,session",
    [
        # New York switched on 2024-03-10, London on 03-31: for three weeks New York is an hour
        # earlier against London.
        ("2024-03-08 12:59", ("london", "03-08 08:00", "03-08 17:00", True)),
        ("2024-03-11 12:00", ("new_york", "03-11 12:00", "03-11 21:00", True)),
        ("2024-03-11 07:59", ("tokyo", "03-11 00:00", "03-11 09:00", True)),
        ("2024-03-29 08:00", ("london", "03-29 08:00", "03-29 17:00", True)),
        ("2024-04-01 07:00", ("london", "04-01 07:00", "04-01 16:00", True)),
        # Back: London on 2024-10-27, New York on 11-03.
        ("2024-10-25 07:00", ("london", "10-25 07:00", "10-25 16:00", True)),
        ("2024-10-28 07:59", ("tokyo", "10-28 00:00", "10-28 09:00", True)),
        ("2024-10-28 12:00", ("new_york", "10-28 12:00", "10-28 21:00", True)),
        ("2024-11-04 12:59", ("london", "11-04 08:00", "11-04 17:00", True)),
        ("2024-11-04 13:00", ("new_york", "11-04 13:00", "11-04 22:00", True)),
        # Sydney's summer time ended on 2024-04-07 and began on 10-06.
        ("2024-04-03 20:00", ("sydney", "04-03 20:00", "04-04 05:00", True)),
        ("2024-04-08 20:59", ("new_york", "04-08 12:00", "04-08 21:00", True)),
        ("2024-04-08 21:00", ("sydney", "04-08 21:00", "04-09 06:00", True)),
        ("2024-10-07 20:00", ("sydney", "10-07 20:00", "10-08 05:00", True)),
    ],
)
def test_around_the_switches(at: str, session: tuple[str, str, str, bool]) -> None:
    assert told(at) == session


@pytest.mark.parametrize(
    "at,session",
    [
        ("2024-01-19 21:59:59", ("new_york", "01-19 13:00", "01-19 22:00", True)),
        # Sydney's Saturday is none, and its Monday begins when the market does.
        ("2024-01-19 22:00", ("sydney", "01-21 22:00", "01-22 05:00", False)),
        ("2024-01-20 12:00", ("sydney", "01-21 22:00", "01-22 05:00", False)),
        ("2024-01-21 21:59:59", ("sydney", "01-21 22:00", "01-22 05:00", False)),
        ("2024-01-21 22:00", ("sydney", "01-21 22:00", "01-22 05:00", True)),
        # In the north's summer.
        ("2024-07-19 20:59", ("new_york", "07-19 12:00", "07-19 21:00", True)),
        ("2024-07-19 21:00", ("sydney", "07-21 21:00", "07-22 06:00", False)),
        ("2024-07-21 21:00", ("sydney", "07-21 21:00", "07-22 06:00", True)),
        # Over New York's switch in the weekend of 2024-03-09: it opens at 21:00, not 22:00.
        ("2024-03-08 22:00", ("sydney", "03-10 21:00", "03-11 05:00", False)),
        ("2024-03-10 21:00", ("sydney", "03-10 21:00", "03-11 05:00", True)),
        # A new year is no holiday here.
        ("2024-01-01 13:30", ("new_york", "01-01 13:00", "01-01 22:00", True)),
    ],
)
def test_weekends(at: str, session: tuple[str, str, str, bool]) -> None:
    assert told(at) == session


@given(at=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)))  # noqa: DTZ001 (bounds)
def test_open_all_week_and_closed_at_weekends(at: datetime) -> None:
    now_s = at.replace(tzinfo=UTC).timestamp()
    hours = session_at(now_s)
    there = datetime.fromtimestamp(now_s, NEW_YORK)
    minutes = (there.weekday(), there.hour)
    is_weekend = (4, 17) <= minutes < (6, 17)
    assert hours.is_active != is_weekend
    if hours.is_active:
        assert hours.start_s <= now_s < hours.end_s
    else:
        assert now_s < hours.start_s <= now_s + 48 * 3600 + 3600
    assert 0 < hours.end_s - hours.start_s <= 9 * 3600


def test_as_it_travels() -> None:
    message = MarketSession()
    fill(message, session_at(unix_s("2024-01-17 08:00")))
    assert (message.market, message.session_name) == ("forex", "london")
    assert message.timezone == "Europe/London"
    assert message.session_start.seconds == unix_s("2024-01-17 08:00")
    assert message.session_end.seconds == unix_s("2024-01-17 17:00")
    assert message.is_active
    fill(message, session_at(unix_s("2024-01-20 08:00")))
    assert not message.is_active


def test_asking_often_computes_once_a_minute() -> None:
    from tpb.gateway.market.trading_hours import _in_minute

    _in_minute.cache_clear()
    for millisecond in range(60_000):
        session_at(unix_s("2024-01-17 08:00") + millisecond / 1000)
    assert _in_minute.cache_info().misses == 1
