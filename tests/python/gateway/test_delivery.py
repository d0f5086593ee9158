"""A client that obeys the contract, two gateways, and everything that can go wrong between them.

Whatever happens, what the stores hold together, copies left out, is what the client accepted: each
tick once and as it was. Only what an operator threw away with a store's newer state may be missing.
"""

import copy
import sqlite3
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import crc32c
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tpb.gateway import schema
from tpb.gateway.protocol import Batch, Close, Connection, check_of
from tpb.gateway.reading import read_ticks
from tpb.gateway.standing import Known, Standing, stand
from tpb.gateway.upgrade import Attempt, Identity, Upgrade
from tpb.wire.tpb.stream_control_pb2 import Ack, StreamControl
from tpb.wire.trading.market_data_pb2 import MarketDataStream

ANN = Identity("ann", "demo")
SYMBOL = "EURUSD"


def bid_of(number: int) -> float:
    return 1 + number / 1000


def batch_of(sequence: int, numbers: range) -> bytes:
    stream = MarketDataStream(batch_sequence=sequence, tenant_id="demo")
    for number in numbers:
        stream.ticks.add(symbol=SYMBOL, sequence_number=number, bid=bid_of(number))
    return stream.SerializeToString()


def damaged(payload: bytes) -> bytes:
    """What a client without TLS may have stored: still a batch, with another price."""
    stream = MarketDataStream.FromString(payload)
    stream.ticks[0].bid += 1
    return stream.SerializeToString()


def numbers_in(payload: bytes) -> set[int]:
    return {tick.sequence_number for tick in MarketDataStream.FromString(payload).ticks}


@dataclass
class ModelStore:
    """As store.py, in memory."""

    sessions: dict[str, Known] = field(default_factory=dict)
    batches: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def open(self, upgrade: Upgrade) -> tuple[Standing, list[int]]:
        standing = stand(upgrade, self.sessions.get(upgrade.session))
        self.sessions[upgrade.session] = standing.known
        stored: list[int] = []
        for sequence in range(standing.point, (upgrade.first_batch or 1) - 1, -1):
            payload = self.batches.get((upgrade.session, sequence))
            if payload is None:
                break
            stored.insert(0, crc32c.crc32c(payload))
        return standing, stored

    def commit(self, session: str, batch: Batch) -> None:
        name = session, batch.sequence
        assert batch.again or name not in self.batches
        self.batches[name] = batch.payload
        known = self.sessions[session]
        self.sessions[session] = replace(
            known, acknowledged=max(known.acknowledged, batch.sequence)
        )


class ModelGateway:
    def __init__(self) -> None:
        self.store = ModelStore()
        self.backups: list[ModelStore] = []
        self.connection: Connection | None = None
        self.session = ""
        self.queue: list[Batch] = []  # given out, not committed

    def accept(self, upgrade: Upgrade) -> Standing:
        """The store answers after what was queued before."""
        if self.connection is not None:
            self.connection.take_over()
        self.commit(len(self.queue))
        standing, stored = self.store.open(upgrade)
        self.connection = Connection("demo", acknowledges=True)
        self.connection.begin(standing, stored)
        self.session = upgrade.session
        return standing

    def commit(self, count: int) -> None:
        for batch in self.queue[:count]:
            self.store.commit(self.session, batch)
            if self.connection is not None:
                self.connection.committed(batch.sequence)
        del self.queue[:count]

    def cut(self) -> None:
        self.connection = None

    def kill(self) -> None:
        self.connection = None
        self.queue.clear()


@dataclass
class Journal:
    """What a client keeps on disk."""

    session: str = "s0"
    continues: str | None = None
    next: int = 1
    held: dict[int, bytes] = field(default_factory=dict)
    handed: int = 0
    released: int = 0
    acknowledged: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    accepted: int = 0  # ticks: where the source goes on from, by the cursor

    def release(self, up_to: int) -> None:
        self.released = max(self.released, up_to)
        for sequence in [n for n in self.held if n <= up_to]:
            del self.held[sequence]


class Delivery(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.gateways = [ModelGateway(), ModelGateway()]
        self.journal = Journal()
        self.copies: list[Journal] = []
        self.sessions = 1
        self.connections = 0
        self.at: int | None = None  # the gateway that serves
        self.position = 0  # next batch to send
        self.resend_from: int | None = None
        self.produced = 0  # ticks of the market
        self.thrown_away: set[int] = set()  # ticks, with a store's newer state
        self.reported: set[int] = set()  # ticks that a gateway said it lost
        self.ever: dict[tuple[int, str, int], bytes] = {}
        self.forked_or_copied = False

    # ---- The client -------------------------------------------------------------------------

    @rule(ticks=st.integers(1, 3))
    def accept_ticks(self, ticks: int) -> None:
        journal = self.journal
        numbers = range(journal.accepted + 1, journal.accepted + ticks + 1)
        journal.held[journal.next] = batch_of(journal.next, numbers)
        journal.next += 1
        journal.accepted += ticks
        self.produced = max(self.produced, journal.accepted)

    @precondition(lambda self: not self.stored_wrongly)
    @rule(at=st.integers(0, 1), batches=st.lists(st.integers(1, 3), min_size=2, max_size=5))
    def stream_for_a_while(self, at: int, batches: list[int]) -> None:
        """Until the gateway has stored all; whether the client hears of it is another matter."""
        for ticks in batches:
            self.accept_ticks(ticks)
        if self.at != at:
            self.connect(at)
        self.send_all()
        self.gateways[at].commit(99)

    @property
    def stored_wrongly(self) -> bool:
        """Until that is mended, this model's client keeps to the gateway that has it."""
        return any(
            tick.bid != bid_of(tick.sequence_number)
            for gateway in self.gateways
            for payload in (*gateway.store.batches.values(), *(b.payload for b in gateway.queue))
            for tick in MarketDataStream.FromString(payload).ticks
        )

    @rule(at=st.integers(0, 1))
    def connect(self, at: int) -> None:
        if self.stored_wrongly:
            at = self.at if self.at is not None else self.last_at
        self.last_at = at
        journal, gateway = self.journal, self.gateways[at]
        if self.at is not None:
            self.gateways[self.at].cut()
        self.connections += 1
        standing = gateway.accept(
            Upgrade(
                ANN,
                journal.session,
                acknowledges=True,
                first_batch=min(journal.held, default=journal.next),
                acknowledged=journal.acknowledged[at],
                resend_from=self.resend_from,
                attempt=Attempt("ff", self.connections),
                continues=journal.continues,
            )
        )
        for first, last in standing.lost:
            for sequence in range(first, last + 1):
                payload = self.ever.get((at, journal.session, sequence), b"")
                self.reported |= numbers_in(payload)
        self.at = at
        self.read_resume_point()

    def read_resume_point(self) -> None:
        journal, ack = self.journal, self.next_ack()
        assert ack is not None
        assert not ack.crc32c
        point = ack.batch_sequence
        if point >= journal.next or point > max(journal.handed, journal.released):
            self.fork(point)
            return
        first = point - len(ack.stored_crc32c) + 1
        for sequence, checksum in enumerate(ack.stored_crc32c, first):
            if sequence in journal.held and crc32c.crc32c(journal.held[sequence]) != checksum:
                self.distrust(sequence)
                return
        if self.resend_from is not None and point >= self.resend_from:
            self.resend_from = None
        assert self.at is not None
        journal.acknowledged[self.at] = point
        journal.release(point)
        self.position = point + 1
        assert self.position >= min(journal.held, default=journal.next)

    def fork(self, point: int) -> None:
        journal = self.journal
        journal.release(min(point, journal.next - 1, journal.handed))
        journal.continues, journal.session = journal.session, f"s{self.sessions}"
        journal.handed = journal.released
        journal.acknowledged.clear()
        self.sessions += 1
        self.forked_or_copied = True
        self.resend_from = None
        self.cut()

    def distrust(self, sequence: int) -> None:
        self.journal.release(sequence - 1)
        self.resend_from = sequence
        self.cut()

    @precondition(lambda self: self.at is not None and self.position < self.journal.next)
    @rule(damages=st.integers(0, 9).map(lambda drawn: drawn == 0))
    def send(self, damages: bool) -> None:
        assert self.at is not None
        gateway, journal = self.gateways[self.at], self.journal
        assert gateway.connection is not None
        payload = journal.held[self.position]
        journal.handed = max(journal.handed, self.position)
        decision = gateway.connection.receive(damaged(payload) if damages else payload)
        assert not isinstance(decision, Close)
        if isinstance(decision, Batch):
            gateway.queue.append(decision)
            self.ever[self.at, journal.session, self.position] = payload
        self.position += 1

    def next_ack(self) -> Ack | None:
        assert self.at is not None
        connection = self.gateways[self.at].connection
        assert connection is not None
        while frame := connection.control_frame():
            control = StreamControl.FromString(frame)
            if control.WhichOneof("kind") == "ack":
                ack = control.ack
                right = check_of(
                    ack.batch_sequence, ack.epoch, list(ack.crc32c), list(ack.stored_crc32c)
                )
                assert ack.check == right
                return ack
        return None

    @precondition(lambda self: self.at is not None)
    @rule()
    def read_progress(self) -> None:
        ack = self.next_ack()
        if ack is None:
            return
        assert self.at is not None
        journal = self.journal
        first = ack.batch_sequence - len(ack.crc32c) + 1
        assert first == journal.released + 1, "a checksum for each batch newly covered"
        for sequence, checksum in enumerate(ack.crc32c, first):
            if crc32c.crc32c(journal.held[sequence]) != checksum:
                self.distrust(sequence)
                return
        journal.acknowledged[self.at] = ack.batch_sequence
        journal.release(ack.batch_sequence)

    # ---- What goes wrong --------------------------------------------------------------------

    @rule(at=st.integers(0, 1), count=st.integers(1, 6))
    def commit(self, at: int, count: int) -> None:
        self.gateways[at].commit(count)

    @precondition(lambda self: self.at is not None)
    @rule()
    def cut(self) -> None:
        assert self.at is not None
        self.gateways[self.at].cut()
        self.at = None

    @rule(at=st.integers(0, 1))
    def kill_gateway(self, at: int) -> None:
        if self.at == at:
            self.cut()
        self.gateways[at].kill()

    @rule(at=st.integers(0, 1))
    def back_up_store(self, at: int) -> None:
        self.gateways[at].backups.append(copy.deepcopy(self.gateways[at].store))

    @precondition(lambda self: not self.stored_wrongly)
    @rule(at=st.integers(0, 1), data=st.data())
    def restore_store(self, at: int, data: st.DataObject) -> None:
        gateway = self.gateways[at]
        clean = [
            each
            for each in gateway.backups
            if all(payload == self.ever.get((at, *name)) for name, payload in each.batches.items())
        ]
        if not clean:
            return
        self.kill_gateway(at)
        chosen = copy.deepcopy(data.draw(st.sampled_from(clean)))
        for name, payload in gateway.store.batches.items():
            if name not in chosen.batches:
                self.thrown_away |= numbers_in(payload)
        gateway.store = chosen

    @rule()
    def copy_journal(self) -> None:
        self.copies.append(copy.deepcopy(self.journal))

    @precondition(lambda self: self.copies and not self.stored_wrongly)
    @rule(data=st.data())
    def restore_journal(self, data: st.DataObject) -> None:
        """The source goes on from the copy's cursor: it brings the ticks since then again."""
        if self.at is not None:
            self.cut()
        self.journal = copy.deepcopy(data.draw(st.sampled_from(self.copies)))
        self.resend_from = None
        self.forked_or_copied = True

    # ---- What must hold ---------------------------------------------------------------------

    @invariant()
    def nothing_is_released_that_no_gateway_has_had(self) -> None:
        journal = self.journal
        assert sorted(journal.held) == list(range(journal.released + 1, journal.next))

    last_at = 0

    def teardown(self) -> None:
        while self.journal.accepted < self.produced:
            self.accept_ticks(min(3, self.produced - self.journal.accepted))
        for at in (0, 1, 0):
            self.deliver_all(at)
        for gateway in self.gateways:
            gateway.commit(len(gateway.queue))
        assert not self.stored_wrongly
        found = self.shown()
        assert sorted(set(found)) == sorted(found), "a tick is shown twice"
        missing = set(range(1, self.produced + 1)) - set(found)
        assert missing <= self.thrown_away
        if not self.forked_or_copied:
            assert missing <= self.reported
        assert set(found) <= set(range(1, self.produced + 1))

    def deliver_all(self, at: int) -> None:
        for _ in range(40):
            if not self.connected:
                self.connect(at)
                continue
            self.send_all()
            for gateway in self.gateways:
                gateway.commit(len(gateway.queue))
            self.read_progress()
            if self.has_delivered:
                self.cut()
                return
        raise AssertionError("it never comes to an end")

    @property
    def connected(self) -> bool:
        return self.at is not None

    @property
    def has_delivered(self) -> bool:
        return self.connected and not self.journal.held

    def send_all(self) -> None:
        while self.connected and self.position < self.journal.next:
            self.send(damages=False)

    def shown(self) -> list[int]:
        """The numbers of the ticks that the two stores show together."""
        with tempfile.TemporaryDirectory() as folder:
            stores = [Path(folder) / "a.db", Path(folder) / "b.db"]
            for path, gateway in zip(stores, self.gateways, strict=True):
                write_store(path, gateway.store)
            numbers = []
            for chunk in read_ticks(stores):
                numbers += chunk.sequence_number.tolist()
                assert chunk.ticks["bid"].tolist() == [
                    bid_of(number) for number in chunk.sequence_number.tolist()
                ]
            return numbers


def write_store(path: Path, store: ModelStore) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    schema.create(database)
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO sessions (tenant, session, user_id, continues) VALUES ('demo', ?, 'ann', ?)",
        [(session, known.continues) for session, known in store.sessions.items()],
    )
    database.executemany(
        "INSERT INTO batches VALUES ('demo', ?, ?, ?, ?, ?, 1, 'ann')",
        [
            (*name, payload, crc32c.crc32c(payload), len(numbers_in(payload)))
            for name, payload in store.batches.items()
        ],
    )
    database.execute("COMMIT")
    database.close()


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
