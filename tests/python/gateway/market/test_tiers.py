"""How a tier's refusals are worded, and the tier as it travels."""

import pytest

from tpb.gateway.market.tiers import limits_of, number_of, refusal, wire_limit
from tpb.wire.trading.market_data_pb2 import SubscriptionTier

FOUR = {"EURUSD", "GBPUSD", "USDJPY", "XAUUSD"}


def test_within_the_limit() -> None:
    assert refusal(limits_of("free"), "USDCHF", FOUR - {"EURUSD"}) is None
    assert refusal(limits_of("pro"), "USDCHF", FOUR) is None
    assert refusal(limits_of("enterprise"), "US500", {f"S{n}" for n in range(5000)}) is None


def test_over_the_limit() -> None:
    refused = refusal(limits_of("free"), "USDCHF", FOUR)
    assert refused is not None
    assert refused.limit == 4
    assert "free tier" in refused.text
    assert "4 symbols" in refused.text
    assert "USDCHF" in refused.text
    assert "Unsubscribe" in refused.text


def test_what_is_monitored_already_is_never_refused() -> None:
    assert refusal(limits_of("free"), "EURUSD", FOUR) is None
    assert refusal(limits_of("free"), "US500", {"US500"}) is None


@pytest.mark.parametrize("tier,limit", [("free", 4), ("pro", 10)])
def test_custom_symbols(tier: str, limit: int) -> None:
    refused = refusal(limits_of(tier), "US500", set())
    assert refused is not None
    assert refused.limit == limit
    assert f"{tier} tier" in refused.text
    assert "enterprise" in refused.text


def test_as_it_travels() -> None:
    assert number_of("free") == SubscriptionTier.SUBSCRIPTION_TIER_FREE
    assert number_of("pro") == SubscriptionTier.SUBSCRIPTION_TIER_PRO
    assert number_of("enterprise") == SubscriptionTier.SUBSCRIPTION_TIER_ENTERPRISE
    assert number_of("gold") == SubscriptionTier.SUBSCRIPTION_TIER_FREE
    assert (wire_limit(None), wire_limit(4)) == (0, 4)
