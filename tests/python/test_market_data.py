"""The layouts and values of market data are those of the C contract."""

import math
import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import tpb
from tpb.market_data import MARKET_SESSIONS, SUBSCRIPTION_STATES, TIERS

FORMATS = {"double": "<f8", "int64_t": "<i8", "int32_t": "<i4"}


@pytest.fixture(scope="module")
def header(repository: Path) -> str:
    text = (repository / "cpp/TradingProtobuf/include/trading_protobuf.h").read_text()
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def struct_of(header: str, name: str) -> list[tuple[str, str]]:
    """A struct's members: name and type."""
    found = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", header, re.DOTALL)
    assert found
    return [(member, kind) for kind, member in re.findall(r"(\w+) (\w+);", found[1])]


def values_of(header: str, prefix: str) -> list[str]:
    """An enum's names in order of their values, which begin with 0."""
    numbered = {int(n): name.lower() for name, n in re.findall(rf"{prefix}(\w+) = (\d+)", header)}
    return [numbered[number] for number in range(len(numbered))]


def test_the_array_is_the_struct(header: str) -> None:
    members = [(name, FORMATS[kind]) for name, kind in struct_of(header, "TpbMarketData")]
    assert np.dtype(members) == tpb.MARKET_DTYPE
    assert tpb.MARKET_DTYPE.itemsize == 168


def test_the_values_are_the_header_s(header: str) -> None:
    assert values_of(header, "TPB_TIER_") == list(TIERS)
    assert values_of(header, "TPB_SESSION_") == list(MARKET_SESSIONS)
    assert values_of(header, "TPB_SUBSCRIPTION_") == list(SUBSCRIPTION_STATES)


def test_the_status_has_every_field(header: str) -> None:
    members = [name for name, _ in struct_of(header, "TpbMarketStatusInfo")]
    assert [field.name for field in fields(tpb.MarketStatus)][: len(members)] == members
    members = [name for name, _ in struct_of(header, "TpbIndicatorInfo")]
    assert [field.name for field in fields(tpb.Indicators)] == members


def test_a_row_in_words() -> None:
    row = np.zeros(1, dtype=tpb.MARKET_DTYPE)
    row["bid"] = 1.25
    row["sma_50"] = math.nan
    row["number"] = 7
    row["live"] = row["session_open"] = 1
    row["tier"] = 2
    row["market_session"] = 4
    data = tpb.MarketData.from_row("EURUSD", "5m", row[0])
    assert (data.symbol, data.timeframe, data.bid, data.number) == ("EURUSD", "5m", 1.25, 7)
    assert math.isnan(data.sma_50)
    assert (data.live, data.session_open, data.shared) == (True, True, False)
    assert (data.tier, data.market_session) == ("pro", "new_york")
