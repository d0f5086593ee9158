"""Asks a user service for the tier of a user, with the user's own token.

What the token itself claims counts where there is no service, or where it does not answer.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from tpb.gateway.upgrade import Identity
from tpb.problem import Problem

log = logging.getLogger("tpb.gateway")

CONFIG_PATH = "/api/v1/users/config"
KEPT_S = 60.0
TIME_LIMIT_S = 2.0
_MAX_KEPT = 10_000
_MAX_ANSWER_BYTES = 64 << 10
_MAX_AT_ONCE = 64


class UserServiceProblem(Problem):
    """The address of the user service cannot be used."""


class _Known(NamedTuple):
    tier: str
    until_s: float


class _NoAnswer(Exception):
    """Why the service did not tell a tier; never with a token in it."""


def check_url(url: str, *, allow_plaintext: bool = False) -> None:
    """Raises UserServiceProblem where tokens would travel in the clear, or nowhere."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UserServiceProblem(
            f"{url!r} is no address of a user service.",
            "It must be the service's base URL, to which /api/v1/users/config is added.",
            "Give one such as https://users.example.com with --user-service.",
        )
    if parts.scheme == "http" and not allow_plaintext and not _is_loopback(parts.hostname):
        raise UserServiceProblem(
            f"The user service {url} is not asked without TLS.",
            "Tokens would travel in the clear beyond this machine.",
            "Use its https:// address, or --allow-plaintext where the network is trusted.",
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class UserService:
    """All methods on the event loop's thread."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        """clock: in seconds; it only rises."""
        self.failures = 0
        self._url = url.rstrip("/") + CONFIG_PATH
        self._clock = clock
        self._time_limit_s = time_limit_s
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[str | None]] = {}
        self._http: aiohttp.ClientSession | None = None
        self._fails = False

    async def identify(self, identity: Identity, authorization: str) -> Identity:
        """The identity with its tier as the service has it, or as it is where that fails."""
        key = identity.tenant, identity.user
        known = self._known.get(key)
        if known is not None and self._clock() < known.until_s:
            return replace(identity, tier=known.tier)
        asking = self._asking.get(key)
        if asking is None:
            # One question, however many connections of the user wait for it.
            asking = asyncio.create_task(self._ask(key, authorization))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key))
        tier = await asyncio.shield(asking)
        return identity if tier is None else replace(identity, tier=tier)

    async def close(self) -> None:
        for asking in list(self._asking.values()):
            asking.cancel()
        if self._http is not None:
            await self._http.close()

    async def _ask(self, key: tuple[str, str], authorization: str) -> str | None:
        try:
            async with asyncio.timeout(self._time_limit_s):
                tier = await self._fetch(authorization)
        except TimeoutError:
            self._note_failure(f"no answer within {self._time_limit_s:g} s")
        except (aiohttp.ClientError, OSError, _NoAnswer) as problem:
            self._note_failure(str(problem) or type(problem).__name__)
        else:
            self._keep(key, tier)
            return tier
        return None

    def _keep(self, key: tuple[str, str], tier: str) -> None:
        if self._fails:
            self._fails = False
            log.warning("the user service answers again")
        self._known[key] = _Known(tier, self._clock() + KEPT_S)
        self._known.move_to_end(key)
        if len(self._known) > _MAX_KEPT:
            self._known.popitem(last=False)

    async def _fetch(self, authorization: str) -> str:
        headers = {"Authorization": authorization, "Accept": "application/json"}
        async with self._session().get(
            self._url,
            headers=headers,
            allow_redirects=False,  # the token is for this service alone
        ) as answer:
            if answer.status != 200:
                raise _NoAnswer(f"it answered with status {answer.status}")
            body = b""
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > _MAX_ANSWER_BYTES:
                    raise _NoAnswer(f"its answer is longer than {_MAX_ANSWER_BYTES} bytes")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise _NoAnswer("its answer is no JSON") from None
        tier = document.get("tier") if isinstance(document, dict) else None
        if not isinstance(tier, str):
            raise _NoAnswer("its answer has no tier")
        return tier

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MAX_AT_ONCE),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._http

    def _note_failure(self, why: str) -> None:
        """The first of a row of failures is a warning."""
        self.failures += 1
        level = logging.INFO if self._fails else logging.WARNING
        self._fails = True
        log.log(level, "the user service did not tell a tier, so the token's counts: %s", why)
