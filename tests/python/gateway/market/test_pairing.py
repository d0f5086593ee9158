"""What is chosen for a user over its connections, the market's changes and the gateway's lives."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import crc32c
import numpy as np
import pytest

from tpb.account.pairs import Role
from tpb.gateway.market.pairing import CHECK_EVERY_S, MAX_SYMBOLS, Pairing
from tpb.gateway.protocol import Batch
from tpb.gateway.quality import numbers_of
from tpb.gateway.store import Store
from tpb.gateway.upgrade import Identity, Upgrade
from tpb.wire.tpb.stream_control_pb2 import Pair, PairSelection
from tpb.wire.trading.market_data_pb2 import MarketDataStream, SubscriptionTier

ANN = Identity("ann", "acme", "pro")
MONDAY = 28_340_640  # minutes


class Ear:
    def settled(self, committed: int | None) -> None: ...


class House:
    """A pairing over several lives of its gateway, and what was told."""

    def __init__(self, path: Path, shared: Sequence[str]) -> None:
        self.path = path
        self.shared = shared
        self.now_s = 0.0
        self.minute = MONDAY
        self.changes: list[tuple[str, str, PairSelection]] = []
        self.open()

    def open(self) -> None:
        self.store = Store(self.path, lambda receipts: None)
        self.pairing = Pairing(
            self.store,
            lambda *change: self.changes.append(change),
            shared_tenants=self.shared,
            clock=lambda: self.now_s,
        )

    async def close(self) -> None:
        await self.pairing.close()
        self.store.close()

    async def restart(self) -> None:
        await self.close()
        self.now_s = 0.0
        self.open()

    async def trade(
        self, minutes: int, *, tenant: str = "acme", seed: int = 1, **with_eurusd: float
    ) -> None:
        """EURUSD moves, and the others with it as much as is said."""
        random = np.random.default_rng(seed)
        moves = random.normal(0, 1e-4, minutes)
        series = {"EURUSD": moves}
        for symbol, rho in with_eurusd.items():
            own = random.normal(0, 1e-4, minutes)
            series[symbol] = rho * moves + np.sqrt(1 - rho**2) * own
        prices = {symbol: np.exp(np.cumsum(returns)) for symbol, returns in series.items()}
        for at in range(minutes):
            self.now_s += 60
            self.minute += 1
            for symbol, closes in prices.items():
                self.pairing.note_close(tenant, symbol, self.minute, float(closes[at]))
            await self.pairing.settled()

    def stream(self, user: str = "ann", tenant: str = "acme", **ticks: int) -> None:
        """The user's session brings so many ticks of each symbol."""
        upgrade = Upgrade(Identity(user, tenant), f"of {user}")
        opened = self.store.open_session(upgrade, at_ms=1, receiver=Ear()).result(20)
        sequence = opened.standing.acknowledged + 1
        stream = MarketDataStream(batch_sequence=sequence, tenant_id=tenant)
        for symbol, count in ticks.items():
            stream.ticks.add(symbol=symbol, sequence_number=count, bid=1.1)
        payload = stream.SerializeToString()
        batch = Batch(
            sequence, payload, crc32c.crc32c(payload), len(ticks), numbers=numbers_of(stream)
        )
        self.store.append(opened.lane, batch, 1)


NewHouse = Callable[..., House]


@pytest.fixture
async def new_house(tmp_path: Path) -> AsyncIterator[NewHouse]:
    houses: list[House] = []

    def make(*shared: str) -> House:
        houses.append(House(tmp_path / "ticks.db", shared))
        return houses[-1]

    yield make
    for house in houses:
        await house.close()


@pytest.fixture
def house(new_house: NewHouse) -> House:
    return new_house()


def symbols(selection: PairSelection, role: Pair.Role | None = None) -> list[str]:
    return [pair.symbol for pair in selection.pairs if role in (None, pair.role)]


# ---- Naming -----------------------------------------------------------------------------------


async def test_named_pairs_are_told_and_kept(house: House) -> None:
    told = await house.pairing.name(ANN, ["EURUSD", "AUDUSD", "EURUSD"])
    assert (told.version, told.named) == (1, ("EURUSD", "AUDUSD"))
    selection = house.pairing.connect(ANN)
    assert selection.version == 1
    assert selection.tier == SubscriptionTier.SUBSCRIPTION_TIER_PRO
    assert symbols(selection, Pair.ROLE_PRIMARY) == ["EURUSD", "AUDUSD"]
    assert symbols(selection, Pair.ROLE_CORRELATION) == ["USDCHF", "EURGBP", "GBPUSD"]
    assert symbols(selection, Pair.ROLE_CONTEXT) == ["USDJPY"]
    assert [pair.priority for pair in selection.pairs] == [1, 2, 3, 4, 5, 6]
    assert selection.pairs[2].correlates_with == "EURUSD"
    await house.restart()
    assert house.pairing.connect(ANN) == selection
    assert house.pairing.tell(ANN).named == ("EURUSD", "AUDUSD")
    await house.pairing.settled()
    assert house.changes == []


async def test_connected_ones_hear_of_a_change_once(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    house.pairing.connect(ANN)
    bob = Identity("bob", "acme", "pro")
    house.pairing.connect(bob)
    await house.pairing.name(ANN, ["USDJPY"])
    await house.pairing.settled()
    ((tenant, user, selection),) = house.changes
    assert (tenant, user, selection.version) == ("acme", "ann", 2)
    assert symbols(selection)[0] == "USDJPY"
    # The same again is no change.
    await house.pairing.name(ANN, ["USDJPY"])
    await house.pairing.settled()
    assert len(house.changes) == 1
    house.pairing.disconnect(ANN)
    house.pairing.disconnect(ANN)
    await house.pairing.name(ANN, ["EURUSD"])
    await house.pairing.settled()
    assert len(house.changes) == 1
    assert house.pairing.connect(ANN).version == 3


async def test_nothing_named_and_nothing_streamed(house: House) -> None:
    selection = house.pairing.connect(ANN)
    assert (selection.version, symbols(selection)) == (0, [])
    house.pairing.disconnect(ANN)
    await house.restart()
    assert house.store.pairs_at_start == {}


async def test_users_and_tenants_are_apart(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    assert symbols(house.pairing.connect(Identity("ann", "brix", "pro"))) == []
    assert symbols(house.pairing.connect(Identity("bob", "acme", "pro"))) == []


async def test_another_tier_is_another_selection(house: House) -> None:
    named = ["EURUSD", "GBPUSD", "USDJPY"]
    await house.pairing.name(ANN, named)
    house.pairing.connect(ANN)
    free = house.pairing.connect(Identity("ann", "acme", "free"))
    assert (free.version, free.tier) == (2, SubscriptionTier.SUBSCRIPTION_TIER_FREE)
    assert symbols(free, Pair.ROLE_PRIMARY) == named[:2]
    await house.pairing.settled()
    assert [change[2].version for change in house.changes] == [2]
    (left,) = house.pairing.tell(ANN).selection.left_out
    assert left.symbol == "USDJPY"
    # The same symbols, with other limits.
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    pro = house.pairing.connect(ANN)
    enterprise = house.pairing.connect(Identity("ann", "acme", "enterprise"))
    assert symbols(enterprise) == symbols(pro)
    assert enterprise.version == pro.version + 1


async def test_a_store_that_cannot_keep_them(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    await house.pairing.settled()
    house.store.sync().result(20)
    house.store._database.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        await house.pairing.name(ANN, ["USDJPY"])
    await house.pairing.settled()
    told = house.pairing.tell(ANN)
    assert told.named == ("EURUSD",)
    assert told.selection.pairs[0].symbol == "EURUSD"
    house.store._database.execute("PRAGMA query_only = OFF")
    assert (await house.pairing.name(ANN, ["USDJPY"])).named == ("USDJPY",)


# ---- What the user streams --------------------------------------------------------------------


async def test_what_is_streamed_is_primary(house: House) -> None:
    house.stream(EURUSD=50, XAUUSD=90, AUDUSD=10)
    house.stream("bob", USDJPY=1000)
    house.pairing.connect(ANN)
    await house.pairing.settled()
    ((_, user, selection),) = house.changes
    assert user == "ann"
    assert symbols(selection, Pair.ROLE_PRIMARY) == ["XAUUSD", "EURUSD", "AUDUSD"]
    told = house.pairing.tell(ANN)
    assert (told.named, told.version) == ((), 1)
    assert "streams" in told.selection.pairs[0].reason
    await house.restart()
    assert house.pairing.connect(ANN) == selection


async def test_what_was_chosen_and_is_streamed_therefore_makes_no_primary(house: House) -> None:
    house.stream(EURUSD=50)
    house.pairing.connect(ANN)
    await house.pairing.settled()
    first = house.changes[-1][2]
    assert symbols(first) == ["EURUSD", "USDCHF", "EURGBP", "GBPUSD", "USDJPY"]
    # The terminal follows the choice, and one more chart is opened.
    house.stream(USDCHF=900, EURGBP=800, GBPUSD=700, USDJPY=600, EURUSD=60)
    house.stream(NZDUSD=30)
    await house.trade(1)
    second = house.changes[-1][2]
    assert symbols(second, Pair.ROLE_PRIMARY) == ["EURUSD", "NZDUSD"]


async def test_counts_that_are_close_do_not_swap(house: House) -> None:
    house.stream(EURUSD=1000, GBPUSD=990)
    house.pairing.connect(ANN)
    await house.pairing.settled()
    house.stream(EURUSD=1001, GBPUSD=1050)
    await house.trade(1)
    assert len(house.changes) == 1
    house.stream(GBPUSD=1200)
    await house.trade(1)
    assert symbols(house.changes[-1][2], Pair.ROLE_PRIMARY) == ["GBPUSD", "EURUSD"]


# ---- What the market does ---------------------------------------------------------------------


async def test_measured_correlation_replaces_the_table(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    await house.trade(50, NZDUSD=0.95, GBPUSD=0.1, USDCHF=-0.9)
    assert house.changes == []
    await house.trade(30, NZDUSD=0.95, GBPUSD=0.1, USDCHF=-0.9)
    ((_, _, selection),) = house.changes
    found = {pair.symbol: pair for pair in selection.pairs}
    assert symbols(selection, Pair.ROLE_CORRELATION) == ["NZDUSD", "USDCHF", "EURGBP"]
    assert found["NZDUSD"].correlation == pytest.approx(0.95, abs=0.1)
    assert found["USDCHF"].correlation == pytest.approx(-0.9, abs=0.1)
    assert found["USDCHF"].weight == pytest.approx(-found["USDCHF"].correlation)
    assert found["EURGBP"].correlation == 0  # not streamed, so not measured
    assert found["GBPUSD"].role == Pair.ROLE_CONTEXT
    assert "moves against EURUSD" in house.pairing.tell(ANN).selection.pairs[2].reason


async def test_a_selection_does_not_change_without_need(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    await house.trade(400, NZDUSD=0.72, USDCHF=-0.9, AUDUSD=0.7)
    assert len(house.changes) <= 5


async def test_after_a_restart_the_measured_choice_stands(house: House) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    await house.trade(80, NZDUSD=0.95, USDCHF=-0.9)
    before = house.changes[-1][2]
    await house.restart()
    after = house.pairing.connect(ANN)
    assert (after.version, symbols(after)) == (before.version, symbols(before))
    reasons = [pair.reason for pair in house.pairing.tell(ANN).selection.pairs]
    assert "measured last" in reasons[1]
    changes = len(house.changes)
    await house.trade(50, NZDUSD=0.95, USDCHF=-0.9, seed=2)
    assert len(house.changes) == changes
    await house.trade(80, NZDUSD=0.0, USDCHF=-0.9, seed=3)
    assert "NZDUSD" not in symbols(house.changes[-1][2])


async def test_checked_at_most_once_a_minute(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.pairing.name(ANN, ["EURUSD"])
    house.pairing.connect(ANN)
    await house.pairing.settled()
    checks: list[str] = []
    check = house.pairing._check

    async def counted(tenant: str) -> None:
        checks.append(tenant)
        await check(tenant)

    monkeypatch.setattr(house.pairing, "_check", counted)
    for second in range(600):
        house.now_s = second
        house.pairing.note_close("acme", "EURUSD", MONDAY + second, 1.1)
        house.pairing.note_close("brix", "EURUSD", MONDAY + second, 1.1)  # nobody is there
        await house.pairing.settled()
    assert checks == ["acme"] * int(600 / CHECK_EVERY_S - 1)


async def test_a_tenant_sees_its_own_and_shared_symbols_only(new_house: NewHouse) -> None:
    house = new_house("feeds")
    named = ["EURUSD"]
    await house.pairing.name(ANN, named)
    eve = Identity("eve", "brix", "pro")
    await house.pairing.name(eve, named)
    house.pairing.connect(ANN)
    house.pairing.connect(eve)
    await house.trade(80, tenant="feeds", NZDUSD=0.95)
    # acme has a NZDUSD of its own, which does not correlate, and one more symbol.
    await house.trade(80, tenant="acme", NZDUSD=0.0, AUDUSD=0.95)
    latest = {user: symbols(selection) for _, user, selection in house.changes}
    assert "NZDUSD" in latest["eve"]
    assert "AUDUSD" not in latest["eve"]
    assert "NZDUSD" not in latest["ann"]
    assert "AUDUSD" in latest["ann"]


async def test_free_users_have_no_correlation_pairs(house: House) -> None:
    free = Identity("ann", "acme", "free")
    await house.pairing.name(free, ["EURUSD"])
    house.pairing.connect(free)
    await house.trade(80, NZDUSD=0.95)
    roles = {pair.role for pair in house.pairing.tell(free).selection.pairs}
    assert roles == {Role.PRIMARY, Role.CONTEXT}
    assert house.changes == []


async def test_symbols_of_a_tenant_are_bounded(house: House) -> None:
    for number in range(3 * MAX_SYMBOLS):
        house.pairing.note_close("acme", f"S{number}", MONDAY, 1.1)
    assert len(house.pairing._market("acme").closes) == MAX_SYMBOLS


async def test_naming_a_symbol_that_is_traded_measures_at_once(house: House) -> None:
    house.pairing.connect(Identity("bob", "acme", "pro"))
    await house.trade(80, NZDUSD=0.95)
    told = await house.pairing.name(ANN, ["NZDUSD"])
    (pair,) = (pair for pair in told.selection.pairs if pair.role is Role.CORRELATION)
    assert pair.symbol == "EURUSD"
    assert pair.correlation == pytest.approx(0.95, abs=0.1)
