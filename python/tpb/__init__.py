"""The bridge between MetaTrader 5 and a market-data gateway.

The names below are loaded on first use, so that `tpb.native` also runs where NumPy and the native
module are not installed yet: in a bare build environment.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpb.exceptions import BadConfig as BadConfig
    from tpb.exceptions import BadSymbol as BadSymbol
    from tpb.exceptions import BadTick as BadTick
    from tpb.exceptions import DiskRefuses as DiskRefuses
    from tpb.exceptions import InUse as InUse
    from tpb.exceptions import InvalidArgument as InvalidArgument
    from tpb.exceptions import NotConfigured as NotConfigured
    from tpb.exceptions import NotSubscribed as NotSubscribed
    from tpb.exceptions import OutboxFull as OutboxFull
    from tpb.exceptions import SessionClosed as SessionClosed
    from tpb.exceptions import TooMany as TooMany
    from tpb.exceptions import TpbError as TpbError
    from tpb.market_data import MARKET_DTYPE as MARKET_DTYPE
    from tpb.market_data import Indicators as Indicators
    from tpb.market_data import MarketData as MarketData
    from tpb.market_data import MarketStatus as MarketStatus
    from tpb.market_data import Subscription as Subscription
    from tpb.session import Cursor as Cursor
    from tpb.session import Event as Event
    from tpb.session import Session as Session
    from tpb.session import Status as Status
    from tpb.tick import TICK_DTYPE as TICK_DTYPE

__version__ = "0.1.0"

_HOME = {
    "BadConfig": "tpb.exceptions",
    "BadSymbol": "tpb.exceptions",
    "BadTick": "tpb.exceptions",
    "DiskRefuses": "tpb.exceptions",
    "InUse": "tpb.exceptions",
    "InvalidArgument": "tpb.exceptions",
    "NotConfigured": "tpb.exceptions",
    "NotSubscribed": "tpb.exceptions",
    "OutboxFull": "tpb.exceptions",
    "SessionClosed": "tpb.exceptions",
    "TooMany": "tpb.exceptions",
    "TpbError": "tpb.exceptions",
    "MARKET_DTYPE": "tpb.market_data",
    "Indicators": "tpb.market_data",
    "MarketData": "tpb.market_data",
    "MarketStatus": "tpb.market_data",
    "Subscription": "tpb.market_data",
    "Cursor": "tpb.session",
    "Event": "tpb.session",
    "Session": "tpb.session",
    "Status": "tpb.session",
    "TICK_DTYPE": "tpb.tick",
}

__all__ = [
    "MARKET_DTYPE",
    "TICK_DTYPE",
    "BadConfig",
    "BadSymbol",
    "BadTick",
    "Cursor",
    "DiskRefuses",
    "Event",
    "InUse",
    "Indicators",
    "InvalidArgument",
    "MarketData",
    "MarketStatus",
    "NotConfigured",
    "NotSubscribed",
    "OutboxFull",
    "Session",
    "SessionClosed",
    "Status",
    "Subscription",
    "TooMany",
    "TpbError",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'tpb' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
