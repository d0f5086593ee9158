"""Decisions about requests on /ws/market-data: tiers, rate, nonsense; without a socket."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpb.gateway.market.protocol import (
    MAX_FRAME_BYTES,
    MAX_SUBSCRIPTIONS,
    Answer,
    Conversation,
    Name,
    Subscribe,
    Unsubscribe,
    User,
)
from tpb.gateway.market.tiers import REQUESTS
from tpb.gateway.protocol import Close, CloseCode
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.trading.market_data_pb2 import (
    SubscriptionAction,
    SubscriptionRequest,
    SubscriptionTier,
)

PAIRS = ["EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCAD", "NZDUSD", "EURGBP", "EURJPY", "GBPJPY"]
UNSUBSCRIBE = SubscriptionAction.SUBSCRIPTION_ACTION_UNSUBSCRIBE
Decision = Subscribe | Unsubscribe | Answer | Close | None


class Talk:
    """A conversation on a clock of its own."""

    def __init__(self, tier: str = "pro", *, framed: bool = True, user: User | None = None) -> None:
        self.now_s = 1000.0
        self.user = user or User(self.now_s)
        self.conversation = Conversation(self.user, tier, framed=framed)

    def decide(self, request: SubscriptionRequest) -> Decision:
        return self.conversation.receive(request.SerializeToString(), self.now_s)

    def ask(self, symbol: str, data_type: str = "", timeframe: str = "", **more: int) -> Decision:
        return self.decide(
            SubscriptionRequest(symbol=symbol, data_type=data_type, timeframe=timeframe, **more)  # type: ignore[arg-type]
        )


def payload_of(frame: bytes) -> bytes:
    """Of a frame with less than 64 KiB."""
    size, start = (frame[1], 2) if frame[1] < 126 else (struct.unpack(">H", frame[2:4])[0], 4)
    assert len(frame) == start + size
    return frame[start:]


def result(decision: Decision) -> SubscriptionResult:
    assert isinstance(decision, Subscribe | Unsubscribe | Answer)
    return MarketFrame.FromString(payload_of(decision.answer)).result


# ---- Granted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("data_type", ["", "real_time_with_indicators"])
def test_a_subscription_with_indicators(data_type: str) -> None:
    decision = Talk().ask("EURUSD", data_type, "5m")
    assert isinstance(decision, Subscribe)
    assert decision.name == Name("EURUSD", "real_time_with_indicators", "5m")
    assert decision.view is not None
    assert (decision.view.timeframe, decision.view.indicators) == ("5m", True)
    assert decision.view.tier == SubscriptionTier.SUBSCRIPTION_TIER_PRO
    answer = result(decision)
    assert (answer.symbol, answer.data_type, answer.timeframe) == ("EURUSD", data_type, "5m")
    assert (answer.outcome, answer.text) == (SubscriptionResult.OUTCOME_SUBSCRIBED, "")
    assert (answer.tier, answer.limit) == (SubscriptionTier.SUBSCRIPTION_TIER_PRO, 10)


def test_prices_alone() -> None:
    decision = Talk().ask("EURUSD", "real_time")
    assert isinstance(decision, Subscribe)
    assert decision.view is not None
    assert not decision.view.indicators


@pytest.mark.parametrize("asked,given_", [(0, 0), (7, 7), (1000, 1000), (5000, 1000)])
def test_bars(asked: int, given_: int) -> None:
    decision = Talk().ask("EURUSD", "bars", "1h", history=asked)
    assert isinstance(decision, Subscribe)
    assert (decision.view, decision.history) == (None, given_)


def test_asking_again_changes_nothing() -> None:
    talk = Talk()
    assert isinstance(talk.ask("EURUSD"), Subscribe)
    again = talk.ask("EURUSD", "real_time_with_indicators")
    assert isinstance(again, Answer)
    assert result(again).outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    assert talk.user.symbols == {"EURUSD": 1}
    assert isinstance(talk.ask("EURUSD", timeframe="1m"), Subscribe)


def test_unsubscribing() -> None:
    talk = Talk()
    talk.ask("EURUSD")
    ended = talk.ask("EURUSD", action=UNSUBSCRIBE)
    assert isinstance(ended, Unsubscribe)
    assert ended.name == Name("EURUSD", "real_time_with_indicators", "")
    assert result(ended).outcome == SubscriptionResult.OUTCOME_UNSUBSCRIBED
    again = talk.ask("EURUSD", action=UNSUBSCRIBE)
    assert isinstance(again, Answer)
    assert result(again).outcome == SubscriptionResult.OUTCOME_UNSUBSCRIBED
    assert not talk.user.symbols


def test_without_the_subprotocol_only_refusals_are_said() -> None:
    talk = Talk(framed=False)
    granted = talk.ask("EURUSD")
    assert isinstance(granted, Subscribe)
    assert granted.answer == b""
    refused = talk.ask("BTCUSD")
    assert isinstance(refused, Answer)
    assert refused.answer[0] == 0x81  # text
    assert payload_of(refused.answer).decode().startswith("BTCUSD is no standard pair")
    bars = talk.ask("EURUSD", "bars", "1m")
    assert isinstance(bars, Answer)
    assert b"subprotocol" in payload_of(bars.answer)


# ---- Tiers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier,limit", [("free", 4), ("gold", 4), ("", 4)])
def test_symbols_of_a_tier(tier: str, limit: int) -> None:
    talk = Talk(tier)
    for symbol in PAIRS[:limit]:
        assert isinstance(talk.ask(symbol), Subscribe)
        assert isinstance(talk.ask(symbol, timeframe="1m"), Subscribe)
    refused = result(talk.ask(PAIRS[limit]))
    assert refused.outcome == SubscriptionResult.OUTCOME_OVER_TIER
    assert (refused.limit, refused.tier) == (limit, SubscriptionTier.SUBSCRIPTION_TIER_FREE)
    assert "free tier" in refused.text
    assert "4 symbols" in refused.text
    assert "higher tier" in refused.text
    # One less makes room for one more, when nothing of it is left.
    talk.ask(PAIRS[0], action=UNSUBSCRIBE)
    assert result(talk.ask(PAIRS[limit])).outcome == SubscriptionResult.OUTCOME_OVER_TIER
    talk.ask(PAIRS[0], timeframe="1m", action=UNSUBSCRIBE)
    assert isinstance(talk.ask(PAIRS[limit]), Subscribe)


def test_symbols_of_all_connections_of_a_user_count() -> None:
    one = Talk("free")
    other = Talk("free", user=one.user)
    for symbol in PAIRS[:4]:
        assert isinstance(one.ask(symbol), Subscribe)
    assert isinstance(other.ask(PAIRS[0]), Subscribe)
    assert result(other.ask(PAIRS[4])).outcome == SubscriptionResult.OUTCOME_OVER_TIER
    one.conversation.end()
    assert isinstance(other.ask(PAIRS[4]), Subscribe)
    assert sorted(one.user.symbols) == sorted([PAIRS[0], PAIRS[4]])


@pytest.mark.parametrize("tier", ["free", "pro"])
def test_a_custom_pair_needs_enterprise(tier: str) -> None:
    refused = result(Talk(tier).ask("EURNOK"))
    assert refused.outcome == SubscriptionResult.OUTCOME_OVER_TIER
    assert "enterprise" in refused.text
    granted = Talk("enterprise").ask("EURNOK")
    assert isinstance(granted, Subscribe)
    assert result(granted).limit == 0


def test_a_connection_has_so_many_subscriptions() -> None:
    talk = Talk("enterprise")
    for number in range(MAX_SUBSCRIPTIONS):
        talk.now_s += 1
        assert isinstance(talk.ask(f"S{number}"), Subscribe)
    talk.now_s += 1
    refused = result(talk.ask("ONEMORE"))
    assert (refused.outcome, refused.limit) == (
        SubscriptionResult.OUTCOME_OVER_TIER,
        MAX_SUBSCRIPTIONS,
    )


# ---- Rate -------------------------------------------------------------------------------------


def test_too_many_requests() -> None:
    talk = Talk()
    other = Talk(user=talk.user)
    for number in range(REQUESTS.burst):
        answer = (talk if number % 2 else other).ask("EURUSD")
        assert result(answer).outcome == SubscriptionResult.OUTCOME_SUBSCRIBED
    refused = result(talk.ask("EURUSD", timeframe="1m"))
    assert refused.outcome == SubscriptionResult.OUTCOME_OVER_RATE
    assert refused.retry_after_ms == 100
    assert "100 requests at once and 10 a second" in refused.text
    assert (refused.symbol, refused.timeframe) == ("EURUSD", "1m")
    talk.now_s += refused.retry_after_ms / 1000
    assert isinstance(talk.ask("EURUSD", timeframe="1m"), Subscribe)
    assert result(talk.ask("EURUSD")).outcome == SubscriptionResult.OUTCOME_OVER_RATE


# ---- Nonsense ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_,why",
    [
        (SubscriptionRequest(), "symbol"),
        (SubscriptionRequest(symbol="E" * 65), "64 bytes"),
        (SubscriptionRequest(symbol="é" * 33), "64 bytes"),
        (SubscriptionRequest(symbol="EURUSD,GBPUSD"), "comma"),
        (SubscriptionRequest(symbol="EUR\nUSD"), "printable"),
        (SubscriptionRequest(symbol="EURUSD", data_type="depth"), "data_type"),
        (SubscriptionRequest(symbol="EURUSD", timeframe="2m"), "timeframe"),
        (SubscriptionRequest(symbol="EURUSD", timeframe="tick"), "none for ticks"),
        (SubscriptionRequest(symbol="EURUSD", data_type="bars"), "Bars need a timeframe"),
        (SubscriptionRequest(symbol="EURUSD", action=7), "action"),  # type: ignore[arg-type]
        (
            SubscriptionRequest(symbol="EURUSD", data_type="bars", timeframe="1m", history=-1),
            "history",
        ),
    ],
)
def test_a_request_that_makes_no_sense(request_: SubscriptionRequest, why: str) -> None:
    talk = Talk("enterprise")
    decision = talk.decide(request_)
    assert isinstance(decision, Answer)
    refused = result(decision)
    assert refused.outcome == SubscriptionResult.OUTCOME_INVALID
    assert why in refused.text
    assert not talk.user.symbols


@pytest.mark.parametrize(
    "payload,reason",
    [
        (b"\x00" * (MAX_FRAME_BYTES + 1), "a frame is at most 64 KiB"),
        (b"\x0a\x05EUR", "the frame is no SubscriptionRequest"),
        (b"\x0a\x01\xff", "the frame is no SubscriptionRequest"),  # no UTF-8
    ],
)
def test_a_broken_frame_ends_the_connection(payload: bytes, reason: str) -> None:
    talk = Talk()
    assert talk.conversation.receive(payload, 0) == Close(CloseCode.POLICY, reason)
    assert talk.ask("EURUSD") is None
    assert talk.conversation.receive_text() is None
    assert talk.conversation.token_expired().reason == reason


def test_text_ends_the_connection() -> None:
    decision = Talk().conversation.receive_text()
    assert decision == Close(CloseCode.POLICY, "a request is a binary frame, not text")


near_requests = st.builds(
    SubscriptionRequest,
    symbol=st.one_of(st.sampled_from([*PAIRS, "BTCUSD"]), st.text(max_size=70)),
    data_type=st.one_of(st.sampled_from(["", "real_time", "bars"]), st.text(max_size=5)),
    timeframe=st.sampled_from(["", "1m", "1d", "x"]),
    action=st.integers(0, 2),
    history=st.integers(-2, 2000),
).map(lambda request: request.SerializeToString())


@given(
    st.lists(st.one_of(near_requests, st.binary(max_size=80)), max_size=40),
    st.sampled_from(["free", "pro", "enterprise"]),
    st.booleans(),
)
def test_whatever_comes(frames: list[bytes], tier: str, framed: bool) -> None:
    """Every frame is answered, and the user's symbols are those of the subscriptions there are."""
    talk = Talk(tier, framed=framed)
    there: set[Name] = set()
    for frame in frames:
        closed = talk.conversation.closed
        decision = talk.conversation.receive(frame, talk.now_s)
        match decision:
            case Subscribe():
                assert decision.name not in there
                there.add(decision.name)
            case Unsubscribe():
                there.remove(decision.name)
            case Close():
                assert closed is None
            case None:
                assert closed is not None
        assert dict(talk.user.symbols) == {
            symbol: sum(name.symbol == symbol for name in there)
            for symbol in {name.symbol for name in there}
        }
        if tier == "free":
            assert len(talk.user.symbols) <= 4
    talk.conversation.end()
    assert not talk.user.symbols
