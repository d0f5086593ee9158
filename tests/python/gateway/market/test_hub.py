"""Channels and who listens: leaders, repeats, tenants, shared feeds; without a socket."""

import struct
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.market import history as history_module
from tpb.gateway.market import hub as hub_module
from tpb.gateway.market.audience import View
from tpb.gateway.market.bars import SECONDS
from tpb.gateway.market.channel import SILENCE_MS, Source
from tpb.gateway.market.hub import Hub, Subscription
from tpb.gateway.market.indicators import Indicators
from tpb.gateway.market.mailbox import Mailbox
from tpb.gateway.protocol import Batch, Quote
from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.trading.market_data_pb2 import ClientMarketData, OHLCVBar, SubscriptionTier

MONDAY_MSC = 1_700_438_400_000
PRO = SubscriptionTier.SUBSCRIPTION_TIER_PRO


class Client:
    """Listens, and takes what was sent."""

    def __init__(self, hub: Hub, tenant: str = "acme") -> None:
        self.hub = hub
        self.tenant = tenant
        self.mailbox = Mailbox(lambda: None, lambda: None)

    def listen(
        self,
        symbol: str,
        timeframe: str = "",
        *,
        indicators: bool = True,
        at_ms: int = MONDAY_MSC,
    ) -> Subscription:
        view = View(timeframe, indicators, PRO, framed=True)
        return self.hub.subscribe(self.mailbox, self.tenant, symbol, timeframe, view, at_ms=at_ms)

    def listen_to_bars(self, symbol: str, timeframe: str, history: int = 0) -> Subscription:
        return self.hub.subscribe(
            self.mailbox, self.tenant, symbol, timeframe, None, at_ms=MONDAY_MSC, history=history
        )

    def frames(self) -> list[MarketFrame]:
        return list(frames_in(self.mailbox.take()))

    def data(self) -> list[ClientMarketData]:
        return [frame.data for frame in self.frames() if frame.HasField("data")]

    def bids(self) -> list[float]:
        return [data.bid for data in self.data()]

    def bars(self) -> list[OHLCVBar]:
        return [frame.bar for frame in self.frames() if frame.HasField("bar")]


class Market:
    """A hub on a clock of its own."""

    def __init__(self, *shared: str) -> None:
        self.at_ms = MONDAY_MSC
        self.minutes: list[tuple[str, str, int, float]] = []
        self.hub = Hub(shared, lambda *minute: self.minutes.append(minute))

    def feed(
        self,
        source: Source,
        bids: Iterable[float],
        *,
        first: int,
        symbol: str = "EURUSD",
        step_ms: int = 1000,
        sent_ms_ago: int = 0,
        start_msc: int = MONDAY_MSC,
    ) -> None:
        """Numbers, and seconds of the trade server's clock, from `first` on; 0: no numbers."""
        quotes: list[Quote] = [
            (symbol, number if first else 0, bid, bid + 0.0002, start_msc + number * step_ms, 0)
            for number, bid in enumerate(bids, first)
        ]
        self.take(source, quotes, sent_ms_ago)

    def take(self, source: Source, quotes: Sequence[Quote], sent_ms_ago: int = 0) -> None:
        batch = Batch(1, b"", 0, 0, quotes=quotes, sent_at_ms=self.at_ms - sent_ms_ago)
        self.hub.feed(source, batch, self.at_ms)


def frames_in(written: bytes) -> Iterable[MarketFrame]:
    while written:
        size, start = written[1], 2
        if size == 126:
            (size,), start = struct.unpack(">H", written[2:4]), 4
        yield MarketFrame.FromString(written[start : start + size])
        written = written[start + size :]


def walk(values: int, seed: int = 1) -> list[float]:
    steps = np.random.default_rng(seed).integers(-3, 4, values)
    return [round(1.1 + float(step) * 1e-5, 5) for step in np.cumsum(steps)]


@pytest.fixture
def market() -> Market:
    return Market()


# ---- What a tick brings -----------------------------------------------------------------------


def test_who_comes_late_sees_how_old_the_price_is(market: Market) -> None:
    early, late = Client(market.hub), Client(market.hub)
    early.listen("EURUSD")
    market.feed(Source("acme", "s"), [1.1], first=1, sent_ms_ago=40)
    late.listen("EURUSD", at_ms=market.at_ms + 9 * 3600 * 1000)
    (snapshot,) = late.data()
    assert (snapshot.bid, snapshot.timestamp) == (1.1, MONDAY_MSC)
    assert snapshot.source_age_ms == 9 * 3600 * 1000 + 40
    assert snapshot.session.session_name == "london"
    market.feed(Source("acme", "s"), [1.2], first=2, sent_ms_ago=30)
    assert [data.source_age_ms for data in (*early.data(), *late.data())] == [40, 30, 30]


def test_every_tick_is_sent(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    market.at_ms += 500
    market.feed(Source("acme", "s"), [1.1, 1.2], first=1, sent_ms_ago=40)
    first, second = client.data()
    assert (first.symbol, first.bid, first.ask, first.number) == ("EURUSD", 1.1, 1.1002, 1)
    assert (first.timestamp, first.source_age_ms) == (MONDAY_MSC + 500, 40)
    assert (first.tick_time_msc, first.timeframe, first.bar_time) == (MONDAY_MSC + 1000, "", 0)
    assert (first.user_tier, first.shared) == (PRO, False)
    # Monday, midnight: of the open sessions Tokyo opened last.
    assert (first.session.session_name, first.session.is_active) == ("tokyo", True)
    assert (second.bid, second.number, second.bar_time) == (1.2, 2, 0)
    assert np.isnan(second.indicators.sma_20)


def test_the_trading_session_follows_the_clock(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    for number in range(1, 4):
        market.feed(Source("acme", "s"), [1.1], first=number)
        market.at_ms += 9 * 3600 * 1000
    assert [data.session.session_name for data in client.data()] == ["tokyo", "london", "new_york"]


def test_indicators_of_ticks(market: Market) -> None:
    client, expected = Client(market.hub), Indicators()
    client.listen("EURUSD")
    bids = walk(80)
    market.feed(Source("acme", "s"), bids, first=1)
    for bid, data in zip(bids, client.data(), strict=True):
        expected.add(bid)
        sent = [value for _, value in data.indicators.ListFields()]
        np.testing.assert_array_equal(sent, expected.values)


def test_prices_alone_have_no_indicators(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD", indicators=False)
    market.feed(Source("acme", "s"), [1.1], first=1)
    (data,) = client.data()
    assert not data.HasField("indicators")


def test_the_state_is_sent_at_once(market: Market) -> None:
    bids, expected = walk(60), Indicators()
    market.feed(Source("acme", "s"), bids, first=1)
    for bid in bids:
        expected.add(bid)
    late = Client(market.hub)
    late.listen("EURUSD")
    (data,) = late.data()
    assert (data.bid, data.number) == (bids[-1], 60)
    assert data.indicators.sma_50 == expected.values.sma_50
    # And the next tick goes on from there.
    market.feed(Source("acme", "s"), [1.3], first=61)
    expected.add(1.3)
    (data,) = late.data()
    assert data.indicators.rsi == expected.values.rsi


def test_indicators_of_complete_bars(market: Market) -> None:
    client, expected = Client(market.hub), Indicators()
    client.listen("EURUSD", "1m")
    bids = walk(61 * 6, seed=2)
    market.feed(Source("acme", "s"), bids, first=6, step_ms=10_000)  # six a minute
    for index, data in enumerate(client.data()):
        if index and index % 6 == 0:
            expected.add(bids[index - 1])
            assert data.bar_time == MONDAY_MSC // 1000 + index // 6 * 60
        assert (data.bid, data.timeframe) == (bids[index], "1m")
        sent = [value for _, value in data.indicators.ListFields()]
        np.testing.assert_array_equal(sent, expected.values)
    assert expected.values.sma_50 == expected.values.sma_50
    # Correlations are told of each minute as well.
    assert len(market.minutes) == 60
    assert market.minutes[0] == ("acme", "EURUSD", MONDAY_MSC // 60_000 + 1, bids[5])


def test_bars_and_their_history(market: Market) -> None:
    early = Client(market.hub)
    early.listen_to_bars("EURUSD", "1m", history=10)
    source = Source("acme", "s")
    market.feed(source, walk(36), first=6, step_ms=10_000)
    told = early.bars()
    assert [bar.time - MONDAY_MSC // 1000 for bar in told] == [60, 120, 180, 240, 300]
    assert (told[0].symbol, told[0].timeframe, told[0].tenant_id) == ("EURUSD", "1m", "acme")
    assert (told[0].tick_count, told[0].spread, told[0].open) == (6, 20, walk(1)[0])
    late = Client(market.hub)
    late.listen_to_bars("EURUSD", "1m", history=2)
    assert late.bars() == told[-2:]
    market.feed(source, walk(6), first=42, step_ms=10_000)
    assert late.bars() == early.bars()
    five = Client(market.hub)
    five.listen_to_bars("EURUSD", "5m", history=1000)
    (bar,) = five.bars()
    # 00:01 to 00:05, the minutes before were not seen.
    assert (bar.time, bar.tick_count, bar.close) == (MONDAY_MSC // 1000, 24, told[3].close)


def test_equal_views_share_their_bytes(market: Market) -> None:
    clients = [Client(market.hub) for _ in range(3)]
    for client in clients:
        client.listen("EURUSD")
    market.feed(Source("acme", "s"), [1.1, 1.2], first=1)
    one, two, three = (client.mailbox._in_order[1] for client in clients)
    assert one is two is three


# ---- Which source -----------------------------------------------------------------------------


def test_repeats_are_not_taken_twice(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    source = Source("acme", "s")
    market.feed(source, [1.1, 1.2, 1.3], first=1)
    market.feed(source, [1.3], first=3)
    again = Source("acme", "s")  # connected anew
    market.feed(again, [1.2, 1.3, 1.4], first=2)
    market.feed(again, [1.3, 1.4, 1.5], first=3)
    assert client.bids() == [1.1, 1.2, 1.3, 1.4, 1.5]


def test_a_session_that_goes_on_from_another_counts_on(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    old = Source("acme", "old")
    market.feed(old, [1.1, 1.2, 1.3], first=1)
    old.ended = True
    market.feed(Source("acme", "new", continues="old"), [1.2, 1.3, 1.4], first=2)
    assert client.bids() == [1.1, 1.2, 1.3, 1.4]


def test_ticks_without_numbers_are_all_taken(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    market.feed(Source("acme", "s"), [1.1, 1.1], first=0)
    assert client.bids() == [1.1, 1.1]


def test_a_damaged_number_silences_nobody(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    source = Source("acme", "s")
    market.feed(source, [1.1], first=1)
    market.take(source, [("EURUSD", 1 << 60, 9.9, 9.9, MONDAY_MSC, 0)])
    market.feed(source, [1.2], first=2)
    assert client.bids() == [1.1, 1.2]


def test_two_sources_are_not_mixed(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    one, other = Source("acme", "one"), Source("acme", "other")
    market.feed(one, [1.1], first=1)
    market.feed(other, [2.1], first=1)
    market.at_ms += SILENCE_MS
    market.feed(other, [2.2], first=2)  # not yet
    market.feed(one, [1.2], first=2)
    market.feed(other, [2.3], first=3)
    assert client.bids() == [1.1, 1.2]


def test_another_takes_over_from_a_silent_one(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    one, other = Source("acme", "one"), Source("acme", "other")
    market.feed(one, [1.1], first=1)
    market.feed(other, [2.1, 2.2], first=1)
    market.at_ms += SILENCE_MS + 1
    market.feed(other, [2.3], first=3)
    market.feed(one, [1.2], first=2)
    # What it had streamed while it did not lead is not sent later.
    market.feed(other, [2.1, 2.4], first=2)
    assert [(data.bid, data.number) for data in client.data()] == [(1.1, 1), (2.3, 2)]


def test_another_takes_over_at_once_when_the_connection_ended(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    one, other = Source("acme", "one"), Source("acme", "other")
    market.feed(one, [1.1], first=1)
    one.ended = True
    market.feed(other, [2.1], first=1)
    assert client.bids() == [1.1, 2.1]


def test_a_replay_that_begins_again_begins_anew(market: Market) -> None:
    client = Client(market.hub)
    client.listen("EURUSD", "1m")
    for run in range(2):
        source = Source("acme", f"replay-{run}")
        expected = Indicators()
        bids = walk(200, seed=run)
        market.feed(source, bids, first=1, step_ms=10_000)
        source.ended = True
        for minute in range(5, 200, 6):
            if minute < 198:
                expected.add(bids[minute - 1])
        newest = client.data()[-1]
        assert newest.indicators.sma_20 == expected.values.sma_20
        assert newest.number == 200 * (run + 1)


def test_many_sources_are_remembered_within_bounds(market: Market) -> None:
    leader = Source("acme", "leader")
    market.feed(leader, [1.1], first=1)
    for number in range(100):
        market.feed(Source("acme", f"s{number}"), [2.1], first=1)
    client = Client(market.hub)
    client.listen("EURUSD")
    market.feed(leader, [1.1, 1.2], first=1)
    assert client.bids() == [1.1, 1.2]  # the state, and one tick
    (channel,) = market.hub._tenants["acme"].channels.values()
    assert len(channel._numbers) == 16


# ---- Whose feed -------------------------------------------------------------------------------


def test_a_tenant_never_hears_another(market: Market) -> None:
    acme, brix = Client(market.hub, "acme"), Client(market.hub, "brix")
    for client in (acme, brix):
        client.listen("EURUSD")
        client.listen_to_bars("EURUSD", "1m", history=100)
    market.feed(Source("brix", "s"), walk(200), first=1)
    assert acme.frames() == []
    assert len(brix.frames()) == 203
    late = Client(market.hub, "acme")
    late.listen("EURUSD")
    late.listen_to_bars("EURUSD", "1m", history=100)
    assert late.frames() == []


def test_a_shared_feed_is_heard_by_all() -> None:
    market = Market("exchange")
    acme, brix = Client(market.hub, "acme"), Client(market.hub, "brix")
    acme.listen("EURUSD")
    market.feed(Source("exchange", "s"), [1.1], first=1)
    brix.listen("EURUSD")
    market.feed(Source("exchange", "s"), [1.2], first=2)
    assert acme.bids() == [1.1, 1.2]
    heard = brix.data()
    assert [data.bid for data in heard] == [1.1, 1.2]
    assert all(data.shared for data in heard)


def test_its_own_feed_wins_over_a_shared_one() -> None:
    market = Market("exchange", "other")
    acme, brix = Client(market.hub, "acme"), Client(market.hub, "brix")
    acme.listen("EURUSD")
    brix.listen("EURUSD")
    acme.listen_to_bars("EURUSD", "1m")
    shared, own = Source("exchange", "s"), Source("acme", "s")
    market.feed(shared, [1.1], first=1)
    market.feed(Source("other", "s"), [3.1], first=1)  # named after
    market.feed(own, [2.1], first=1)
    market.feed(shared, [1.2], first=2)
    market.feed(own, [2.2], first=2)
    heard = acme.data()
    assert [(data.bid, data.shared) for data in heard] == [
        (1.1, True),
        (2.1, False),
        (2.2, False),
    ]
    assert brix.bids() == [1.1, 1.2]
    market.feed(own, [2.3], first=70)
    assert [bar.tenant_id for bar in acme.bars()] == ["acme"]


def test_the_first_named_shared_tenant_wins() -> None:
    market = Market("exchange", "other")
    acme = Client(market.hub, "acme")
    acme.listen("EURUSD")
    market.feed(Source("other", "s"), [3.1], first=1)
    market.feed(Source("exchange", "s"), [1.1], first=1)
    market.feed(Source("other", "s"), [3.2], first=2)
    assert acme.bids() == [3.1, 1.1]


# ---- Ends and bounds --------------------------------------------------------------------------


def test_unsubscribing_leaves_nothing_behind(market: Market) -> None:
    client = Client(market.hub)
    source = Source("acme", "s")
    subscriptions = [
        client.listen("EURUSD"),
        client.listen("EURUSD", "1m"),
        client.listen_to_bars("EURUSD", "1m"),
        client.listen("GBPUSD"),  # which nobody streams
    ]
    market.feed(source, walk(100), first=1)
    assert client.frames()
    assert market.hub.subscriptions == 4
    for subscription in subscriptions:
        market.hub.unsubscribe(subscription)
    market.feed(source, walk(100), first=101)
    assert client.frames() == []
    assert (market.hub.subscriptions, market.hub._listeners) == (0, {})
    (channel,) = market.hub._tenants["acme"].channels.values()
    assert (channel._audiences, channel._bar_mailboxes) == ({}, {})
    # Nobody wants them: they are not computed.
    assert all(series._indicators is None for series in channel._series.values())


def test_what_waits_of_an_ended_subscription_is_not_sent(market: Market) -> None:
    client = Client(market.hub)
    subscription = client.listen("EURUSD")
    client.listen("GBPUSD")
    client.mailbox.hold()
    market.feed(Source("acme", "s"), walk(5), first=1)
    market.feed(Source("acme", "s"), [1.5], first=1, symbol="GBPUSD")
    market.hub.unsubscribe(subscription)
    assert client.bids() == [1.5]


@pytest.mark.parametrize(
    "quote",
    [
        ("EURUSD", 2, float("nan"), 1.1, MONDAY_MSC, 0),
        ("EURUSD", 2, float("inf"), 1.1, MONDAY_MSC, 0),
        ("EURUSD", 2, 0.0, 1.1, MONDAY_MSC, 0),
        ("EURUSD", 2, 1.1, float("nan"), MONDAY_MSC, 0),
        ("EURUSD", 2, 1.1, 1e300, MONDAY_MSC, 0),
        ("EURUSD", 2, 1.1, 1.2, 0, 0),
        ("EURUSD", 2, 1.1, 1.2, 2**62, 0),
        ("EURUSD", 2, 1.1, 1.2, MONDAY_MSC, -1),
        ("EURUSD", 2, 1.1, 1.2, MONDAY_MSC, 2**62),
    ],
)
def test_a_tick_that_cannot_be_is_left_out(market: Market, quote: Quote) -> None:
    client = Client(market.hub)
    client.listen("EURUSD")
    source = Source("acme", "s")
    market.feed(source, [1.1], first=1)
    market.take(source, [quote])
    market.feed(source, walk(100), first=3)
    assert client.bids() == [1.1, *walk(100)]
    assert market.hub.left_out == 1


numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 5))
times = st.one_of(numbers, st.integers(MONDAY_MSC - 10**9, MONDAY_MSC + 10**8))
prices = st.one_of(st.floats(), st.floats(0.5, 2.0), st.floats(1e5, 1e6))


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", ""]), numbers, prices, prices, times, numbers),
        max_size=60,
    )
)
def test_whatever_is_streamed_does_no_harm(quotes: list[Quote]) -> None:
    market = Market("acme")
    client = Client(market.hub)
    for symbol in ("A", "B"):
        for timeframe in SECONDS:
            client.listen(symbol, timeframe)
            client.listen_to_bars(symbol, timeframe)
        client.listen(symbol)
    for session in ("one", "other"):
        source = Source("acme", session)
        market.take(source, quotes)
        source.ended = True
    for data in client.data():
        assert 0 < data.bid < 1e15


def test_a_spread_beyond_the_field_is_cut(market: Market) -> None:
    client = Client(market.hub)
    client.listen_to_bars("BTCUSD", "1m")
    source = Source("acme", "s")
    for number in (1, 2):
        msc = MONDAY_MSC + number * 60_000
        market.take(source, [("BTCUSD", number, 99_999.12345678, 1e6, msc, 0)])
    assert [bar.spread for bar in client.bars()] == [2**31 - 1]


def test_symbols_of_a_tenant_are_bounded(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "MAX_CHANNELS", 3)
    for name in ("A", "B", "C", "D", "E" * 65):
        market.feed(Source("acme", "s"), [1.1], first=1, symbol=name)
        market.feed(Source("brix", "s"), [1.1], first=1, symbol=name * 65)
    assert sorted(market.hub._tenants["acme"].channels) == ["A", "B", "C"]
    assert market.hub._tenants["brix"].channels == {}
    assert (market.hub.feeds, market.hub.left_out) == (3, 7)


def test_bars_of_a_series_and_of_a_tenant_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    room = history_module.Room(bars=1500)
    one, other = history_module.History(room), history_module.History(room)
    for number in range(1200):
        one.add(b"%d " % number)
    for number in range(1200):
        other.add(b"%d " % number)
    assert one.newest(5000).split()[0] == b"200"
    assert len(one.newest(5000).split()) == 1000
    assert other.newest(5000).split() == [b"%d" % number for number in range(700, 1200)]
    assert other.newest(2) == b"1198 1199 "
    assert other.newest(0) == b""
    one.clear()
    assert room.left == 1000
