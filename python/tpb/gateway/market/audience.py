"""Subscriptions that get the same bytes: encoded once, however many they are. Pure."""

from typing import NamedTuple

from tpb.gateway.market import trading_hours
from tpb.gateway.market.framing import binary_frame
from tpb.gateway.market.indicators import Indicators
from tpb.gateway.market.mailbox import Mailbox
from tpb.gateway.market.trading_hours import Hours
from tpb.wire.tpb.market_stream_pb2 import MarketFrame
from tpb.wire.trading.market_data_pb2 import ClientMarketData, SubscriptionTier


class View(NamedTuple):
    """How a subscription sees its symbol."""

    timeframe: str
    indicators: bool
    tier: SubscriptionTier
    framed: bool  # as a MarketFrame, else bare


class Audience:
    """Those that see one channel in one way."""

    __slots__ = ("_data", "_frame", "_hours", "mailboxes", "view")

    def __init__(self, view: View, symbol: str, *, shared: bool) -> None:
        self.view = view
        self.mailboxes: dict[Mailbox, None] = {}
        self._hours: Hours | None = None
        # Kept filled: from tick to tick little of it changes.
        if view.framed:
            frame = MarketFrame()
            self._frame: MarketFrame | ClientMarketData = frame
            self._data = frame.data
        else:
            self._frame = self._data = ClientMarketData()
        self._data.symbol = symbol
        self._data.user_tier = view.tier
        self._data.timeframe = view.timeframe
        self._data.shared = shared

    def fill(
        self,
        *,
        bid: float,
        ask: float,
        time_msc: int,
        at_ms: int,
        source_age_ms: int,
        number: int,
        hours: Hours,
    ) -> None:
        data = self._data
        data.bid = bid
        data.ask = ask
        data.tick_time_msc = time_msc
        data.timestamp = at_ms
        data.source_age_ms = source_age_ms
        data.number = number
        if hours is not self._hours:
            self._hours = hours
            trading_hours.fill(data.session, hours)

    def fill_indicators(self, indicators: Indicators, bar_time: int) -> None:
        indicators.fill(self._data.indicators)
        self._data.bar_time = bar_time

    def encode(self) -> bytes:
        return binary_frame(self._frame)

    def publish(self) -> None:
        frame = self.encode()
        for mailbox in self.mailboxes:
            mailbox.offer(self, frame)
