"""One connection on /ws/market-data, decided: what is granted, refused and why, and when it ends.

Pure: no I/O and no clock. The link tells it frames and does what it answers.
"""

import math
from collections import Counter
from typing import NamedTuple

from google.protobuf.message import DecodeError

from tpb.gateway.bucket import Bucket
from tpb.gateway.market import tiers
from tpb.gateway.market.audience import View
from tpb.gateway.market.bars import SECONDS
from tpb.gateway.market.channel import TICKS, TIMEFRAMES
from tpb.gateway.market.framing import binary_frame, text_frame
from tpb.gateway.market.history import MAX_BARS
from tpb.gateway.market.hub import MAX_SYMBOL_BYTES
from tpb.gateway.protocol import TOKEN_EXPIRED, Close, CloseCode
from tpb.wire.tpb.market_stream_pb2 import MarketFrame, SubscriptionResult
from tpb.wire.trading.market_data_pb2 import SubscriptionAction, SubscriptionRequest

SUBPROTOCOL = "tpb.market.v1"
MAX_FRAME_BYTES = 64 << 10
MAX_SUBSCRIPTIONS = 16_384  # of one connection, whatever its tier

WITH_INDICATORS = "real_time_with_indicators"
PRICES = "real_time"
BARS = "bars"
_DATA_TYPES = {"": WITH_INDICATORS, WITH_INDICATORS: WITH_INDICATORS, PRICES: PRICES, BARS: BARS}
_ACTIONS = (
    SubscriptionAction.SUBSCRIPTION_ACTION_SUBSCRIBE,
    SubscriptionAction.SUBSCRIPTION_ACTION_UNSUBSCRIBE,
)


class Name(NamedTuple):
    """What a subscription is known by."""

    symbol: str
    data_type: str
    timeframe: str


class Subscribe(NamedTuple):
    """Granted: to be begun after the answer was sent."""

    name: Name
    view: View | None  # None: bars
    history: int
    answer: bytes


class Unsubscribe(NamedTuple):
    """To be ended before the answer is sent."""

    name: Name
    answer: bytes


class Answer(NamedTuple):
    """Nothing changes; empty: and nothing is said."""

    answer: bytes


class User:
    """What the connections of one user have in common."""

    def __init__(self, now_s: float) -> None:
        self.connections = 0
        self.requests = Bucket(tiers.REQUESTS, now_s)
        self.symbols: Counter[str] = Counter()  # subscriptions by symbol


class Conversation:
    """From the accepted upgrade to the first Close, which stands."""

    def __init__(self, user: User, tier: str, *, framed: bool) -> None:
        """framed: the subprotocol is spoken."""
        self._user = user
        self._has_ended = False
        user.connections += 1
        self._limits = tiers.limits_of(tier)
        self._tier = tiers.number_of(tier)
        self._framed = framed
        self._names: set[Name] = set()
        self._closed: Close | None = None

    @property
    def closed(self) -> Close | None:
        return self._closed

    def receive(
        self, payload: bytes, now_s: float
    ) -> Subscribe | Unsubscribe | Answer | Close | None:
        """Decides about one binary frame; None: the connection is ending and takes none."""
        if self._closed is not None:
            return None
        if len(payload) > MAX_FRAME_BYTES:
            return self._close(CloseCode.POLICY, "a frame is at most 64 KiB")
        try:
            request = SubscriptionRequest.FromString(payload)
        except DecodeError:
            return self._close(CloseCode.POLICY, "the frame is no SubscriptionRequest")
        wait_s = self._user.requests.wait_s(now_s)
        if wait_s:
            return self._over_rate(request, wait_s)
        self._user.requests.take(now_s)
        fault = self._fault(request)
        if fault is not None:
            return Answer(self._refuse(request, SubscriptionResult.OUTCOME_INVALID, fault))
        name = Name(request.symbol, _DATA_TYPES[request.data_type], request.timeframe)
        if request.action == SubscriptionAction.SUBSCRIPTION_ACTION_UNSUBSCRIBE:
            return self._unsubscribe(request, name)
        return self._subscribe(request, name)

    def receive_text(self) -> Close | None:
        if self._closed is not None:
            return None
        return self._close(CloseCode.POLICY, "a request is a binary frame, not text")

    def end(self) -> None:
        """The connection is no more: its symbols are the user's again. Again is fine."""
        if self._has_ended:
            return
        self._has_ended = True
        self._user.connections -= 1
        for name in self._names:
            self._release(name)
        self._names.clear()

    def go_away(self) -> Close:
        return self._close(CloseCode.GOING_AWAY, "the gateway is shutting down")

    def token_expired(self) -> Close:
        return self._close(CloseCode.POLICY, TOKEN_EXPIRED)

    def reads_too_slowly(self) -> Close:
        return self._close(CloseCode.POLICY, "bars and answers are read too slowly")

    def _fault(self, request: SubscriptionRequest) -> str | None:
        symbol = request.symbol
        if not 0 < len(symbol.encode()) <= MAX_SYMBOL_BYTES or "," in symbol:
            return f"A symbol has 1 to {MAX_SYMBOL_BYTES} bytes and no comma: name one."
        if not symbol.isprintable():
            return "A symbol has printable characters only: name it as its source does."
        if request.data_type not in _DATA_TYPES:
            return f"There is no such data_type: ask for {WITH_INDICATORS}, {PRICES} or {BARS}."
        if request.timeframe not in TIMEFRAMES:
            return f"There is no such timeframe: ask for {', '.join(SECONDS)}, or none for ticks."
        if request.action not in _ACTIONS:
            return "There is no such action: subscribe (0) or unsubscribe (1)."
        if request.data_type == BARS and request.timeframe == TICKS:
            return f"Bars need a timeframe: ask for {', '.join(SECONDS)}."
        if request.data_type == BARS and not self._framed:
            return f"Bars come under the subprotocol {SUBPROTOCOL} only: connect with it."
        if request.history < 0:
            return f"history counts bars, 0 to {MAX_BARS}."
        return None

    def _subscribe(self, request: SubscriptionRequest, name: Name) -> Subscribe | Answer:
        granted = SubscriptionResult.OUTCOME_SUBSCRIBED
        if name in self._names:
            return Answer(self._grant(request, granted))
        refusal = tiers.refusal(self._limits, name.symbol, self._user.symbols)
        if refusal is None and len(self._names) >= MAX_SUBSCRIPTIONS:
            refusal = tiers.Refusal(
                f"A connection has at most {MAX_SUBSCRIPTIONS} subscriptions: unsubscribe from"
                " what is not needed.",
                MAX_SUBSCRIPTIONS,
            )
        if refusal is not None:
            return Answer(
                self._refuse(
                    request,
                    SubscriptionResult.OUTCOME_OVER_TIER,
                    refusal.text,
                    limit=refusal.limit,
                )
            )
        self._names.add(name)
        self._user.symbols[name.symbol] += 1
        return Subscribe(
            name=name,
            view=self._view(name),
            history=min(request.history, MAX_BARS),
            answer=self._grant(request, granted),
        )

    def _view(self, name: Name) -> View | None:
        if name.data_type == BARS:
            return None
        return View(name.timeframe, name.data_type == WITH_INDICATORS, self._tier, self._framed)

    def _unsubscribe(self, request: SubscriptionRequest, name: Name) -> Unsubscribe | Answer:
        answer = self._grant(request, SubscriptionResult.OUTCOME_UNSUBSCRIBED)
        if name not in self._names:
            return Answer(answer)
        self._names.remove(name)
        self._release(name)
        return Unsubscribe(name, answer)

    def _release(self, name: Name) -> None:
        symbols = self._user.symbols
        symbols[name.symbol] -= 1
        if not symbols[name.symbol]:
            del symbols[name.symbol]

    def _over_rate(self, request: SubscriptionRequest, wait_s: float) -> Answer:
        wait_ms = math.ceil(wait_s * 1000)
        rate = tiers.REQUESTS
        text = (
            f"A user may send {rate.burst} requests at once and {rate.per_s:g} a second, so this"
            f" one was not heard. Send it again in {wait_ms} ms."
        )
        outcome = SubscriptionResult.OUTCOME_OVER_RATE
        return Answer(self._refuse(request, outcome, text, retry_after_ms=wait_ms))

    def _grant(self, request: SubscriptionRequest, outcome: SubscriptionResult.Outcome) -> bytes:
        """To people without the subprotocol the data is the answer."""
        return self._result(request, outcome) if self._framed else b""

    def _refuse(
        self,
        request: SubscriptionRequest,
        outcome: SubscriptionResult.Outcome,
        text: str,
        *,
        limit: int | None = None,
        retry_after_ms: int = 0,
    ) -> bytes:
        if not self._framed:
            return text_frame(text)
        return self._result(request, outcome, text, limit=limit, retry_after_ms=retry_after_ms)

    def _result(
        self,
        request: SubscriptionRequest,
        outcome: SubscriptionResult.Outcome,
        text: str = "",
        *,
        limit: int | None = None,
        retry_after_ms: int = 0,
    ) -> bytes:
        result = SubscriptionResult(
            symbol=request.symbol,
            data_type=request.data_type,
            timeframe=request.timeframe,
            outcome=outcome,
            text=text,
            tier=self._tier,
            limit=tiers.wire_limit(self._limits.monitored) if limit is None else limit,
            retry_after_ms=retry_after_ms,
        )
        return binary_frame(MarketFrame(result=result))

    def _close(self, code: CloseCode, reason: str) -> Close:
        """The first reason to close stands."""
        if self._closed is None:
            self._closed = Close(code, reason)
        return self._closed
