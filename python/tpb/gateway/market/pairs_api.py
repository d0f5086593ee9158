"""How /api/v1/pairs asks and answers: GET tells a user's symbols and why, PUT names primary ones.

Named is {"primary": ["EURUSD", ...]}; an empty list: those that the user's sessions stream up.
"""

import json
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from tpb.account.pairs import Selection
from tpb.gateway.bucket import Allowance, Buckets
from tpb.gateway.market.kept import UserKey
from tpb.gateway.market.pairing import Pairing, Told
from tpb.gateway.upgrade import Identity, Refused

PATH = "/api/v1/pairs"
MAX_NAMED = 64
MAX_SYMBOL = 64
_MAX_BODY_BYTES = 32 << 10
_RETRY_AFTER_S = 2
_NAMINGS = Allowance(burst=20, per_s=1.0)  # of one user

_HOW = 'the body must be JSON such as {"primary": ["EURUSD", "GBPUSD"]}'


class PairsApi:
    """The two handlers; they raise Refused."""

    def __init__(
        self, pairing: Pairing, identify: Callable[[web.Request], Awaitable[Identity]]
    ) -> None:
        self._pairing = pairing
        self._identify = identify
        self._named: Buckets[UserKey] = Buckets(_NAMINGS)

    async def get(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        return _answer(identity, self._pairing.tell(identity))

    async def put(self, request: web.Request) -> web.Response:
        identity = await self._identify(request)
        self._refuse_too_many((identity.tenant, identity.user))
        primary = read_primary(await _body(request))
        try:
            told = await self._pairing.name(identity, primary)
        except sqlite3.Error:
            raise Refused(503, "the store cannot be used now", _RETRY_AFTER_S) from None
        return _answer(identity, told)

    def _refuse_too_many(self, user: UserKey) -> None:
        """Each is a commit, for which ticks wait."""
        now_s = time.monotonic()
        wait_s = self._named.wait_s(user, now_s)
        if wait_s:
            raise Refused(429, "too many changes of this user's pairs", math.ceil(wait_s))
        self._named.take(user, now_s)


async def _body(request: web.Request) -> bytes:
    body = b""
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise Refused(413, f"the body is longer than {_MAX_BODY_BYTES} bytes")
    return body


def read_primary(body: bytes) -> list[str]:
    """The symbols that a PUT names; raises Refused."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, _HOW) from None
    named = document.get("primary") if isinstance(document, dict) else None
    if not isinstance(named, list):
        raise Refused(400, _HOW)
    if len(named) > MAX_NAMED:
        raise Refused(400, f"primary must name at most {MAX_NAMED} symbols")
    if not all(isinstance(symbol, str) and _is_symbol(symbol) for symbol in named):
        raise Refused(400, f"a symbol must have 1 to {MAX_SYMBOL} printable characters")
    return named


def _is_symbol(text: str) -> bool:
    return 0 < len(text) <= MAX_SYMBOL and text.isprintable() and text == text.strip()


def _answer(identity: Identity, told: Told) -> web.Response:
    return web.json_response(document(identity, told))


def document(identity: Identity, told: Told) -> dict[str, object]:
    return {
        "tenant": identity.tenant,
        "user": identity.user,
        "version": told.version,
        "named": list(told.named),
        **selection_document(told.selection),
    }


def selection_document(selection: Selection) -> dict[str, object]:
    limits = selection.limits
    return {
        "tier": limits.tier,
        "max_primary": limits.trading,
        "max_symbols": limits.monitored,
        "pairs": [
            {
                "symbol": pair.symbol,
                "role": pair.role.value,
                "correlates_with": pair.correlates_with or None,
                "correlation": round(pair.correlation, 4) or None,
                "weight": round(pair.weight, 4),
                "priority": pair.priority,
                "reason": pair.reason,
            }
            for pair in selection.pairs
        ],
        "left_out": [left._asdict() for left in selection.left_out],
    }
