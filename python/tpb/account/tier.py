"""What each tier of subscription allows, and which symbols are ordinary ones. Pure."""

import re
from typing import NamedTuple

FREE, PRO, ENTERPRISE = "free", "pro", "enterprise"
MAJORS = ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "NZD")

# What brokers add to a pair's name: EURUSD.m, EURUSDm, EURUSD-ECN.
_PAIR = re.compile(r"([A-Z]{3})([A-Z]{3})([a-z]{1,8}|[!-/:-@\[-`{-~][!-~]{0,15})?")
_METALS = ("XAUUSD", "XAGUSD")


class Limits(NamedTuple):
    """Of one user, over all its connections, in distinct symbols. None: no limit."""

    tier: str
    trading: int | None  # primary symbols
    monitored: int | None  # all symbols, the primary ones included
    correlation: bool  # whether pairs that move along are chosen
    custom: bool  # whether any symbol may be had, not only the standard pairs


_LIMITS = {
    limits.tier: limits
    for limits in (
        Limits(FREE, 2, 4, correlation=False, custom=False),
        Limits(PRO, 5, 10, correlation=True, custom=False),
        Limits(ENTERPRISE, None, None, correlation=True, custom=True),
    )
}


def limits_of(tier: str) -> Limits:
    """An unknown tier is a free one."""
    return _LIMITS.get(tier, _LIMITS[FREE])


def split(symbol: str) -> tuple[str, str]:
    """A pair's six letters and the broker's suffix; ("", "") where it is no pair's name."""
    found = _PAIR.fullmatch(symbol)
    return (found[1] + found[2], found[3] or "") if found else ("", "")


def is_standard_pair(symbol: str) -> bool:
    """Two of the major currencies, or gold or silver in dollars, whatever the broker adds."""
    pair, _ = split(symbol)
    base, quote = pair[:3], pair[3:]
    return pair in _METALS or (base != quote and base in MAJORS and quote in MAJORS)
