"""What a user's tier lets it ask for on /ws/market-data, and how a refusal is worded. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from tpb.account.tier import (
    ENTERPRISE,
    FREE,
    MAJORS,
    PRO,
    Limits,
    is_standard_pair,
    limits_of,
)
from tpb.gateway.bucket import Allowance
from tpb.wire.trading.market_data_pb2 import SubscriptionTier

__all__ = [
    "MAX_CONNECTIONS",
    "REQUESTS",
    "Limits",
    "Refusal",
    "is_standard_pair",
    "limits_of",
    "number_of",
    "refusal",
    "wire_limit",
]

# Of one user: subscription requests, and connections to /ws/market-data.
REQUESTS = Allowance(burst=100, per_s=10.0)
MAX_CONNECTIONS = 16

_NUMBERS = {
    FREE: SubscriptionTier.SUBSCRIPTION_TIER_FREE,
    PRO: SubscriptionTier.SUBSCRIPTION_TIER_PRO,
    ENTERPRISE: SubscriptionTier.SUBSCRIPTION_TIER_ENTERPRISE,
}


class Refusal(NamedTuple):
    text: str  # for a person: why, and what to do
    limit: int  # how many symbols the tier allows; 0: no limit


def number_of(tier: str) -> SubscriptionTier:
    """The tier as the schemas number it; an unknown one is a free one."""
    return _NUMBERS[limits_of(tier).tier]


def wire_limit(limit: int | None) -> int:
    """A limit as the schemas tell it: 0 is none."""
    return limit or 0


def refusal(limits: Limits, symbol: str, monitored: Collection[str]) -> Refusal | None:
    """Whether a user that monitors these symbols may not have one more; None: it may."""
    if symbol in monitored:
        return None
    if not limits.custom and not is_standard_pair(symbol):
        return Refusal(
            f"{symbol} is no standard pair, and the {limits.tier} tier has only those: two of"
            f" {', '.join(MAJORS)}, or XAUUSD, XAGUSD. Subscribe to such a pair, or change to the"
            f" {ENTERPRISE} tier.",
            wire_limit(limits.monitored),
        )
    if limits.monitored is not None and len(monitored) >= limits.monitored:
        return Refusal(
            f"The {limits.tier} tier has {limits.monitored} symbols at a time, and all are in use,"
            f" so {symbol} was not added. Unsubscribe from one, or change to a higher tier.",
            limits.monitored,
        )
    return None
