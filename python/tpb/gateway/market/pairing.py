"""The symbols of each user: chosen, kept in the store, and chosen anew when the market changes."""

import asyncio
import logging
import math
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeGuard

from tpb.account.correlation import (
    THRESHOLD,
    Closes,
    Measured,
    Relation,
    Relations,
    correlate,
    settle,
)
from tpb.account.pairs import Choice, Role, Selection, choose, partners_of, restore
from tpb.account.pairs import Pair as ChosenPair
from tpb.account.tier import FREE, limits_of
from tpb.gateway.market.kept import Kept, Streamed, UserKey
from tpb.gateway.market.tiers import number_of
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity
from tpb.wire.tpb.stream_control_pb2 import Pair, PairSelection

log = logging.getLogger("tpb.gateway")

# Of one tenant; what is beyond is in no correlation.
MAX_SYMBOLS = 128
CHECK_EVERY_S = 60.0
# How much more a symbol must be streamed to be put before another: a tenth.
_OVERTAKE = math.log(1.1)
# Users chosen for before other work has its turn.
_USERS_A_TURN = 20
_ROLES = {
    Role.PRIMARY: Pair.ROLE_PRIMARY,
    Role.CORRELATION: Pair.ROLE_CORRELATION,
    Role.CONTEXT: Pair.ROLE_CONTEXT,
}
_NOTHING = Selection(limits_of(FREE), ())

OnChange = Callable[[str, str, PairSelection], None]  # tenant, user, what is chosen now


class Told(NamedTuple):
    """A user's selection, and where its primary symbols are from."""

    version: int
    named: tuple[str, ...]  # by the user; none: those that it streams
    selection: Selection


@dataclass(eq=False, slots=True)
class _User:
    """One that is connected, or was chosen for before."""

    tenant: str
    name: str
    tier: str = FREE
    named: tuple[str, ...] = ()
    streams: Sequence[str] = ()  # the symbols it streams up, most first
    version: int = 0
    told: int = 0  # the newest version that its connections know
    connections: int = 0
    kept: Kept | None = None  # as its newest version was when it was chosen
    selection: Selection = _NOTHING

    @property
    def key(self) -> UserKey:
        return self.tenant, self.name

    @property
    def primary(self) -> Sequence[str]:
        return self.named or self.streams

    @property
    def because(self) -> str:
        return "you named it" if self.named else "your terminal streams it"


class _Market:
    """What a tenant's users choose from."""

    def __init__(self, threshold: float) -> None:
        self.closes: dict[str, Closes] = {}  # the tenant's own
        self.due_s = -math.inf  # the next check
        # As of the newest check: symbols there are, and what goes with primary ones.
        self.visible: Mapping[str, Closes] = {}
        self.relations: dict[str, list[Relation]] = {}
        self._memory = Relations(threshold)

    def measure(self, primary: str, visible: Mapping[str, Closes]) -> list[Relation]:
        of = visible.get(primary)
        if of is None:
            return self._memory.update(primary, {})
        measured: dict[str, Measured] = {}
        for symbol, closes in visible.items():
            if symbol != primary and (found := correlate(of, closes)) is not None:
                measured[symbol] = found
        return self._memory.update(primary, measured)


class Pairing:
    """All methods on the event loop's thread."""

    def __init__(
        self,
        store: Store,
        on_change: OnChange,
        *,
        shared_tenants: Sequence[str] = (),
        threshold: float = THRESHOLD,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """on_change hears of every change of a connected user's selection, once it is kept.

        clock: in seconds; it only rises.
        """
        self._store = store
        self._on_change = on_change
        self._shared = tuple(shared_tenants)
        self._threshold = threshold
        self._clock = clock
        self._markets: dict[str, _Market] = {}
        self._users = {key: _from_kept(kept) for key, kept in store.pairs_at_start.items()}
        self._streamed = store.streamed_at_start
        self._connected: dict[str, dict[str, _User]] = {}  # by tenant, by name
        self._due: deque[str] = deque()  # tenants to be checked
        self._unsaved: dict[UserKey, _User] = {}
        self._work: asyncio.Task[None] | None = None

    # ---- Users --------------------------------------------------------------------------------

    def connect(self, identity: Identity) -> PairSelection:
        """A connection of the user begins, and is to be told what is chosen."""
        user = self._user_of(identity)
        user.tier = identity.tier
        self._choose(user)
        if identity.tenant not in self._connected:
            # The newest check may be long ago.
            self._make_due(identity.tenant)
        if not user.connections:
            user.told = user.version
        user.connections += 1
        self._connected.setdefault(user.tenant, {})[user.name] = user
        return message_of(user.version, user.selection)

    def disconnect(self, identity: Identity) -> None:
        user = self._users[identity.tenant, identity.user]
        user.connections -= 1
        if user.connections:
            return
        others = self._connected[user.tenant]
        del others[user.name]
        if not others:
            del self._connected[user.tenant]
        if user.kept is None and not user.named:
            del self._users[user.key]

    def tell(self, identity: Identity) -> Told:
        """The selection and its reasons, for a user who asks."""
        user = self._user_of(identity)
        if not user.connections:
            user.tier = identity.tier
            self._choose(user)
        return Told(user.version, user.named, user.selection)

    async def name(self, identity: Identity, primary: Sequence[str]) -> Told:
        """The user names its primary symbols; none: those that it streams. Raises sqlite3.Error."""
        user = self._user_of(identity)
        if not user.connections:
            user.tier = identity.tier
        before = user.named
        user.named = tuple(dict.fromkeys(primary))
        await self._measure(
            user.tenant, _correlated(user) - self._market(user.tenant).relations.keys()
        )
        self._choose(user)
        try:
            await self._keep([user])
        except sqlite3.Error:
            user.named = before
            self._choose(user)
            raise
        return Told(user.version, user.named, user.selection)

    # ---- The market ---------------------------------------------------------------------------

    def note_close(self, tenant: str, symbol: str, minute: int, close: float) -> None:
        """A minute of the symbol is complete: minutes since 1970 by the trade server's clock."""
        closes = self._market(tenant).closes
        known = closes.get(symbol)
        if known is None:
            if len(closes) >= MAX_SYMBOLS:
                return
            known = closes[symbol] = Closes()
        known.add(minute, close)
        now_s = self._clock()
        for viewer in self._viewers(tenant):
            if self._market(viewer).due_s <= now_s:
                self._make_due(viewer)

    async def settled(self) -> None:
        """Returns when all that is due is done, and kept."""
        while self._work is not None:
            await asyncio.wait([self._work])

    async def close(self) -> None:
        """Keeps what is not kept yet; the store is closed after this."""
        self._due.clear()
        await self.settled()

    # ---- Choosing -----------------------------------------------------------------------------

    def _choose(self, user: _User) -> None:
        """Makes a new version where the choice is another than before."""
        user.selection = self._selection(user)
        if user.kept is None and not user.selection.pairs and not user.named:
            return  # nothing was ever chosen
        if user.kept is not None and user.kept.is_of(user.selection):
            return
        user.version += 1
        user.kept = self._row(user)
        self._unsaved[user.key] = user
        self._wake()

    def _selection(self, user: _User) -> Selection:
        limits, market = limits_of(user.tier), self._market(user.tenant)
        if not user.primary:
            # No context either: a terminal would stream it up and so make it primary.
            return Selection(limits, ())
        relations = {symbol: market.relations.get(symbol, []) for symbol in user.primary}
        partners = {
            symbol: partners_of(symbol, found, market.visible)
            for symbol, found in relations.items()
        }
        chosen = choose(
            user.primary, limits, partners, visible=market.visible, because=user.because
        )
        if not any(relations.values()) and _is_restorable(user.kept, chosen):
            again = restore(user.kept.chosen, limits, user.because)
            return again._replace(left_out=chosen.left_out)
        return chosen

    def _row(self, user: _User) -> Kept:
        chosen = tuple(Choice(*pair[:4]) for pair in user.selection.pairs)
        tier = user.selection.limits.tier
        return Kept(user.tenant, user.name, user.named, user.version, tier, chosen)

    def _user_of(self, identity: Identity) -> _User:
        key = identity.tenant, identity.user
        user = self._users.get(key)
        if user is None:
            user = self._users[key] = _User(*key)
        if not user.streams:
            self._settle_streams(user)
        return user

    def _settle_streams(self, user: _User) -> None:
        """What was chosen for it and is streamed for that reason makes no primary symbol."""
        ticks = self._streamed.get(user.key, {})
        chosen = {pair.symbol for pair in user.selection.pairs if pair.role is not Role.PRIMARY}
        scores = {
            symbol: math.log(count)
            for symbol, count in ticks.items()
            if symbol in user.streams or symbol not in chosen
        }
        user.streams = settle(
            user.streams, scores, lambda later, earlier: later > earlier + _OVERTAKE
        )

    # ---- Checks, one tenant after the other ----------------------------------------------------

    def _viewers(self, tenant: str) -> list[str]:
        """Tenants with connected users that see this one's symbols."""
        if tenant in self._shared:
            return list(self._connected)
        return [tenant] if tenant in self._connected else []

    def _market(self, tenant: str) -> _Market:
        market = self._markets.get(tenant)
        if market is None:
            market = self._markets[tenant] = _Market(self._threshold)
        return market

    def _make_due(self, tenant: str) -> None:
        self._market(tenant).due_s = self._clock() + CHECK_EVERY_S
        self._due.append(tenant)
        self._wake()

    def _wake(self) -> None:
        if self._work is None and (self._due or self._unsaved):
            self._work = asyncio.get_running_loop().create_task(self._do_what_is_due())

    async def _do_what_is_due(self) -> None:
        try:
            while self._due or self._unsaved:
                if self._due:
                    await self._check(self._due.popleft())
                await self._keep_unsaved()
        finally:
            self._work = None

    async def _check(self, tenant: str) -> None:
        await self._look_what_is_streamed(tenant)
        await self._measure(tenant, self._correlated(tenant))
        relations, correlated = self._market(tenant).relations, self._correlated(tenant)
        for symbol in relations.keys() - correlated:
            del relations[symbol]
        users = list(self._connected.get(tenant, {}).values())
        for number, user in enumerate(users, 1):
            if user.connections:
                self._choose(user)
            if number % _USERS_A_TURN == 0:
                await asyncio.sleep(0)

    def _correlated(self, tenant: str) -> set[str]:
        """Primary symbols of connected users that may have others beside them."""
        users = self._connected.get(tenant, {}).values()
        return {symbol for user in users for symbol in _correlated(user)}

    async def _measure(self, tenant: str, primary: Iterable[str]) -> None:
        """What goes with these symbols, of the tenant's and the shared ones."""
        market = self._market(tenant)
        visible = dict(market.closes)
        for shared in self._shared:
            visible = self._market(shared).closes | visible
        relations: dict[str, list[Relation]] = {}
        for symbol in primary:
            relations[symbol] = market.measure(symbol, visible)
            await asyncio.sleep(0)  # other work has its turn
        market.visible = visible
        market.relations |= relations

    async def _look_what_is_streamed(self, tenant: str) -> None:
        users = self._connected.get(tenant, {}).values()
        if all(user.named for user in users):
            return
        try:
            found: Streamed = await asyncio.wrap_future(self._store.streamed(tenant))
        except sqlite3.Error as problem:
            log.warning("what the users of %s stream is not known: %s", tenant, problem)
            return
        self._streamed |= found
        for user in users:
            self._settle_streams(user)

    async def _keep_unsaved(self) -> None:
        users, self._unsaved = list(self._unsaved.values()), {}
        if not users:
            return
        try:
            await self._keep(users)
        except sqlite3.Error as problem:
            # It holds all the same; the next change writes it down.
            log.warning("the pairs of %d users could not be kept: %s", len(users), problem)
        for user in users:
            if user.connections and user.told < user.version:
                user.told = user.version
                self._on_change(*user.key, message_of(user.version, user.selection))

    async def _keep(self, users: Iterable[_User]) -> None:
        await asyncio.wrap_future(self._store.keep_pairs([self._row(user) for user in users]))


def _correlated(user: _User) -> set[str]:
    limits = limits_of(user.tier)
    return set(user.primary[: limits.trading]) if limits.correlation else set()


def message_of(version: int, selection: Selection) -> PairSelection:
    message = PairSelection(version=version, tier=number_of(selection.limits.tier))
    for pair in selection.pairs:
        message.pairs.add(
            symbol=pair.symbol,
            role=_ROLES[pair.role],
            correlates_with=pair.correlates_with,
            correlation=pair.correlation,
            weight=pair.weight,
            priority=pair.priority,
        )
    return message


def _from_kept(kept: Kept) -> _User:
    return _User(
        *kept.key,
        tier=kept.tier,
        named=kept.named,
        streams=() if kept.named else _primary(kept.chosen),
        version=kept.version,
        kept=kept,
        selection=restore(kept.chosen, limits_of(kept.tier), ""),
    )


def _is_restorable(kept: Kept | None, chosen: Selection) -> TypeGuard[Kept]:
    """Whether it was measured, for the primary symbols and the tier of what is chosen now."""
    return (
        kept is not None
        and kept.tier == chosen.limits.tier
        and any(choice.correlation for choice in kept.chosen)
        and _primary(kept.chosen) == _primary(chosen.pairs)
    )


def _primary(pairs: Iterable[Choice | ChosenPair]) -> list[str]:
    return [pair.symbol for pair in pairs if pair.role is Role.PRIMARY]
