"""The market data of one gateway: its hub, its users, its connections."""

import contextlib
import time
from collections.abc import Callable, Iterator

from aiohttp import web

from tpb.gateway.market.hub import Hub
from tpb.gateway.market.kept import UserKey
from tpb.gateway.market.market_link import MarketLink
from tpb.gateway.market.outlet import Fanout
from tpb.gateway.market.pairing import Pairing
from tpb.gateway.market.protocol import User
from tpb.gateway.market.tiers import MAX_CONNECTIONS
from tpb.gateway.peer import RETRY_AFTER_S
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Refused, Upgrade
from tpb.wire.tpb.stream_control_pb2 import PairSelection

# Users whose requests are still counted after their last connection.
_MAX_ABSENT_USERS = 10_000

# The pairs chosen for a user, and whether they are others than before.
HearPairs = Callable[[PairSelection, bool], None]


class Desk:
    """All methods on the event loop's thread."""

    def __init__(self, store: Store, shared_tenants: tuple[str, ...] = ()) -> None:
        self.pairing = Pairing(store, self._tell_pairs, shared_tenants=shared_tenants)
        self.hub = Hub(shared_tenants, self.pairing.note_close)
        self.fanout = Fanout()
        self.links: set[MarketLink] = set()
        self._users: dict[UserKey, User] = {}
        self._hearers: dict[UserKey, list[HearPairs]] = {}
        self._messages = 0  # of connections that have ended
        self._conflated = 0

    async def serve(
        self,
        upgrade: Upgrade,
        request: web.Request,
        websocket: web.WebSocketResponse,
        *,
        framed: bool,
    ) -> None:
        """Runs until the connection has ended; raises Refused before the upgrade is answered."""
        user = self._user(upgrade.identity)
        if user.connections >= MAX_CONNECTIONS:
            raise Refused(
                429,
                f"a user has at most {MAX_CONNECTIONS} connections for market data: close one",
                RETRY_AFTER_S,
            )
        link = MarketLink(upgrade, self, user, framed=framed)
        self.links.add(link)
        try:
            await link.serve(request, websocket)
        finally:
            link.conversation.end()
            self.links.discard(link)
            self._messages += link.messages
            self._conflated += link.conflated
            link.finished.set()

    def cut(self) -> int:
        """Resets every connection; tells how many."""
        return sum([link.cut() for link in self.links])

    def health(self) -> dict[str, object]:
        return {
            "market_connections": len(self.links),
            "subscriptions": self.hub.subscriptions,
            "market_messages": self._messages + sum([link.messages for link in self.links]),
            "conflated": self._conflated + sum([link.conflated for link in self.links]),
            "feeds": self.hub.feeds,
            "ticks_left_out": self.hub.left_out,
        }

    def connections_of(self, tenant: str) -> list[dict[str, object]]:
        return [
            {
                "user": link.upgrade.identity.user,
                "session": link.upgrade.session,
                "subscriptions": link.subscriptions,
                "messages": link.messages,
                "conflated": link.conflated,
            }
            for link in self.links
            if link.upgrade.identity.tenant == tenant
        ]

    @contextlib.contextmanager
    def hearing_of_pairs(self, identity: Identity, hear: HearPairs) -> Iterator[None]:
        key = identity.tenant, identity.user
        pairs = self.pairing.connect(identity)
        if pairs.version:  # otherwise nothing was ever chosen
            hear(pairs, False)
        hearers = self._hearers.setdefault(key, [])
        hearers.append(hear)
        try:
            yield
        finally:
            hearers.remove(hear)
            if not hearers:
                del self._hearers[key]
            self.pairing.disconnect(identity)

    def _tell_pairs(self, tenant: str, user: str, pairs: PairSelection) -> None:
        for hear in self._hearers.get((tenant, user), ()):
            hear(pairs, True)

    def _user(self, identity: Identity) -> User:
        key = identity.tenant, identity.user
        user = self._users.pop(key, None) or User(time.monotonic())
        self._users[key] = user
        if len(self._users) > _MAX_ABSENT_USERS:
            self._drop_absent_users()
        return user

    def _drop_absent_users(self) -> None:
        for key in [key for key, user in self._users.items() if not user.connections]:
            del self._users[key]
