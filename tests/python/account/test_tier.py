"""What a tier allows, and which symbols are standard pairs."""

import pytest

from tpb.account.tier import Limits, is_standard_pair, limits_of, split
from tpb.account.token import TIERS


def test_the_limits() -> None:
    assert limits_of("free") == Limits("free", 2, 4, correlation=False, custom=False)
    assert limits_of("pro") == Limits("pro", 5, 10, correlation=True, custom=False)
    assert limits_of("enterprise") == Limits(
        "enterprise", None, None, correlation=True, custom=True
    )


@pytest.mark.parametrize("tier", ["", "gold", "PRO", "free "])
def test_an_unknown_tier_is_free(tier: str) -> None:
    assert limits_of(tier) == limits_of("free")


def test_every_tier_of_a_token_is_known() -> None:
    assert [limits_of(tier).tier for tier in TIERS] == list(TIERS)


@pytest.mark.parametrize(
    "symbol",
    [
        *("EURUSD", "NZDCAD", "XAUUSD", "XAGUSD", "EURUSD.m", "EURUSDm", "EURUSD-ECN"),
        *("EURUSD#", "XAUUSD.pro", "EURUSD_i", "USDJPY.r2", "GBPJPYmicro"),
    ],
)
def test_standard_pairs(symbol: str) -> None:
    assert is_standard_pair(symbol)


@pytest.mark.parametrize(
    "symbol",
    [
        *("USDUSD", "BTCUSD", "EURSEK", "XAUEUR", "US500", "EURUSDX", "AAPL", "", "eurusd"),
        *("EURUS", "EURUSD5", "EURUSD m", "EURUSD.\n", "EURUSD" + "." * 40, "#EURUSD", "ÉURUSD"),
    ],
)
def test_custom_symbols(symbol: str) -> None:
    assert not is_standard_pair(symbol)


def test_splitting() -> None:
    assert split("EURUSD-ECN") == ("EURUSD", "-ECN")
    assert split("BTCUSDm") == ("BTCUSD", "m")
    assert split("EURUSD") == ("EURUSD", "")
    assert split("US500") == ("", "")
