"""Prices and indicators as they come from a gateway."""

from dataclasses import dataclass
from typing import Any

import numpy as np

MARKET_DTYPE = np.dtype(
    [
        ("bid", "<f8"),
        ("ask", "<f8"),
        ("sma_20", "<f8"),
        ("sma_50", "<f8"),
        ("ema_12", "<f8"),
        ("ema_26", "<f8"),
        ("macd_line", "<f8"),
        ("macd_signal", "<f8"),
        ("rsi", "<f8"),
        ("bollinger_upper", "<f8"),
        ("bollinger_middle", "<f8"),
        ("bollinger_lower", "<f8"),
        ("server_time_ms", "<i8"),
        ("time_msc", "<i8"),
        ("received_ms", "<i8"),
        ("age_ms", "<i8"),
        ("number", "<i8"),
        ("bar_time", "<i8"),
        ("subscription", "<i4"),
        ("live", "<i4"),
        ("tier", "<i4"),  # an index of TIERS
        ("market_session", "<i4"),  # an index of MARKET_SESSIONS
        ("session_open", "<i4"),
        ("shared", "<i4"),
    ]
)
assert MARKET_DTYPE.itemsize == 168

TIERS = ("unknown", "free", "pro", "enterprise")
MARKET_SESSIONS = ("unknown", "sydney", "tokyo", "london", "new_york")
SUBSCRIPTION_STATES = ("asked", "active", "refused", "ended")


@dataclass(frozen=True, slots=True)
class MarketData:
    """A symbol's price and indicators as the gateway sent them.

    A number that is not known is NaN, never 0: too few values yet, or a gateway that does not send
    it. Prices and their means are in the symbol's price unit. Never trade on data that is not
    `live`: it is from before an interruption or a restart.
    """

    symbol: str
    timeframe: str  # of the indicators: "tick", or complete bars: "1m", "5m", "1h", "1d"
    bid: float
    ask: float
    sma_20: float
    sma_50: float
    ema_12: float
    ema_26: float
    macd_line: float  # MACD(12, 26, 9)
    macd_signal: float
    rsi: float  # 14, Wilder; 0 to 100
    bollinger_upper: float  # 20 values, 2 standard deviations
    bollinger_middle: float
    bollinger_lower: float
    server_time_ms: int  # the gateway's clock, Unix
    time_msc: int  # of the tick, trade server's wall clock; 0 = the gateway does not say
    received_ms: int  # Unix
    age_ms: int  # of the price: since it was received, and what it had waited at its source
    number: int  # of the tick within its symbol at the gateway; 0 = not known
    bar_time: int  # start of the newest complete bar, trade server's clock, Unix s; 0 with ticks
    subscription: int  # what Session.subscribe returned
    live: bool  # it came over the connection there is now
    tier: str  # "free", "pro", "enterprise", "unknown"
    market_session: str  # "sydney", "tokyo", "london", "new_york", "unknown"
    session_open: bool
    shared: bool  # from a feed that all tenants share

    @classmethod
    def from_row(cls, symbol: str, timeframe: str, row: np.void) -> "MarketData":
        """row: of an array of MARKET_DTYPE."""
        fields: dict[str, Any] = dict(zip(MARKET_DTYPE.names or (), row.item(), strict=True))
        return cls(
            symbol,
            timeframe,
            **fields
            | {
                "live": fields["live"] == 1,
                "tier": TIERS[fields["tier"]],
                "market_session": MARKET_SESSIONS[fields["market_session"]],
                "session_open": fields["session_open"] == 1,
                "shared": fields["shared"] == 1,
            },
        )


@dataclass(frozen=True, slots=True)
class Subscription:
    """How a subscription is."""

    number: int
    symbol: str
    timeframe: str
    state: str  # "asked", "active", "refused", "ended"
    text: str  # why it was refused, else ""


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """The market data of a session at one moment.

    Counts are since it was opened; `trading_protobuf.h` (TpbMarketStatusInfo) tells each field.
    """

    state_since_ms: int
    messages_received: int
    messages_unread: int
    messages_overflowed: int
    ticks_left_out: int
    frames_ignored: int
    bytes_received: int
    reconnects: int
    state: int
    endpoint: int
    problem: int
    subscriptions: int
    refused: int
    tier: str  # "free", "pro", "enterprise", "unknown"
    problem_text: str
    state_name: str  # "disconnected" while nothing is subscribed to


@dataclass(frozen=True, slots=True)
class Indicators:
    """Indicators of the bids of the ticks that a session has accepted of one symbol.

    NaN: too few ticks yet.
    """

    sma_20: float
    sma_50: float
    ema_12: float
    ema_26: float
    rsi: float  # 14, Wilder; 0 to 100; 0 where nothing moved
    ticks: int  # how many went in
    time_msc: int  # of the newest
