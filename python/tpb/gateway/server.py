"""The gateway on its sockets: /ws/mt5 takes batches, /ws/market-data gives out what they make of
the market, /healthz tells how it is.

A thin shell: upgrade, auth and protocol decide, store keeps; this ties them to aiohttp.
"""

import asyncio
import contextlib
import errno
import ipaddress
import logging
import socket
import sqlite3
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

import tpb
from tpb.gateway import quality_api
from tpb.gateway.admission import Admission, Allowance
from tpb.gateway.auth import Authenticator
from tpb.gateway.events import EventLog
from tpb.gateway.link import Link
from tpb.gateway.market import pairs_api
from tpb.gateway.market import protocol as market
from tpb.gateway.market.desk import Desk
from tpb.gateway.market.user_service import UserService, check_url
from tpb.gateway.peer import RETRY_AFTER_S, new_websocket
from tpb.gateway.protocol import MAX_FRAME_BYTES
from tpb.gateway.reading import read_events, read_sessions
from tpb.gateway.standing import FOREIGN_SESSION, refuse_if_older
from tpb.gateway.store import Receipt, Store
from tpb.gateway.tls import LOCAL_NAMES, TlsProblem, ensure_certificates
from tpb.gateway.upgrade import (
    SUBPROTOCOL,
    Identity,
    Refused,
    Upgrade,
    read_upgrade,
    verify_check,
)
from tpb.problem import Problem

log = logging.getLogger("tpb.gateway")

WS_PATH = "/ws/mt5"
MARKET_PATH = "/ws/market-data"
HEALTH_PATH = "/healthz"
QUALITY_PATH = "/api/v1/quality"

# Connections on /ws/mt5, and on /ws/market-data.
MAX_STREAMS = 1024
MAX_READERS = 4096

_ANY_HOST = ("0.0.0.0", "::")
_SHUTDOWN_TIMEOUT_S = 5.0
_RENEWAL_S = 12 * 3600
_EVENTS_SHOWN = 20
# What a guess at a token or a name meets; not what a well-behaved client meets in bad times.
_COUNTED_REFUSALS = (400, 401, 403)


class ListenProblem(Problem):
    """The gateway cannot serve where it was asked to."""


class AddressInUse(ListenProblem):
    """Something else serves there."""


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    store: Path
    authenticator: Authenticator
    host: str = "127.0.0.1"
    port: int = 0  # 0: the system chooses
    tls_dir: Path | None = None  # serve wss:// with the certificates kept here
    allow_plaintext: bool = False  # permit ws:// beyond loopback
    max_streams: int = MAX_STREAMS
    max_readers: int = MAX_READERS
    event_log: Path | None = None  # JSON lines of what happens
    refusals: Allowance = field(default_factory=Allowance)  # of one address
    shared_tenants: tuple[str, ...] = ()  # whose market data every tenant may have
    user_service: str | None = None  # its base URL; None: the tokens' own tiers count

    def check(self) -> None:
        """Raises a Problem where tokens would travel in the clear."""
        if self.user_service is not None:
            check_url(self.user_service, allow_plaintext=self.allow_plaintext)
        if self.tls_dir is None and not self.allow_plaintext and not is_loopback(self.host):
            raise ListenProblem(
                f"The gateway does not serve {self.host} without TLS.",
                "Tokens and ticks would travel in the clear beyond this machine.",
                "Add --tls, or --allow-plaintext where another program in front does TLS.",
            )

    @property
    def reachable_host(self) -> str:
        """A name that clients can use."""
        return socket.gethostname() if self.host in _ANY_HOST else self.host


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class GatewayServer:
    """`async with GatewayServer(options) as gateway:` serves until the block ends, gracefully.

    All methods on the event loop's thread.
    """

    def __init__(self, options: GatewayOptions) -> None:
        options.check()
        self.options = options
        self.port = options.port
        self.ca_file: Path | None = None
        self._connections_taken = 0
        self._connections_refused = 0
        self._links: dict[tuple[str, str], Link] = {}
        self._leaving: set[Link] = set()  # taken over, and not quite gone
        self._tiers = None if options.user_service is None else UserService(options.user_service)
        self._admission = Admission(options.refusals)
        self._started = time.monotonic()
        self._stopping = False

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def endpoint(self) -> str:
        return f"{self._websocket_origin}{WS_PATH}"

    @property
    def market_endpoint(self) -> str:
        return f"{self._websocket_origin}{MARKET_PATH}"

    @property
    def health_url(self) -> str:
        return f"{'https' if self.options.tls_dir else 'http'}://{self._address}{HEALTH_PATH}"

    @property
    def _websocket_origin(self) -> str:
        return f"{'wss' if self.options.tls_dir else 'ws'}://{self._address}"

    @property
    def _address(self) -> str:
        host = self.options.reachable_host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def start(self) -> None:
        """Raises a Problem where the store, the certificates or the address cannot be used."""
        self._loop = asyncio.get_running_loop()
        context = self._tls_context()
        event_log = None if self.options.event_log is None else EventLog(self.options.event_log)
        try:
            self._store = Store(self.options.store, self._deliver, event_log=event_log)
        except BaseException:
            if event_log is not None:
                event_log.close()
            raise
        self._desk = Desk(self._store, self.options.shared_tenants)
        try:
            await self._listen(context)
        except BaseException:
            await asyncio.to_thread(self._store.close)
            raise
        self._started = time.monotonic()
        self._renewal = (
            None if context is None else asyncio.create_task(self._renew_certificates(context))
        )

    async def stop(self) -> None:
        """Acknowledges what is committed, closes every connection with 1001, closes the store."""
        self._stopping = True
        await self._site.stop()
        links = [*self._links.values(), *self._leaving]
        closes = [link.connection.go_away() for link in links]
        await asyncio.wrap_future(self._store.sync())
        for link, close in zip(links, closes, strict=True):
            link.end(close)
        readers = list(self._desk.links)
        for reader in readers:
            reader.end(reader.conversation.go_away())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SHUTDOWN_TIMEOUT_S):
                for link in links:
                    await link.finished.wait()
                for reader in readers:
                    await reader.finished.wait()
        await self._runner.cleanup()
        if self._renewal is not None:
            self._renewal.cancel()
        if self._tiers is not None:
            await self._tiers.close()
        await self._desk.pairing.close()
        await asyncio.to_thread(self._store.close)

    def cut_connections(self) -> int:
        """Resets every TCP connection at once, as a broken network does; tells how many."""
        return sum([link.cut() for link in self._links.values()]) + self._desk.cut()

    def health(self) -> dict[str, object]:
        store = self._store
        totals = store.totals
        return {
            "status": "healthy" if store.healthy else "degraded",
            "version": tpb.__version__,
            "uptime_s": round(time.monotonic() - self._started, 3),
            "connections": len(self._links),
            "connections_taken": self._connections_taken,
            "connections_refused": self._connections_refused,
            "sessions": totals.sessions,
            "batches": totals.batches,
            "ticks": totals.ticks,
            "bytes": totals.bytes,
            "repeats": totals.repeats,
            "gaps": totals.gaps,
            "handed_over": totals.handed_over,
            "corrections": totals.corrections,
            "failed_commits": store.failed_commits,
            **self._desk.health(),
            "user_service_failures": 0 if self._tiers is None else self._tiers.failures,
        }

    # ---- Listening ----------------------------------------------------------------------------

    def _tls_context(self) -> ssl.SSLContext | None:
        if self.options.tls_dir is None:
            return None
        certificates = ensure_certificates(self.options.tls_dir, self._tls_names())
        self.ca_file = certificates.ca_file
        return certificates.server_context()

    def _tls_names(self) -> tuple[str, ...]:
        return (*LOCAL_NAMES, self.options.reachable_host)

    async def _renew_certificates(self, context: ssl.SSLContext) -> None:
        assert self.options.tls_dir is not None
        while True:
            await asyncio.sleep(_RENEWAL_S)
            try:
                ensure_certificates(self.options.tls_dir, self._tls_names()).load(context)
            except TlsProblem as problem:
                log.error("the certificate was not renewed: %s", problem)

    async def _listen(self, context: ssl.SSLContext | None) -> None:
        app = web.Application()
        app.router.add_get(WS_PATH, self._answering(self._take_stream))
        app.router.add_get(MARKET_PATH, self._answering(self._give_market_data))
        app.router.add_get(HEALTH_PATH, self._answering(self._tell_health))
        app.router.add_get(QUALITY_PATH, self._answering(self._tell_quality))
        pairs = pairs_api.PairsApi(self._desk.pairing, self._identify_with_tier)
        app.router.add_get(pairs_api.PATH, self._answering(pairs.get))
        app.router.add_put(pairs_api.PATH, self._answering(pairs.put))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        options = self.options
        self._site = web.TCPSite(self._runner, options.host, options.port, ssl_context=context)
        try:
            await self._site.start()
        except OSError as problem:
            await self._runner.cleanup()
            kind = AddressInUse if problem.errno == errno.EADDRINUSE else ListenProblem
            raise kind(
                f"Cannot serve {options.host} port {options.port}.",
                f"{problem.strerror or problem}.",
                "Stop what uses the port, or choose another with --port (0: any free one).",
            ) from problem
        self.port = self._runner.addresses[0][1]

    def _answering(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Turns Refused into its HTTP answer."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Refused as refused:
                self._connections_refused += 1
                self._count_refusal(request, refused)
                log.info("refused %s (%d): %s", request.remote, refused.status, refused.text)
                return _refusal(refused)
            except ConnectionResetError:
                log.info("%s left before it was answered", request.remote)
                return web.Response(status=400)  # read by nobody

        return answer

    # ---- /healthz -----------------------------------------------------------------------------

    async def _tell_health(self, request: web.Request) -> web.Response:
        """Totals for everyone; with a token, sessions and events of its tenant as well."""
        report = self.health()
        if "Authorization" in request.headers:
            identity = self._identify(request)
            report["tenant"] = identity.tenant
            report["tenant_sessions"] = await asyncio.to_thread(self._sessions_of, identity.tenant)
            report["tenant_market"] = self._desk.connections_of(identity.tenant)
            report["tenant_events"] = await asyncio.to_thread(self._events_of, identity.tenant)
        return web.json_response(report, status=200 if self._store.healthy else 503)

    def _sessions_of(self, tenant: str) -> list[dict[str, object]]:
        return [
            {
                "session": known.session,
                "acknowledged": known.acknowledged,
                "batches": known.batches,
                "ticks": known.ticks,
                "repeats": known.repeats,
                "gaps": known.gaps,
                "handed_over": known.handed_over,
            }
            for known in read_sessions(self._store.path, tenant=tenant)
        ]

    def _events_of(self, tenant: str) -> list[dict[str, object]]:
        found = read_events(self._store.path, tenant=tenant, newest=_EVENTS_SHOWN)
        return [event.document() for event in found]

    # ---- /api/v1/quality ----------------------------------------------------------------------

    async def _tell_quality(self, request: web.Request) -> web.Response:
        """The figures of the token's tenant, as JSON or as a stream of DataQualityMetrics."""
        identity = self._identify(request)
        wanted = quality_api.read_query(request.query, time.time_ns() // 1_000_000)
        answer = self._store.quality(identity.tenant, wanted.since_ms)
        try:
            figures = await asyncio.wrap_future(answer)
        except sqlite3.Error:
            raise Refused(503, "the store cannot be used now", RETRY_AFTER_S) from None
        found = wanted.of(figures)
        if quality_api.PROTOBUF in request.headers.get("Accept", ""):
            return web.Response(
                body=quality_api.delimited(found), content_type=quality_api.PROTOBUF
            )
        return web.json_response(quality_api.document(identity.tenant, found))

    # ---- /ws/mt5 ------------------------------------------------------------------------------

    async def _take_stream(self, request: web.Request) -> web.StreamResponse:
        upgrade, websocket = await self._accept(request, SUBPROTOCOL, MAX_FRAME_BYTES)
        self._check_room(len(self._links), self.options.max_streams)
        key = upgrade.identity.tenant, upgrade.session
        link = Link(upgrade, self._store, self._desk)
        self._take_over(self._links.get(key), upgrade)
        self._connections_taken += 1
        self._links[key] = link
        try:
            await link.serve(request, websocket)
        finally:
            if self._links.get(key) is link:
                del self._links[key]
            self._leaving.discard(link)
            link.finished.set()
        return websocket

    async def _accept(
        self, request: web.Request, subprotocol: str, max_frame_bytes: int
    ) -> tuple[Upgrade, web.WebSocketResponse]:
        """Everything that is asked of an upgrade; raises Refused."""
        verify_check(request.headers)
        upgrade = read_upgrade(self._identify(request), request.headers)
        websocket = new_websocket(subprotocol, max_frame_bytes)
        if not websocket.can_prepare(request):
            raise Refused(426, "this address speaks WebSocket")
        identity = await self._with_tier(upgrade.identity, request)
        return replace(upgrade, identity=identity), websocket

    def _check_room(self, connections: int, limit: int) -> None:
        if self._stopping or connections >= limit:
            raise Refused(503, "the gateway takes no more connections now", RETRY_AFTER_S)

    def _identify(self, request: web.Request) -> Identity:
        wait_s = self._admission.wait_s(request.remote, time.monotonic())
        if wait_s:
            raise Refused(429, "too many refused attempts from this address", wait_s)
        return self.options.authenticator.identify(request.headers.get("Authorization"))

    async def _identify_with_tier(self, request: web.Request) -> Identity:
        return await self._with_tier(self._identify(request), request)

    async def _with_tier(self, identity: Identity, request: web.Request) -> Identity:
        """The tier that the user service has, where there is one."""
        if self._tiers is None:
            return identity
        return await self._tiers.identify(identity, request.headers["Authorization"])

    def _count_refusal(self, request: web.Request, refused: Refused) -> None:
        if refused.status in _COUNTED_REFUSALS and "Authorization" in request.headers:
            self._admission.refused(request.remote, time.monotonic())

    def _take_over(self, older: Link | None, upgrade: Upgrade) -> None:
        """A session has one connection, its newest: no further frame of the older one is taken."""
        if older is None:
            return
        if older.upgrade.identity.user != upgrade.identity.user:
            raise Refused(403, FOREIGN_SESSION)
        refuse_if_older(upgrade, older.upgrade.attempt)
        self._leaving.add(older)
        older.take_over()

    # ---- /ws/market-data ----------------------------------------------------------------------

    async def _give_market_data(self, request: web.Request) -> web.StreamResponse:
        upgrade, websocket = await self._accept(request, market.SUBPROTOCOL, market.MAX_FRAME_BYTES)
        self._check_room(len(self._desk.links), self.options.max_readers)
        framed = websocket.can_prepare(request).protocol == market.SUBPROTOCOL
        self._connections_taken += 1
        await self._desk.serve(upgrade, request, websocket, framed=framed)
        return websocket

    def _deliver(self, receipts: Sequence[Receipt]) -> None:
        """Called on the store's thread."""
        self._loop.call_soon_threadsafe(_settle, receipts)


def _settle(receipts: Sequence[Receipt]) -> None:
    for receipt in receipts:
        receipt.lane.receiver.settled(receipt.committed)


def _refusal(refused: Refused) -> web.Response:
    headers = {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="tpb"'
    if refused.status == 426:
        headers["Upgrade"] = "websocket"
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    return web.json_response(
        {"success": False, "message": refused.text}, status=refused.status, headers=headers
    )
