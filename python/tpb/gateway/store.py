"""The writing side of a store: one thread, one transaction for all that waits, then receipts.

Everything goes through one queue in order, so that a question about a session is answered after
whatever was appended to it before.
"""

import logging
import os
import queue
import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

from tpb.gateway import schema
from tpb.gateway.owner import InUse, SoleOwner
from tpb.gateway.protocol import Batch, Gap
from tpb.gateway.schema import StoreBusy

log = logging.getLogger("tpb.gateway")

# What one transaction takes at most: bounds the time to the first receipt. Of one session no more
# than the contract lets wait for an acknowledgement.
_GROUP_RECORDS = 1024
_GROUP_OF_A_SESSION = 64
_GROUP_BYTES = 4 << 20
# Rows of one INSERT. Each statement gives the interpreter's lock away and must win it back from
# the busy event loop, so that rows one by one would be slow.
_ROWS = 64

_INSERT = (
    "INSERT INTO batches (tenant, session, batch_sequence, payload, crc32c, ticks,"
    " received_at_ms, user_id) VALUES "
)
_ROW = "(?,?,?,?,?,?,?,?)"
_INSERT_MANY = _INSERT + ",".join([_ROW] * _ROWS)
_INSERT_ONE = _INSERT + _ROW


class Receiver(Protocol):
    def settled(self, committed: int | None) -> None: ...


class ForeignSession(Exception):
    """The session belongs to another user of the tenant."""


class Lane:
    """One connection's way into the store. After a failed commit nothing more of it is stored."""

    __slots__ = ("failed", "receiver", "session", "tenant", "user")

    def __init__(self, tenant: str, session: str, user: str, receiver: "Receiver") -> None:
        self.tenant = tenant
        self.session = session
        self.user = user
        self.receiver = receiver  # whom a receipt concerns
        self.failed = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a session stands, and the way into it."""

    lane: Lane
    acknowledged: int
    epoch: int
    handed_over: int  # batches that another gateway acknowledged, found out just now


class Receipt(NamedTuple):
    """Every batch of the lane up to and with `committed` is on disk; None: the commit failed."""

    lane: Lane
    committed: int | None


@dataclass(slots=True)
class Totals:
    """Over all sessions of the store."""

    sessions: int = 0
    batches: int = 0
    ticks: int = 0
    bytes: int = 0
    repeats: int = 0
    gaps: int = 0
    handed_over: int = 0


class _Append(NamedTuple):
    lane: Lane
    batch: Batch
    received_at_ms: int


class _Seen(NamedTuple):
    """A repeat (gap is None), or a gap that ended its connection."""

    lane: Lane
    gap: Gap | None
    at_ms: int


class _Open(NamedTuple):
    tenant: str
    session: str
    user: str
    first_batch: int | None
    at_ms: int
    receiver: Receiver
    answer: "Future[Opened]"


class _Sync(NamedTuple):
    answer: "Future[None]"


class _Stop(NamedTuple):
    pass


_Record = _Append | _Seen
_Request = _Open | _Sync | _Stop


@dataclass(slots=True)
class _Tally:
    """What a transaction adds to one session."""

    newest: int = 0
    batches: int = 0
    ticks: int = 0
    bytes: int = 0
    repeats: int = 0
    gaps: int = 0


class Store:
    """Opens or makes a store and owns it until close(). Methods may be called from any thread."""

    def __init__(self, path: Path, deliver: Callable[[Sequence[Receipt]], None]) -> None:
        """`deliver` is called on the writer's thread, once a transaction; raises StoreProblem."""
        self.path = path
        self.failed_commits = 0
        self.healthy = True  # whether the newest transaction was committed
        self._deliver = deliver
        self._queue: queue.SimpleQueue[_Record | _Request] = queue.SimpleQueue()
        self._owner = _own(path)
        try:
            self._database = _open(path)
            self.totals = _read_totals(self._database)
        except BaseException:
            self._owner.release()
            raise
        self._thread = threading.Thread(target=self._run, name="tpb-store", daemon=True)
        self._thread.start()

    def open_session(
        self,
        tenant: str,
        session: str,
        user: str,
        *,
        first_batch: int | None,
        at_ms: int,
        receiver: Receiver,
    ) -> "Future[Opened]":
        """Answers once all that was appended before is settled; ForeignSession, sqlite3.Error."""
        answer: Future[Opened] = Future()
        self._queue.put(_Open(tenant, session, user, first_batch, at_ms, receiver, answer))
        return answer

    def append(self, lane: Lane, batch: Batch, received_at_ms: int) -> None:
        """A receipt follows."""
        self._queue.put(_Append(lane, batch, received_at_ms))

    def note_repeat(self, lane: Lane, at_ms: int) -> None:
        self._queue.put(_Seen(lane, None, at_ms))

    def note_gap(self, lane: Lane, gap: Gap, at_ms: int) -> None:
        self._queue.put(_Seen(lane, gap, at_ms))

    def sync(self) -> "Future[None]":
        """Answers once all before is settled and its receipts are delivered."""
        answer: Future[None] = Future()
        self._queue.put(_Sync(answer))
        return answer

    def close(self) -> None:
        """Settles what waits, then gives the file back."""
        self._queue.put(_Stop())
        self._thread.join()
        self._owner.release()

    # ---- The writer's thread ------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            records, request = self._take()
            if records:
                self._settle(records)
            match request:
                case _Open():
                    self._answer(request)
                case _Sync():
                    if request.answer.set_running_or_notify_cancel():
                        request.answer.set_result(None)
                case _Stop():
                    self._database.close()
                    return

    def _take(self) -> tuple[list[_Record], _Request | None]:
        """Waits for an item and takes what else is there, up to the first request."""
        records: list[_Record] = []
        batches: dict[Lane, int] = defaultdict(int)
        payload_bytes = 0
        item = self._queue.get()
        while isinstance(item, _Record):
            records.append(item)
            if isinstance(item, _Append):
                batches[item.lane] += 1
                payload_bytes += len(item.batch.payload)
            if (
                len(records) >= _GROUP_RECORDS
                or payload_bytes >= _GROUP_BYTES
                or batches[item.lane] >= _GROUP_OF_A_SESSION
            ):
                return records, None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return records, None
        return records, item

    def _settle(self, records: list[_Record]) -> None:
        records = [record for record in records if not record.lane.failed]
        try:
            with self._transaction():
                tallies = self._write(records)
        except Exception as problem:  # noqa: BLE001 (whatever it is, nothing was stored)
            self._fail(records, problem)
            return
        for tally in tallies.values():
            self.totals.batches += tally.batches
            self.totals.ticks += tally.ticks
            self.totals.bytes += tally.bytes
            self.totals.repeats += tally.repeats
            self.totals.gaps += tally.gaps
        self._deliver([Receipt(lane, tally.newest) for lane, tally in tallies.items()])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        self.healthy = True

    def _write(self, records: list[_Record]) -> dict[Lane, _Tally]:
        tallies: dict[Lane, _Tally] = defaultdict(_Tally)
        rows: list[tuple[object, ...]] = []
        gaps: list[tuple[object, ...]] = []
        for record in records:
            lane = record.lane
            tally = tallies[lane]
            if isinstance(record, _Append):
                batch = record.batch
                rows.append(_row(lane, batch, record.received_at_ms))
                tally.newest = batch.sequence
                tally.batches += 1
                tally.ticks += batch.ticks
                tally.bytes += len(batch.payload)
                gap, at_ms = batch.gap, record.received_at_ms
            else:
                gap, at_ms = record.gap, record.at_ms
                tally.repeats += gap is None
            if gap is not None:
                tally.gaps += 1
                gaps.append((lane.tenant, lane.session, gap.expected, gap.received, at_ms))
        self._insert(rows)
        self._database.executemany("INSERT INTO gaps VALUES (?,?,?,?,?)", gaps)
        for lane, tally in tallies.items():
            self._add(lane, tally)
        return tallies

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        whole = len(rows) - len(rows) % _ROWS
        for start in range(0, whole, _ROWS):
            self._database.execute(_INSERT_MANY, list(chain(*rows[start : start + _ROWS])))
        self._database.executemany(_INSERT_ONE, rows[whole:])

    def _add(self, lane: Lane, tally: _Tally) -> None:
        self._database.execute(
            "UPDATE sessions SET acknowledged = max(acknowledged, ?), batches = batches + ?,"
            " ticks = ticks + ?, bytes = bytes + ?, repeats = repeats + ?, gaps = gaps + ?"
            " WHERE tenant = ? AND session = ?",
            (
                tally.newest,
                tally.batches,
                tally.ticks,
                tally.bytes,
                tally.repeats,
                tally.gaps,
                lane.tenant,
                lane.session,
            ),
        )

    def _fail(self, records: list[_Record], problem: Exception) -> None:
        self._complain(problem)
        lanes = dict.fromkeys(record.lane for record in records)
        for lane in lanes:
            lane.failed = True
        self._deliver([Receipt(lane, None) for lane in lanes])

    def _complain(self, problem: Exception) -> None:
        self.healthy = False
        self.failed_commits += 1
        log.error("store %s: nothing was stored and nothing acknowledged: %s", self.path, problem)

    def _answer(self, request: _Open) -> None:
        if not request.answer.set_running_or_notify_cancel():
            return
        try:
            with self._transaction():
                opened, new = self._open_session(request)
        except ForeignSession as problem:
            request.answer.set_exception(problem)
        except Exception as problem:  # noqa: BLE001 (the asker decides)
            self._complain(problem)
            request.answer.set_exception(problem)
        else:
            self.totals.sessions += new
            self.totals.handed_over += opened.handed_over
            request.answer.set_result(opened)

    def _open_session(self, request: _Open) -> tuple[Opened, bool]:
        key = (request.tenant, request.session)
        known = self._database.execute(
            "SELECT user_id, epoch, acknowledged FROM sessions WHERE tenant = ? AND session = ?",
            key,
        ).fetchone()
        user, epoch, acknowledged = known or (request.user, 1, 0)
        if user != request.user:
            raise ForeignSession
        # Above the session's own count where another store was merged into this one.
        (newest,) = self._database.execute(
            "SELECT max(batch_sequence) FROM batches WHERE tenant = ? AND session = ?", key
        ).fetchone()
        acknowledged = max(acknowledged, newest or 0)
        handed_over = max(0, (request.first_batch or 1) - 1 - acknowledged)
        if handed_over:
            first, acknowledged = acknowledged + 1, acknowledged + handed_over
            epoch += known is not None
            self._database.execute(
                "INSERT INTO handovers VALUES (?,?,?,?,?)",
                (*key, first, acknowledged, request.at_ms),
            )
        self._database.execute(
            "INSERT INTO sessions (tenant, session, user_id, epoch, acknowledged, handed_over)"
            " VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET epoch = excluded.epoch,"
            " acknowledged = excluded.acknowledged, handed_over = handed_over + ?",
            (*key, user, epoch, acknowledged, handed_over, handed_over),
        )
        lane = Lane(request.tenant, request.session, request.user, request.receiver)
        return Opened(lane, acknowledged, epoch, handed_over), known is None


def _row(lane: Lane, batch: Batch, received_at_ms: int) -> tuple[object, ...]:
    return (
        lane.tenant,
        lane.session,
        batch.sequence,
        batch.payload,
        batch.crc32c,
        batch.ticks,
        received_at_ms,
        lane.user,
    )


def _own(path: Path) -> SoleOwner:
    try:
        return SoleOwner(path)
    except InUse:
        raise StoreBusy(
            f"The store {path} is in use.",
            "Another gateway writes it.",
            "Stop that gateway, or name another file with --store.",
        ) from None
    except sqlite3.Error as problem:
        raise schema.unusable(path, problem) from problem


def _open(path: Path) -> sqlite3.Connection:
    """Opens a store, or makes one where there is no file or an empty one."""
    try:
        # Made here and not by SQLite, so that only its owner may read it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as problem:
        raise schema.unusable(path, problem) from problem
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        if schema.is_empty(database):
            database.execute("PRAGMA journal_mode = WAL")
            schema.create(database)
        schema.check(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        # An acknowledged batch survives a power cut.
        database.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error as problem:
        database.close()
        raise schema.unusable(path, problem) from problem
    except BaseException:
        database.close()
        raise
    return database


def _read_totals(database: sqlite3.Connection) -> Totals:
    row = database.execute(
        "SELECT count(*), total(batches), total(ticks), total(bytes), total(repeats),"
        " total(gaps), total(handed_over) FROM sessions"
    ).fetchone()
    return Totals(*map(int, row))
