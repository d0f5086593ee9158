"""The writing side of a store: one thread, one transaction for all that waits, then receipts.

Everything goes through one queue in order, so that a question about a session is answered after
whatever was appended to it before.
"""

import logging
import os
import queue
import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from tpb.gateway import events, measuring, schema
from tpb.gateway.events import Event, EventLog, Kind
from tpb.gateway.market import kept
from tpb.gateway.owner import InUse, SoleOwner
from tpb.gateway.protocol import MAX_STORED_CHECKSUMS, Batch, Gap, Repeat
from tpb.gateway.quality import PERIOD_MS, FigureKey, Figures, Numbers, SessionKey, numbers_of
from tpb.gateway.schema import StoreBusy
from tpb.gateway.standing import Known, Standing, stand
from tpb.gateway.upgrade import Attempt, Refused, Span, Upgrade

log = logging.getLogger("tpb.gateway")

_T = TypeVar("_T")

# What one transaction takes at most: bounds the time to the first receipt. Of one session no more
# than the contract lets wait for an acknowledgement.
_GROUP_RECORDS = 1024
_GROUP_OF_A_SESSION = 64
_GROUP_BYTES = 4 << 20
# Rows of one INSERT. Each statement gives the interpreter's lock away and must win it back from
# the busy event loop, so that rows one by one would be slow.
_ROWS = 64
# How often the figures of quality are written down.
_FIGURES_EVERY_S = 1.0
# Events that a failing store keeps for later.
_MAX_UNKEPT_EVENTS = 1000

_INSERT = (
    "INSERT INTO batches (tenant, session, batch_sequence, payload, crc32c, ticks,"
    " received_at_ms, user_id) VALUES "
)
_ROW = "(?,?,?,?,?,?,?,?)"
_INSERT_GAP = "INSERT INTO gaps VALUES (?,?,?,?,?,?)"
_INSERT_MANY = _INSERT + ",".join([_ROW] * _ROWS)
_INSERT_ONE = _INSERT + _ROW


class Receiver(Protocol):
    def settled(self, committed: int | None) -> None: ...


class Lane:
    """One connection's way into the store. After a failed commit nothing more of it is stored."""

    __slots__ = ("failed", "key", "receiver", "session", "tenant", "user")

    def __init__(self, tenant: str, session: str, user: str, receiver: "Receiver") -> None:
        self.tenant = tenant
        self.session = session
        self.key = SessionKey(tenant, session)
        self.user = user
        self.receiver = receiver  # whom a receipt concerns
        self.failed = False


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a session stands, and the way into it."""

    lane: Lane
    standing: Standing
    stored_crc32c: Sequence[int]  # of the batches from the client's oldest up to the point


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
    corrections: int = 0


class _Append(NamedTuple):
    lane: Lane
    batch: Batch
    received_at_ms: int


class _Seen(NamedTuple):
    """A repeat, or a gap that ended its connection."""

    lane: Lane
    what: Repeat | Gap
    at_ms: int


class _Open(NamedTuple):
    upgrade: Upgrade
    at_ms: int
    receiver: Receiver
    answer: "Future[Opened]"


class _Ask(NamedTuple):
    """Anything else, in a transaction of its own."""

    work: Callable[[sqlite3.Connection], Any]
    answer: "Future[Any]"


class _Sync(NamedTuple):
    answer: "Future[None]"


class _Stop(NamedTuple):
    pass


_Record = _Append | _Seen | Event
_Request = _Open | _Ask | _Sync | _Stop


@dataclass(slots=True)
class _Tally:
    """What a transaction adds to one session."""

    newest: int = 0
    batches: int = 0
    ticks: int = 0
    bytes: int = 0
    repeats: int = 0
    gaps: int = 0
    corrections: int = 0


class _Correction(NamedTuple):
    """A stored batch that was replaced."""

    old: Numbers
    stored_at_ms: int  # when the wrong one came


@dataclass(slots=True)
class _Written:
    """What a transaction did."""

    tallies: dict[Lane, _Tally]
    # Of batches that were sent again: the correction they made; None: they were as stored.
    again: dict[tuple[SessionKey, int], _Correction | None]
    events: list[Event]


class Store:
    """Opens or makes a store and owns it until close(). Methods may be called from any thread."""

    def __init__(
        self,
        path: Path,
        deliver: Callable[[Sequence[Receipt]], None],
        *,
        event_log: EventLog | None = None,
    ) -> None:
        """`deliver` is called on the writer's thread, once a transaction; raises StoreProblem.

        event_log: the store's from now on.
        """
        self.path = path
        self.failed_commits = 0
        self.healthy = True  # whether the newest transaction was committed
        self._deliver = deliver
        self._queue: queue.SimpleQueue[_Record | _Request] = queue.SimpleQueue()
        self._event_log = event_log
        self._unkept: deque[Event] = deque(maxlen=_MAX_UNKEPT_EVENTS)
        self._figures_due = 0.0  # when they are to be written down
        self._figures_fail = False
        self._figures_dropped_at_ms = 0
        self._owner = _own(path)
        try:
            self._database = _open(path)
            self.totals = _read_totals(self._database)
            # As they were when the store was opened.
            self.pairs_at_start = kept.read(self._database)
            self.streamed_at_start = kept.streamed(self._database)
            self._quality = measuring.load(self._database)
            self._copies = measuring.Copies(self._database)
        except BaseException:
            self._owner.release()
            raise
        self._thread = threading.Thread(target=self._run, name="tpb-store", daemon=True)
        self._thread.start()

    def open_session(self, upgrade: Upgrade, *, at_ms: int, receiver: Receiver) -> "Future[Opened]":
        """Answers once all that was appended before is settled; Refused, sqlite3.Error."""
        answer: Future[Opened] = Future()
        self._queue.put(_Open(upgrade, at_ms, receiver, answer))
        return answer

    def append(self, lane: Lane, batch: Batch, received_at_ms: int) -> None:
        """A receipt follows."""
        self._queue.put(_Append(lane, batch, received_at_ms))

    def note_repeat(self, lane: Lane, repeat: Repeat, at_ms: int) -> None:
        self._queue.put(_Seen(lane, repeat, at_ms))

    def note_gap(self, lane: Lane, gap: Gap, at_ms: int) -> None:
        self._queue.put(_Seen(lane, gap, at_ms))

    def note(self, event: Event) -> None:
        self._queue.put(event)

    def quality(self, tenant: str, since_ms: int) -> "Future[dict[FigureKey, Figures]]":
        """Of all that was settled before, by period from the one of since_ms on; sqlite3.Error."""
        return self._ask(partial(measuring.figures_in, tenant=tenant, since_ms=since_ms))

    def streamed(self, tenant: str) -> "Future[kept.Streamed]":
        """Which symbols each user of the tenant has streamed up so far; sqlite3.Error."""
        return self._ask(partial(kept.streamed, tenant=tenant))

    def keep_pairs(self, rows: Sequence[kept.Kept]) -> "Future[None]":
        """Answers once they are on disk; sqlite3.Error."""
        return self._ask(partial(kept.write, rows=rows))

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

    def _ask(self, work: Callable[[sqlite3.Connection], _T]) -> "Future[_T]":
        answer: Future[_T] = Future()
        self._queue.put(_Ask(work, answer))
        return answer

    # ---- The writer's thread ------------------------------------------------------------------

    def _run(self) -> None:
        self._measure_the_rest()
        while True:
            records, request = self._take()
            if records:
                self._settle(records)
            match request:
                case _Open():
                    self._answer(request)
                case _Ask():
                    self._do(request)
                case _Sync():
                    if request.answer.set_running_or_notify_cancel():
                        request.answer.set_result(None)
                case _Stop():
                    self._write_figures()
                    self._database.close()
                    if self._event_log is not None:
                        self._event_log.close()
                    return
            if self._quality.changed and time.monotonic() >= self._figures_due:
                self._write_figures()

    def _take(self) -> tuple[list[_Record], _Request | None]:
        """Waits for an item and takes what else is there, up to the first request."""
        records: list[_Record] = []
        batches: dict[Lane, int] = defaultdict(int)
        payload_bytes = 0
        try:
            item = self._queue.get(timeout=_FIGURES_EVERY_S if self._quality.changed else None)
        except queue.Empty:
            return records, None
        while isinstance(item, _Record):
            records.append(item)
            of_lane = 0
            if isinstance(item, _Append):
                batches[item.lane] = of_lane = batches[item.lane] + 1
                payload_bytes += len(item.batch.payload)
            if (
                len(records) >= _GROUP_RECORDS
                or payload_bytes >= _GROUP_BYTES
                or of_lane >= _GROUP_OF_A_SESSION
            ):
                return records, None
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return records, None
        return records, item

    def _settle(self, records: list[_Record]) -> None:
        happened = [record for record in records if isinstance(record, Event)]
        taken = [r for r in records if not isinstance(r, Event) and not r.lane.failed]
        try:
            with self._transaction():
                written = self._write(taken)
                happened += written.events
                events.keep(self._database, [*self._unkept, *happened])
        except Exception as problem:  # noqa: BLE001 (whatever it is, nothing was stored)
            self._unkept += happened
            if taken:
                self._fail(taken, problem)
            self._log_events(happened)
            return
        self._unkept.clear()
        if taken:
            self.healthy = True
        for tally in written.tallies.values():
            self.totals.batches += tally.batches
            self.totals.ticks += tally.ticks
            self.totals.bytes += tally.bytes
            self.totals.repeats += tally.repeats
            self.totals.gaps += tally.gaps
            self.totals.corrections += tally.corrections
        self._deliver([Receipt(lane, tally.newest) for lane, tally in written.tallies.items()])
        self._log_events(happened)
        self._measure(taken, written)

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

    def _write(self, records: Sequence[_Append | _Seen]) -> _Written:
        tallies: dict[Lane, _Tally] = defaultdict(_Tally)
        written = _Written(tallies, {}, [])
        rows: list[tuple[object, ...]] = []
        gaps: list[tuple[object, ...]] = []
        for record in records:
            lane = record.lane
            tally = tallies[lane]
            gap: Gap | None = None
            if isinstance(record, _Append):
                batch = record.batch
                tally.newest = batch.sequence
                if batch.again and self._write_again(lane, record, tally, written):
                    continue
                rows.append(_row(lane, batch, record.received_at_ms))
                tally.batches += 1
                tally.ticks += batch.ticks
                tally.bytes += len(batch.payload)
                gap, at_ms = batch.gap, record.received_at_ms
            elif isinstance(record.what, Repeat):
                tally.repeats += 1
            else:
                gap, at_ms = record.what, record.at_ms
            if gap is not None:
                tally.gaps += 1
                gaps.append((*lane.key, gap.expected, gap.received, at_ms, "jump"))
        self._insert(rows)
        self._database.executemany(_INSERT_GAP, gaps)
        for lane, tally in tallies.items():
            self._add(lane, tally)
        return written

    def _write_again(self, lane: Lane, record: _Append, tally: _Tally, written: _Written) -> bool:
        """Compares with what is stored and corrects that; False where nothing is stored."""
        batch = record.batch
        name = (*lane.key, batch.sequence)
        stored = self._database.execute(
            "SELECT crc32c, payload, ticks, received_at_ms FROM batches"
            " WHERE tenant = ? AND session = ? AND batch_sequence = ?",
            name,
        ).fetchone()
        if stored is None:
            return False
        old_crc32c, old_payload, old_ticks, stored_at_ms = stored
        if old_crc32c == batch.crc32c:
            tally.repeats += 1
            written.again[lane.key, batch.sequence] = None
            return True
        self._database.execute(
            "UPDATE batches SET payload = ?, crc32c = ?, ticks = ?, user_id = ?"
            " WHERE tenant = ? AND session = ? AND batch_sequence = ?",
            (batch.payload, batch.crc32c, batch.ticks, lane.user, *name),
        )
        self._database.execute(
            "INSERT INTO corrections VALUES (?,?,?,?,?,?,?)",
            (*name, old_crc32c, batch.crc32c, record.received_at_ms, old_payload),
        )
        tally.corrections += 1
        tally.ticks += batch.ticks - old_ticks
        tally.bytes += len(batch.payload) - len(old_payload)
        old_numbers = numbers_of(measuring.content_of(old_payload))
        written.again[lane.key, batch.sequence] = _Correction(old_numbers, stored_at_ms)
        written.events.append(
            Event(
                record.received_at_ms,
                *lane.key,
                Kind.CORRECTION,
                batch.sequence,
                f"batch {batch.sequence} was stored otherwise than it was sent"
                f" ({old_crc32c:08x}, now {batch.crc32c:08x}) and is replaced",
            )
        )
        return True

    def _insert(self, rows: list[tuple[object, ...]]) -> None:
        whole = len(rows) - len(rows) % _ROWS
        for start in range(0, whole, _ROWS):
            self._database.execute(_INSERT_MANY, list(chain(*rows[start : start + _ROWS])))
        self._database.executemany(_INSERT_ONE, rows[whole:])

    def _add(self, lane: Lane, tally: _Tally) -> None:
        self._database.execute(
            "UPDATE sessions SET acknowledged = max(acknowledged, ?), batches = batches + ?,"
            " ticks = ticks + ?, bytes = bytes + ?, repeats = repeats + ?, gaps = gaps + ?,"
            " corrections = corrections + ? WHERE tenant = ? AND session = ?",
            (
                tally.newest,
                tally.batches,
                tally.ticks,
                tally.bytes,
                tally.repeats,
                tally.gaps,
                tally.corrections,
                lane.tenant,
                lane.session,
            ),
        )

    def _fail(self, records: Sequence[_Append | _Seen], problem: Exception) -> None:
        self._complain(problem)
        lanes = dict.fromkeys(record.lane for record in records)
        for lane in lanes:
            lane.failed = True
        self._deliver([Receipt(lane, None) for lane in lanes])

    def _complain(self, problem: Exception) -> None:
        self.failed_commits += 1
        log.error("store %s: nothing was stored and nothing acknowledged: %s", self.path, problem)
        if self.healthy:
            event = Event(_now_ms(), "", "", Kind.STORE_FAILING, self.failed_commits, str(problem))
            self._unkept.append(event)
            self._log_events([event])
        self.healthy = False

    def _answer(self, request: _Open) -> None:
        if not request.answer.set_running_or_notify_cancel():
            return
        try:
            with self._transaction():
                opened, happened = self._open_session(request)
                events.keep(self._database, happened)
                measuring.write(self._database, self._quality)
        except Refused as refusal:
            request.answer.set_exception(refusal)
            return
        except Exception as problem:  # noqa: BLE001 (the asker decides)
            self._complain(problem)
            request.answer.set_exception(problem)
            return
        self.healthy = True
        self._figures_written()
        standing = opened.standing
        self.totals.sessions += standing.is_new
        self.totals.handed_over += _count(standing.handed_over)
        self.totals.gaps += len(standing.lost) + len(standing.given_up)
        request.answer.set_result(opened)
        for event in happened:
            level = logging.INFO if event.kind is Kind.HANDOVER else logging.WARNING
            log.log(level, "%s/%s: %s", event.tenant, event.session, event.text)
        self._log_events(happened)

    def _open_session(self, request: _Open) -> tuple[Opened, list[Event]]:
        upgrade = request.upgrade
        key = SessionKey(upgrade.identity.tenant, upgrade.session)
        standing = stand(upgrade, self._known(key))
        self._keep_standing(key, standing, request.at_ms)
        if standing.forked:
            self._quality.inherit(key, measuring.relatives_of(self._database, key))
        if standing.handed_over:
            self._quality.excuse(key)
        lane = Lane(*key, upgrade.identity.user, request.receiver)
        stored = self._stored_checksums(key, upgrade.first_batch, standing.point)
        return Opened(lane, standing, stored), _events_of(key, standing, request.at_ms)

    def _known(self, key: SessionKey) -> Known | None:
        row = self._database.execute(
            "SELECT user_id, epoch, acknowledged, continues, life, connection, restored_from"
            " FROM sessions WHERE tenant = ? AND session = ?",
            key,
        ).fetchone()
        if row is None:
            return None
        user, epoch, acknowledged, continues, life, connection, restored_from = row
        # Above the session's own count where another store was merged into this one.
        (newest,) = self._database.execute(
            "SELECT max(batch_sequence) FROM batches WHERE tenant = ? AND session = ?", key
        ).fetchone()
        return Known(
            user=user,
            epoch=epoch,
            acknowledged=max(acknowledged, newest or 0),
            continues=continues,
            attempt=None if life is None else Attempt(life, connection),
            restored_from=restored_from,
        )

    def _keep_standing(self, key: SessionKey, standing: Standing, at_ms: int) -> None:
        known = standing.known
        life, connection = known.attempt or (None, None)
        self._database.execute(
            "INSERT INTO sessions (tenant, session, user_id, epoch, acknowledged, continues, life,"
            " connection, restored_from, gaps, handed_over) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET epoch = excluded.epoch,"
            " acknowledged = excluded.acknowledged, continues = excluded.continues,"
            " life = excluded.life, connection = excluded.connection,"
            " restored_from = excluded.restored_from, gaps = gaps + excluded.gaps,"
            " handed_over = handed_over + excluded.handed_over",
            (
                *key,
                known.user,
                known.epoch,
                known.acknowledged,
                known.continues,
                life,
                connection,
                known.restored_from,
                len(standing.lost) + len(standing.given_up),
                _count(standing.handed_over),
            ),
        )
        self._database.executemany(
            "INSERT INTO handovers VALUES (?,?,?,?,?)",
            [(*key, *span, at_ms) for span in standing.handed_over],
        )
        self._database.executemany(
            _INSERT_GAP,
            [
                (*key, span.first, span.last + 1, at_ms, reason)
                for reason, spans in (
                    ("store_restored", standing.lost),
                    ("given_up", standing.given_up),
                )
                for span in spans
            ],
        )

    def _stored_checksums(self, key: SessionKey, oldest: int | None, point: int) -> list[int]:
        """Of the batches that the client still holds, ending at the point; no gap between them."""
        if oldest is None:
            return []
        found: list[int] = []
        for sequence, checksum in self._database.execute(
            "SELECT batch_sequence, crc32c FROM batches WHERE tenant = ? AND session = ?"
            " AND batch_sequence BETWEEN ? AND ? ORDER BY batch_sequence DESC",
            (*key, max(oldest, point - MAX_STORED_CHECKSUMS + 1), point),
        ):
            if sequence != point - len(found):
                break
            found.append(checksum)
        found.reverse()
        return found

    def _log_events(self, happened: Sequence[Event]) -> None:
        if self._event_log is None or not happened:
            return
        try:
            self._event_log.write(happened)
        except OSError as problem:
            log.error("the event log cannot be written: %s", problem)

    # ---- Quality ------------------------------------------------------------------------------

    def _measure_the_rest(self) -> None:
        """What an earlier life of the gateway stored and did not measure any more."""
        try:
            measuring.catch_up(self._database, self._quality, self._copies)
        except sqlite3.Error as problem:
            log.error("store %s: what it holds could not be measured: %s", self.path, problem)

    def _measure(self, records: Sequence[_Append | _Seen], written: _Written) -> None:
        quality, copies = self._quality, self._copies
        for record in records:
            key = record.lane.key
            if isinstance(record, _Append):
                batch = record.batch
                if batch.again and (key, batch.sequence) in written.again:
                    correction = written.again[key, batch.sequence]
                    if correction is None:
                        quality.repeat(key, batch.numbers, record.received_at_ms)
                    else:
                        quality.correct(key, correction.old, batch.numbers, correction.stored_at_ms)
                        self._figures_due = 0.0
                    continue
                quality.take(
                    key,
                    batch.sequence,
                    batch.numbers,
                    sent_at_ms=batch.sent_at_ms,
                    received_at_ms=record.received_at_ms,
                    copies=copies.of(key, batch.payload),
                )
            elif isinstance(record.what, Repeat):
                quality.repeat(key, record.what.numbers, record.at_ms)

    def _write_figures(self) -> None:
        """They stay in memory where the disk is full: nothing else depends on them."""
        self._figures_due = time.monotonic() + _FIGURES_EVERY_S
        try:
            with self._transaction():
                measuring.write(self._database, self._quality)
                if self._figures_dropped_at_ms + PERIOD_MS < _now_ms():
                    self._figures_dropped_at_ms = _now_ms()
                    measuring.drop_old(self._database, self._figures_dropped_at_ms)
        except sqlite3.Error as problem:
            if not self._figures_fail:
                log.warning("store %s: no figures of quality are kept: %s", self.path, problem)
            self._figures_fail = True
            return
        self._figures_written()

    def _figures_written(self) -> None:
        self._quality.forget()
        self._figures_fail = False
        self._figures_due = time.monotonic() + _FIGURES_EVERY_S

    def _do(self, request: _Ask) -> None:
        """With all figures written down, which it may be about."""
        if not request.answer.set_running_or_notify_cancel():
            return
        try:
            with self._transaction():
                measuring.write(self._database, self._quality)
                found = request.work(self._database)
        except sqlite3.Error as problem:
            request.answer.set_exception(problem)
            return
        self._figures_written()
        request.answer.set_result(found)


def _count(spans: Sequence[Span]) -> int:
    return sum(span.batches for span in spans)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _events_of(key: SessionKey, standing: Standing, at_ms: int) -> list[Event]:
    """What an upgrade brought to light."""
    found = []

    def tell(kind: Kind, value: int, text: str) -> None:
        found.append(Event(at_ms, *key, kind, value, text))

    if standing.restored is not None:
        first, last = standing.restored
        tell(
            Kind.STORE_RESTORED,
            standing.restored.batches,
            f"batches {first} to {last} were acknowledged here and are not in this store: it was"
            f" restored from a backup, or replaced; epoch {standing.epoch}",
        )
    for kind, spans, what in (
        (Kind.LOST, standing.lost, "were lost with the store's newer state"),
        (Kind.GIVEN_UP, standing.given_up, "were given up by the client"),
        (Kind.HANDOVER, standing.handed_over, "were acknowledged by another gateway"),
    ):
        for span in spans:
            tell(kind, span.batches, f"batches {span.first} to {span.last} {what}")
    if standing.forked:
        tell(
            Kind.FORK,
            standing.acknowledged,
            f"goes on from session {standing.known.continues} after batch {standing.acknowledged}",
        )
    return found


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
        schema.bring_up_to_date(database)
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
        " total(gaps), total(handed_over), total(corrections) FROM sessions"
    ).fetchone()
    return Totals(*map(int, row))
