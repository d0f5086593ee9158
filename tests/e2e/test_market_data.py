"""Market data from the real gateway: one session streams ticks up, another one has subscribed."""

import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tpb
from tpb.testing.gateway import GatewayFixture
from tpb.testing.ticks import made_up

pytestmark = pytest.mark.timeout(90)

WaitUntil = Callable[..., Any]
QUICK: dict[str, Any] = {"backoff_min_ms": 10, "backoff_max_ms": 300}
MINUTE_MS = 60_000


@pytest.fixture
def sender(gateway: GatewayFixture) -> Iterator[tpb.Session]:
    with tpb.Session(gateway.endpoint, gateway.token(), **QUICK) as session:
        yield session


def subscriber(gateway: GatewayFixture, **more: Any) -> tpb.Session:
    settings = {"stream_ticks": False, "ca_file": gateway.ca_file} | QUICK | more
    token = settings.pop("token", None) or gateway.token(user="reader")
    return tpb.Session(gateway.endpoint, token, **settings)


def minutes(count: int, first: int = 0) -> NDArray[np.void]:
    """A tick a minute: each completes a bar of the one before it."""
    ticks = made_up(count, first)
    ticks["time_msc"] = 1_577_898_000_000 + (first + np.arange(count)) * MINUTE_MS
    ticks["time"] = ticks["time_msc"] // 1000
    return ticks


def active(session: tpb.Session, number: int) -> Callable[[], bool]:
    return lambda: session.subscription(number).state == "active"


def newest(session: tpb.Session, symbol: str, timeframe: str = "1m") -> Callable[[], int]:
    """The number of the newest tick that came."""

    def number() -> int:
        data = session.latest(symbol, timeframe)
        return 0 if data is None else data.number

    return number


@pytest.mark.parametrize("kind", ["gateway", "gateway_tls"])
def test_prices_and_indicators_arrive(
    kind: str, request: pytest.FixtureRequest, wait_until: WaitUntil
) -> None:
    gateway: GatewayFixture = request.getfixturevalue(kind)
    ticks = minutes(60)
    with (
        tpb.Session(gateway.endpoint, gateway.token(), ca_file=gateway.ca_file) as sender,
        subscriber(gateway) as session,
    ):
        assert session.status().state_name in ("connecting", "connected")
        bars = session.subscribe("EURUSD")
        by_tick = session.subscribe("EURUSD", "tick")
        wait_until(active(session, bars), bool)
        wait_until(active(session, by_tick), bool)
        sender.send("EURUSD", ticks)
        assert sender.drain(30)
        wait_until(newest(session, "EURUSD"), lambda number: number == 60)
        wait_until(newest(session, "EURUSD", "tick"), lambda number: number == 60)
        over_bars = session.latest("EURUSD")
        over_ticks = session.latest("EURUSD", "tick")
        assert over_bars is not None
        assert over_ticks is not None
        assert (over_bars.bid, over_bars.ask) == (ticks["bid"][-1], ticks["ask"][-1])
        assert over_bars.time_msc == ticks["time_msc"][-1]
        # The newest minute is not complete: its indicators end one before.
        assert over_bars.sma_20 == pytest.approx(ticks["bid"][-21:-1].mean(), rel=1e-12)
        assert over_bars.bar_time == ticks["time"][-2]
        assert over_ticks.sma_20 == pytest.approx(ticks["bid"][-20:].mean(), rel=1e-12)
        assert over_ticks.bar_time == 0
        assert over_bars.rsi == pytest.approx(100)  # it only rose
        assert not math.isnan(over_bars.macd_signal)
        assert over_bars.live
        assert over_bars.subscription == bars
        assert 0 <= over_bars.age_ms < 30_000
        assert abs(over_bars.server_time_ms - time.time() * 1000) < 60_000
        rows = session.poll_market_data()
        assert set(rows["subscription"]) == {bars, by_tick}
        of_bars = rows[rows["subscription"] == bars]
        assert (np.diff(of_bars["number"]) > 0).all()
        status = session.market_status()
        assert status.state_name == "connected"
        assert status.subscriptions == 2
        assert status.frames_ignored == 0
        # What was left out is known to have been.
        assert len(of_bars) + len(rows[rows["subscription"] == by_tick]) == len(rows)
        assert status.messages_received == len(rows)
        assert "market_live" in [event.kind for event in session.events()]


def test_messages_are_waited_for_until_the_session_is_closed(
    gateway: GatewayFixture, sender: tpb.Session, wait_until: WaitUntil
) -> None:
    session = subscriber(gateway)
    wait_until(active(session, session.subscribe("EURUSD", "5m")), bool)
    came: list[tpb.MarketData] = []

    def read() -> None:
        came.extend(session.market_data())

    reader = threading.Thread(target=read)
    reader.start()
    sender.send("EURUSD", made_up(1))
    wait_until(session.market_status, lambda s: s.messages_received == 1 and not s.messages_unread)
    session.close()
    reader.join(10)
    assert not reader.is_alive()
    assert (came[0].symbol, came[0].timeframe, came[0].bid) == ("EURUSD", "5m", 1.1)
    assert math.isnan(came[0].sma_20)
    assert list(session.market_data()) == []
    with pytest.raises(tpb.SessionClosed):
        session.subscribe("EURUSD")


def test_waiting_ends_after_silence(gateway: GatewayFixture, sender: tpb.Session) -> None:
    with subscriber(gateway) as session:
        session.subscribe("EURUSD")
        begun = time.monotonic()
        assert list(session.market_data(timeout=0.2)) == []
        assert 0.15 < time.monotonic() - begun < 20


def test_subscriptions_outlive_cuts_and_restarts(
    gateway: GatewayFixture, sender: tpb.Session, wait_until: WaitUntil
) -> None:
    with subscriber(gateway) as session:
        number = session.subscribe("EURUSD")
        wait_until(active(session, number), bool)
        sender.send("EURUSD", made_up(5))
        wait_until(newest(session, "EURUSD"), lambda newest: newest == 5)
        for event in (gateway.cut_connections, gateway.restart):
            before = session.market_status().reconnects
            event()
            wait_until(session.market_status, lambda s, n=before: s.reconnects > n)
            wait_until(active(session, number), bool)
            wait_until(sender.status, lambda status: status.state_name == "connected")
            first = int(sender.status().ticks_accepted)
            more = made_up(3, first)
            sender.send("EURUSD", more)
            wait_until(
                lambda: session.latest("EURUSD"),
                lambda data, bid=more["bid"][-1]: data.live and data.bid == bid,
            )
        history = session.market_history("EURUSD")
        assert list(history["live"]) == sorted(history["live"])  # the stale ones are older
        assert {"market_lost", "market_live"} <= {event.kind for event in session.events()}


def test_everything_is_stale_while_the_gateway_is_away(
    gateway: GatewayFixture, sender: tpb.Session, wait_until: WaitUntil
) -> None:
    with subscriber(gateway) as session:
        wait_until(active(session, session.subscribe("EURUSD")), bool)
        sender.send("EURUSD", made_up(5))
        wait_until(newest(session, "EURUSD"), lambda newest: newest == 5)
        gateway.stop()
        status = wait_until(session.market_status, lambda s: s.state_name != "connected")
        assert status.problem != 0
        data = session.latest("EURUSD")
        assert data is not None
        assert not data.live
        rows = session.poll_market_data()  # received before the cut, taken after it
        assert len(rows) > 0
        assert (rows["live"] == 0).all()
        assert (session.market_history("EURUSD")["live"] == 0).all()
        older = wait_until(
            lambda: session.latest("EURUSD"), lambda now: now.age_ms > data.age_ms + 20
        )
        assert older.received_ms == data.received_ms


def test_a_refusal_by_tier_is_told(gateway: GatewayFixture, wait_until: WaitUntil) -> None:
    with subscriber(gateway, token=gateway.token(user="poor", tier="free")) as session:
        names = ["EURUSD", "GBPUSD", "USDJPY", "USDCHF"]
        for number in [session.subscribe(name) for name in names]:
            wait_until(active(session, number), bool)
        fifth = session.subscribe("AUDUSD")
        refused = wait_until(
            lambda: session.subscription(fifth), lambda subscription: subscription.state != "asked"
        )
        assert refused.state == "refused"
        assert refused.symbol == "AUDUSD"
        assert "free" in refused.text
        assert "4" in refused.text
        status = session.market_status()
        assert (status.subscriptions, status.refused, status.tier) == (4, 1, "free")
        event = next(event for event in session.events() if event.kind == "market_refused")
        assert event.value == fifth
        assert "AUDUSD" in event.text
        session.unsubscribe("GBPUSD")
        assert session.subscribe("AUDUSD") == fifth
        wait_until(active(session, fifth), bool)
        assert session.subscription(2).state == "ended"
        with pytest.raises(tpb.NotSubscribed):
            session.latest("GBPUSD")


CHILD = """
import sys, tpb
endpoint, token, cache = sys.argv[1:]
session = tpb.Session(endpoint, token, stream_ticks=False, market_cache=cache, market_history=4)
session.subscribe("EURUSD")
messages = session.market_data(timeout=60)
for _ in range(9):
    next(messages)
print(len(session.market_history("EURUSD")), flush=True)
sys.stdin.read()  # until it is killed
"""


def test_a_killed_client_finds_what_it_had_as_stale(
    gateway: GatewayFixture, sender: tpb.Session, tmp_path: Path, wait_until: WaitUntil
) -> None:
    cache = tmp_path / "market.cache"
    command = [sys.executable, "-c", CHILD, gateway.endpoint, gateway.token(user="reader"), cache]
    with subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        output = child.stdout
        assert output is not None
        said: list[str] = []
        listener = threading.Thread(target=lambda: said.append(output.readline()))
        listener.start()
        sent = 0
        while listener.is_alive():  # until it has enough
            sender.send("EURUSD", made_up(1, sent))
            sent += 1
            listener.join(0.05)
        child.kill()
    assert said == ["4\n"]
    gateway.stop()
    with subscriber(gateway, market_cache=cache, market_history=4) as session:
        session.subscribe("EURUSD")
        data = session.latest("EURUSD")
        assert data is not None
        assert not data.live
        assert data.number >= 9
        assert data.age_ms >= 0
        assert data.bid == made_up(1, data.number - 1)["bid"][0]
        history = session.market_history("EURUSD")
        assert len(history) == 4
        assert (history["live"] == 0).all()
        assert (np.diff(history["number"]) > 0).all()
        assert len(session.poll_market_data()) == 0
        gateway.start()
        wait_until(active(session, 1), bool)
        sender.send("EURUSD", made_up(1, sent))
        wait_until(lambda: session.latest("EURUSD"), lambda data: data.live)


def test_a_session_without_ticks_takes_none(gateway: GatewayFixture, wait_until: WaitUntil) -> None:
    with subscriber(gateway) as session:
        with pytest.raises(tpb.NotConfigured, match="stream_ticks"):
            session.send("EURUSD", made_up(1))
        wait_until(active(session, session.subscribe("EURUSD")), bool)
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    assert session.market_status().state_name == "disconnected"


def test_both_directions_in_one_session(gateway: GatewayFixture, wait_until: WaitUntil) -> None:
    with tpb.Session(gateway.endpoint, gateway.token(), indicators=True, **QUICK) as session:
        wait_until(active(session, session.subscribe("EURUSD", "tick")), bool)
        ticks = made_up(30)
        session.send("EURUSD", ticks)
        assert session.drain(30)
        wait_until(newest(session, "EURUSD", "tick"), lambda number: number == 30)
        theirs = session.latest("EURUSD", "tick")
        ours = session.indicators("EURUSD")
        assert theirs is not None
        assert ours is not None
        assert ours.ticks == 30
        for name in ("sma_20", "ema_12", "ema_26", "rsi"):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9), name
        assert math.isnan(ours.sma_50)
        assert session.indicators("GBPUSD") is None
    with subscriber(gateway) as session, pytest.raises(tpb.NotConfigured):
        session.indicators("EURUSD")


def test_names_that_are_none(gateway: GatewayFixture) -> None:
    with subscriber(gateway) as session:
        with pytest.raises(tpb.BadSymbol):
            session.subscribe("EUR,USD")
        with pytest.raises(tpb.InvalidArgument, match="timeframe"):
            session.subscribe("EURUSD", "2m")
        with pytest.raises(tpb.NotSubscribed):
            session.unsubscribe("EURUSD")
        with pytest.raises(tpb.NotSubscribed):
            session.market_history("EURUSD")
        with pytest.raises(tpb.NotSubscribed):
            session.subscription(1)
