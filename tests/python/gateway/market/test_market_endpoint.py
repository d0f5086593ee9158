"""Ticks up, market data down, over real sockets."""

import contextlib
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import numpy as np
import pytest
import talib
import websocket

from tpb.gateway.auth import LEEWAY_S
from tpb.gateway.market.protocol import MAX_FRAME_BYTES, SUBPROTOCOL
from tpb.gateway.market.tiers import MAX_CONNECTIONS
from tpb.gateway.protocol import CloseCode
from tpb.testing.gateway import GatewayFixture, Gateways
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.tpb.stream_control_pb2 import StreamControl
from tpb.wire.trading.market_data_pb2 import (
    ClientMarketData,
    SubscriptionAction,
    SubscriptionRequest,
    SubscriptionTier,
)

if TYPE_CHECKING:
    from tests.python.gateway.conftest import Connect
    from tests.python.gateway.market.conftest import NewReader, NewTerminal, Reader, Terminal

START_MSC = 1_700_438_400_000
UNSUBSCRIBE = SubscriptionAction.SUBSCRIPTION_ACTION_UNSUBSCRIBE
PAIRS = ["EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD"]


def walk(values: int, seed: int = 1) -> list[float]:
    steps = np.random.default_rng(seed).integers(-3, 4, values)
    return [round(1.1 + float(step) * 1e-5, 5) for step in np.cumsum(steps)]


def reference(values: Sequence[float]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """TA-Lib's, a row a value."""
    series = np.array(values, dtype=float)
    line, signal, _ = talib.MACD(series)
    return np.stack(
        [
            talib.SMA(series, 20),
            talib.SMA(series, 50),
            talib.EMA(series, 12),
            talib.EMA(series, 26),
            line,
            signal,
            talib.RSI(series),
            *talib.BBANDS(series, timeperiod=20, nbdevup=2, nbdevdn=2),
        ],
        axis=1,
    )


def indicators_of(data: ClientMarketData) -> list[float]:
    """In order of the fields, of which each must be on the wire."""
    sent = data.indicators.ListFields()
    assert len(sent) == 10
    return [value for _, value in sent]


# ---- The plain way ----------------------------------------------------------------------------


def test_real_ticks_come_down_with_ta_libs_indicators(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader", real_ticks: Path
) -> None:
    lines = real_ticks.read_text(encoding="ascii").splitlines()
    bids = [float(line.split(",")[1]) for line in lines]
    # Fewer than a client may have waiting in one turn, each.
    check_indicators(terminal(gateway), reader(gateway), bids, ticks_a_time=500)


def test_made_up_ticks_come_down_with_ta_libs_indicators(
    gateway_tls: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    check_indicators(terminal(gateway_tls), reader(gateway_tls), walk(700), ticks_a_time=100)


def check_indicators(
    up: "Terminal", down: "Reader", bids: Sequence[float], ticks_a_time: int
) -> None:
    answer = down.subscribe("EURUSD")
    assert answer.outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    received: list[ClientMarketData] = []
    for start in range(0, len(bids), ticks_a_time):
        part = bids[start : start + ticks_a_time]
        up.stream("EURUSD", part)
        received += [down.data() for _ in part]
    assert [data.number for data in received] == list(range(1, len(bids) + 1))
    assert [data.bid for data in received] == bids
    sent = np.array([indicators_of(data) for data in received])
    np.testing.assert_allclose(sent, reference(bids), rtol=0, atol=1e-9)


def test_indicators_of_minutes(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down, up = reader(gateway), terminal(gateway)
    down.subscribe("EURUSD", timeframe="1m")
    bids = walk(6 * 60)
    up.stream("EURUSD", bids, times_msc=[START_MSC + n * 10_000 for n in range(len(bids))])
    data = down.number(len(bids))
    np.testing.assert_allclose(indicators_of(data), reference(bids[5:-6:6])[-1], rtol=0, atol=1e-9)
    assert (data.timeframe, data.bar_time) == ("1m", START_MSC // 1000 + 58 * 60)


async def test_the_same_with_another_client_library(
    gateway: GatewayFixture, terminal: "NewTerminal"
) -> None:
    up = terminal(gateway)
    headers = {
        "Authorization": f"Bearer {gateway.token()}",
        "x-user-id": "demo",
        "x-session-id": "down",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            gateway.market_endpoint, headers=headers, protocols=[SUBPROTOCOL]
        ) as client,
    ):
        assert client.protocol == SUBPROTOCOL
        await client.send_bytes(SubscriptionRequest(symbol="EURUSD").SerializeToString())
        first = MarketFrame.FromString(await client.receive_bytes())
        assert first.result.outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
        up.stream("EURUSD", [1.1])
        assert MarketFrame.FromString(await client.receive_bytes()).data.bid == 1.1
        await client.ping()
        up.stream("EURUSD", [1.2])
        assert MarketFrame.FromString(await client.receive_bytes()).data.bid == 1.2


def test_the_state_comes_at_once(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    terminal(gateway).stream("EURUSD", walk(60))
    down = reader(gateway)
    down.subscribe("EURUSD")
    data = down.data()
    assert (data.number, data.bid) == (60, walk(60)[-1])
    np.testing.assert_allclose(indicators_of(data), reference(walk(60))[-1], rtol=0, atol=1e-9)


def test_without_the_subprotocol_frames_are_bare(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up, down = terminal(gateway), reader(gateway, framed=False)
    assert down.socket.getsubprotocol() is None
    down.ask("EURUSD", "real_time")
    down.ask("BTCUSD")
    assert down.text().startswith("BTCUSD is no standard pair")
    up.stream("EURUSD", [1.1, 1.2])
    assert [down.data().bid for _ in range(2)] == [1.1, 1.2]


def test_bars_and_their_history(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up, down = terminal(gateway), reader(gateway)
    times = [START_MSC + n * 10_000 for n in range(61)]
    up.stream("EURUSD", walk(61), times_msc=times)
    answer = down.subscribe("EURUSD", "bars", "1m", history=4)
    assert answer.outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    bars = [down.bar() for _ in range(4)]
    assert [bar.time - START_MSC // 1000 for bar in bars] == [360, 420, 480, 540]
    assert [bar.close for bar in bars] == walk(61)[41:60:6]
    up.stream("EURUSD", [1.2], times_msc=[times[-1] + 60_000])
    bar = down.bar()
    assert (bar.time - START_MSC // 1000, bar.tick_count) == (600, 1)
    assert (bar.symbol, bar.timeframe, bar.spread) == ("EURUSD", "1m", 20)


def test_unsubscribing(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up, down = terminal(gateway), reader(gateway)
    down.subscribe("EURUSD")
    down.subscribe("GBPUSD")
    up.stream("EURUSD", [1.1])
    assert down.data().symbol == "EURUSD"
    ended = down.subscribe("EURUSD", action=UNSUBSCRIBE)
    assert ended.outcome == SubscriptionResult.OUTCOME_UNSUBSCRIBED
    up.stream("EURUSD", [1.2])
    up.stream("GBPUSD", [1.3])
    assert down.data().symbol == "GBPUSD"
    assert gateway.health()["subscriptions"] == 1


# ---- Tenants ----------------------------------------------------------------------------------


def test_another_tenants_ticks_never_come(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(gateway, tenant="acme")
    for symbol in ("EURUSD", "GBPUSD"):
        down.subscribe(symbol)
        down.subscribe(symbol, "bars", "1m", history=1000)
    foreign = terminal(gateway, tenant="brix")
    foreign.stream("EURUSD", walk(200))
    foreign.stream("GBPUSD", walk(200))
    late = reader(gateway, tenant="acme", user="late")
    late.subscribe("EURUSD")
    late.subscribe("EURUSD", "bars", "1m", history=1000)
    terminal(gateway, tenant="acme").stream("GBPUSD", [2.5])
    # The first that comes is its own.
    data = down.frame().data
    assert (data.symbol, data.bid, data.number) == ("GBPUSD", 2.5, 1)
    late.ask("GBPUSD")
    assert late.frame().WhichOneof("kind") == "result"
    assert late.frame().data.bid == 2.5


def test_a_shared_feed_and_its_own(
    new_gateway: Gateways, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    gateway = new_gateway("shared", shared_tenants=("exchange",), process=True)
    acme, brix = reader(gateway, tenant="acme"), reader(gateway, tenant="brix")
    shared = terminal(gateway, tenant="exchange")
    shared.stream("EURUSD", [1.1])
    for down in (acme, brix):
        down.subscribe("EURUSD")
        data = down.data()
        assert (data.bid, data.shared) == (1.1, True)
    terminal(gateway, tenant="acme").stream("EURUSD", [2.1])
    own = acme.data()
    assert (own.bid, own.shared) == (2.1, False)
    shared.stream("EURUSD", [1.2])
    assert brix.data().bid == 1.2
    acme.ask("GBPUSD")
    assert acme.result().outcome == SubscriptionResult.OUTCOME_SUBSCRIBED  # and no 1.2 before it


# ---- Sources ----------------------------------------------------------------------------------


def test_what_is_sent_again_is_counted_once(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(gateway)
    down.subscribe("EURUSD")
    up = terminal(gateway)
    up.stream("EURUSD", walk(30))
    up.socket.shutdown()
    again = terminal(gateway)
    again.stream("EURUSD", walk(40)[20:], first_number=21)
    assert [down.data().bid for _ in range(40)] == walk(40)
    np.testing.assert_allclose(
        indicators_of(reader_state(gateway, reader)), reference(walk(40))[-1], rtol=0, atol=1e-9
    )


def reader_state(gateway: GatewayFixture, reader: "NewReader") -> ClientMarketData:
    late = reader(gateway, user="late")
    late.subscribe("EURUSD")
    return late.data()


def test_another_terminal_takes_over(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(gateway)
    down.subscribe("EURUSD")
    one, other = terminal(gateway, session="one"), terminal(gateway, session="other")
    one.stream("EURUSD", [1.1])
    other.stream("EURUSD", [2.1])  # of the same market
    one.stream("EURUSD", [1.2])
    one.close()
    other.stream("EURUSD", [2.2])
    assert [down.data().bid for _ in range(3)] == [1.1, 1.2, 2.2]


def test_readers_outlive_a_restart_of_the_terminal(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(gateway)
    down.subscribe("EURUSD")
    for number in range(1, 6):
        up = terminal(gateway)
        up.stream("EURUSD", [float(number)], first_number=number)
        assert down.data().bid == number
        up.close()


# ---- What is refused --------------------------------------------------------------------------


def test_a_free_user_has_four_symbols(gateway: GatewayFixture, reader: "NewReader") -> None:
    one, other = (reader(gateway, tier="free") for _ in range(2))
    for symbol in PAIRS[:2]:
        assert one.subscribe(symbol).outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    for symbol in PAIRS[2:4]:
        assert other.subscribe(symbol).outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    refused = one.subscribe(PAIRS[4])
    assert refused.outcome == SubscriptionResult.OUTCOME_OVER_TIER
    assert (refused.tier, refused.limit) == (SubscriptionTier.SUBSCRIPTION_TIER_FREE, 4)
    assert "free tier has 4 symbols" in refused.text
    other.close()
    assert one.subscribe(PAIRS[4]).outcome == SubscriptionResult.OUTCOME_SUBSCRIBED


def test_a_custom_pair_needs_enterprise(gateway: GatewayFixture, reader: "NewReader") -> None:
    refused = reader(gateway, tier="pro").subscribe("EURNOK")
    assert refused.outcome == SubscriptionResult.OUTCOME_OVER_TIER
    assert "enterprise" in refused.text
    granted = reader(gateway, user="rich", tier="enterprise").subscribe("EURNOK")
    assert granted.outcome == SubscriptionResult.OUTCOME_SUBSCRIBED


def test_too_many_requests(gateway: GatewayFixture, reader: "NewReader") -> None:
    down = reader(gateway)
    for _ in range(300):
        down.ask("EURUSD")
    outcomes = [down.result() for _ in range(300)]
    refused = [each for each in outcomes if each.outcome == SubscriptionResult.OUTCOME_OVER_RATE]
    # 100 at once, and those regained meanwhile.
    assert 100 <= 300 - len(refused) < 300
    assert refused[0].retry_after_ms > 0


def test_a_user_has_sixteen_connections(gateway: GatewayFixture, reader: "NewReader") -> None:
    readers = [reader(gateway) for _ in range(MAX_CONNECTIONS)]
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        reader(gateway)
    assert refused.value.status_code == 429
    assert refused.value.resp_headers is not None
    assert refused.value.resp_headers["retry-after"] == "2"
    reader(gateway, user="another")
    readers[0].close()
    assert reader(gateway).subscribe("EURUSD").outcome == SubscriptionResult.OUTCOME_SUBSCRIBED


@pytest.mark.parametrize(
    "payload", [b"\x00" * (MAX_FRAME_BYTES + 1), b"\x0a\x05EUR"], ids=["long", "broken"]
)
def test_a_broken_frame_closes_with_4008(
    gateway: GatewayFixture, reader: "NewReader", payload: bytes
) -> None:
    down = reader(gateway)
    down.socket.send_binary(payload)
    assert down.closed_with()[0] == CloseCode.POLICY


def test_text_closes_with_4008(gateway: GatewayFixture, reader: "NewReader") -> None:
    down = reader(gateway)
    down.socket.send("EURUSD")
    assert down.closed_with() == (4008, "a request is a binary frame, not text")


def test_what_is_no_websocket_is_told_so(gateway: GatewayFixture) -> None:
    address = gateway.health_url.replace("/healthz", "/ws/market-data")
    headers = {
        "Authorization": f"Bearer {gateway.token()}",
        "x-user-id": "demo",
        "x-session-id": "down",
    }
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=20)
    assert refused.value.code == 426
    refused.value.close()


def test_a_stranger_gets_nothing(gateway: GatewayFixture, reader: "NewReader") -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        reader(gateway, token="x.y.z")
    assert refused.value.status_code == 401


# ---- Readers that are slow --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gateway", "gateway_tls"])
def test_a_slow_reader_costs_the_others_nothing(
    request: pytest.FixtureRequest, terminal: "NewTerminal", reader: "NewReader", kind: str
) -> None:
    gateway: GatewayFixture = request.getfixturevalue(kind)
    up = terminal(gateway)
    quick = reader(gateway, user="quick")
    slow = reader(gateway, user="slow", sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)])
    for down in (quick, slow):
        down.subscribe("EURUSD")
        down.subscribe("GBPUSD")
    received: list[ClientMarketData] = []
    rounds, ticks = 60, 100
    for number in range(rounds):
        bids = walk(ticks, seed=number)
        up.stream("EURUSD", bids)
        received += [quick.data() for _ in bids]
    up.stream("GBPUSD", [1.5])
    assert quick.data().symbol == "GBPUSD"
    assert [data.number for data in received] == list(range(1, rounds * ticks + 1))
    # It reads on, and has the newest of each at the end.
    got = 0
    newest: dict[str, ClientMarketData] = {}
    while "GBPUSD" not in newest or newest["EURUSD"].number < rounds * ticks:
        data = slow.data()
        got += 1
        newest[data.symbol] = data
    assert newest["EURUSD"].bid == received[-1].bid
    left_out = rounds * ticks + 1 - got
    assert left_out > rounds * ticks / 2
    health = gateway.health(gateway.token())
    assert health["conflated"] == left_out
    of_users = {each["user"]: each["conflated"] for each in health["tenant_market"]}
    assert of_users == {"quick": 0, "slow": left_out}
    # And is a reader like any other again.
    up.stream("EURUSD", [1.1, 1.2])
    assert [slow.data().bid for _ in range(2)] == [1.1, 1.2]


def test_answers_that_nobody_reads_stop_the_questions(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    """A reader of bars that asks and does not read is not served beyond its buffers."""
    minutes = [START_MSC + n * 60_000 for n in range(1000)]
    terminal(gateway).stream("EURUSD", walk(1000), times_msc=minutes)
    down = reader(gateway, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)])
    for _ in range(30):
        down.ask("EURUSD", "bars", "1m", history=1000)
        down.ask("EURUSD", "bars", "1m", action=UNSUBSCRIBE)
    bars = 0
    for _ in range(30):
        assert down.result().outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
        while (frame := down.frame()).HasField("bar"):
            bars += 1
        assert frame.result.outcome == SubscriptionResult.OUTCOME_UNSUBSCRIBED
    assert bars == 30 * 999


def test_a_reader_of_bars_that_never_reads_is_closed(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(
        gateway,
        tier="enterprise",
        sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)],
    )
    quick = reader(gateway, user="quick")
    quick.subscribe("EURUSD")
    symbols = [f"S{number}" for number in range(30)]
    for symbol in symbols:
        down.subscribe(symbol, "bars", "1m")
    up = terminal(gateway)
    minutes = [START_MSC + n * 60_000 for n in range(1000)]
    for symbol in symbols:
        up.stream(symbol, walk(1000), times_msc=minutes)
    # Its bars were more than 1 MiB beyond what the sockets hold, and it is gone.
    up.stream("EURUSD", [1.1])
    assert quick.data().bid == 1.1
    assert bars_up_to_the_end(down) < 30 * 999


def bars_up_to_the_end(down: "Reader") -> int:
    bars = 0
    with contextlib.suppress(ConnectionError, websocket.WebSocketException):
        while True:
            opcode, _ = down.socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                break
            bars += 1
    return bars


def test_a_slow_reader_that_is_cut_off_is_gone(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    down = reader(gateway, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)])
    down.subscribe("EURUSD")
    up = terminal(gateway)
    up.stream("EURUSD", walk(20_000))
    assert gateway.health()["conflated"] > 0
    assert gateway.cut_connections() == 2
    again = terminal(gateway)
    again.stream("EURUSD", [1.1], first_number=20_001)
    late = reader(gateway)
    late.subscribe("EURUSD")
    assert late.data().number == 20_001
    assert gateway.health()["market_connections"] == 1


# ---- Ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize("framed", [True, False])
def test_a_connection_ends_with_its_token(
    gateway: GatewayFixture, reader: "NewReader", framed: bool
) -> None:
    token = gateway.token("reader", ttl_s=1 - LEEWAY_S)
    down = reader(gateway, token=token, framed=framed)
    if framed:
        assert down.frame().control.notice.code == "token_expires"
    else:
        assert down.text().startswith("The token expires in ")
    assert down.closed_with() == (4008, "token expired")


def test_stop_closes_with_1001(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up, down = terminal(gateway), reader(gateway)
    down.subscribe("EURUSD")
    up.stream("EURUSD", [1.1])
    gateway.stop()
    assert down.data().bid == 1.1
    assert down.closed_with() == (1001, "the gateway is shutting down")


def test_a_reader_that_does_not_read_does_not_hold_up_the_end(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up = terminal(gateway)
    down = reader(gateway, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)])
    down.subscribe("EURUSD")
    up.stream("EURUSD", walk(20_000))
    started = time.monotonic()
    gateway.stop()
    assert time.monotonic() - started < 5


def test_connections_are_cut_like_those_of_terminals(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    terminal(gateway)
    down = reader(gateway)
    down.subscribe("EURUSD")
    assert gateway.cut_connections() == 2
    with pytest.raises((ConnectionResetError, websocket.WebSocketException)):
        down.closed_with()


def test_health_counts(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up, down = terminal(gateway), reader(gateway)
    down.subscribe("EURUSD")
    up.stream("EURUSD", [1.1, 1.2])
    down.number(2)
    health = gateway.health()
    assert (health["market_connections"], health["subscriptions"], health["feeds"]) == (1, 1, 1)
    assert (health["market_messages"], health["conflated"]) == (3, 0)
    assert "tenant_market" not in health
    assert gateway.health(gateway.token(tenant="brix"))["tenant_market"] == []
    down.close()
    health = gateway.health()
    assert (health["subscriptions"], health["market_messages"]) == (0, 3)


# ---- Many at once -----------------------------------------------------------------------------


def test_many_readers_get_the_same(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    up = terminal(gateway)
    readers = [reader(gateway, user=f"u{number}") for number in range(50)]
    for down in readers:
        for symbol in PAIRS:
            down.ask(symbol, timeframe="1m")
    for down in readers:
        for _ in PAIRS:
            down.result()
    ticks = 40

    def stream() -> None:
        for number in range(ticks):
            up.stream(PAIRS[number % len(PAIRS)], [1.0 + number])

    streaming = threading.Thread(target=stream)
    streaming.start()
    for down in readers:
        assert [down.data().bid for _ in range(ticks)] == [1.0 + number for number in range(ticks)]
    streaming.join()


# ---- Pairs ------------------------------------------------------------------------------------


def test_chosen_pairs_are_told_first_and_with_each_change(
    gateway: GatewayFixture, terminal: "NewTerminal", reader: "NewReader"
) -> None:
    name_pairs(gateway, "EURUSD")
    down = reader(gateway)
    control = down.frame().control
    assert [pair.symbol for pair in control.pairs.pairs][:1] == ["EURUSD"]
    assert control.pairs.tier == SubscriptionTier.SUBSCRIPTION_TIER_PRO
    bystander = reader(gateway, user="bystander")
    name_pairs(gateway, "GBPUSD")
    changed, selection = down.frame().control, down.frame().control
    assert list(changed.config_changed.sections) == ["pairs"]
    assert changed.config_changed.version == selection.pairs.version > control.pairs.version
    assert [pair.symbol for pair in selection.pairs.pairs][:1] == ["GBPUSD"]
    bystander.ask("EURUSD")
    assert bystander.frame().WhichOneof("kind") == "result"


def test_a_terminal_is_told_after_its_first_acknowledgement(
    gateway: GatewayFixture, connect: "Connect"
) -> None:
    name_pairs(gateway, "EURUSD")
    up = connect(gateway, user="reader")
    controls = [StreamControl.FromString(up.socket.recv_data()[1]) for _ in range(2)]
    assert [control.WhichOneof("kind") for control in controls] == ["ack", "pairs"]
    name_pairs(gateway, "GBPUSD")
    controls += [StreamControl.FromString(up.socket.recv_data()[1]) for _ in range(2)]
    assert [control.WhichOneof("kind") for control in controls[2:]] == ["config_changed", "pairs"]
    assert controls[3].pairs.pairs[0].symbol == "GBPUSD"
    up.send(1)
    assert up.ack().batch_sequence == 1


def name_pairs(gateway: GatewayFixture, *symbols: str) -> None:
    request = urllib.request.Request(
        gateway.health_url.replace("/healthz", "/api/v1/pairs"),
        data=json.dumps({"primary": symbols}).encode(),
        headers={"Authorization": f"Bearer {gateway.token('reader')}"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200
