"""The store: what is receipted is in the file, what is not can be sent again."""

import gzip
import json
import os
import queue
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import crc32c
import pytest

from tpb.gateway import events, schema
from tpb.gateway.events import Event, EventLog, Kind, LogProblem
from tpb.gateway.measuring import read_quality
from tpb.gateway.owner import InUse, SoleOwner
from tpb.gateway.protocol import MAX_STORED_CHECKSUMS, Batch, Gap, Repeat
from tpb.gateway.reading import read_batches, read_events, read_sessions, read_ticks
from tpb.gateway.schema import StoreBusy, StoreProblem
from tpb.gateway.store import Opened, Receipt, Store
from tpb.gateway.upgrade import Attempt, Identity, Refused, Span, Upgrade

Frame = Callable[..., bytes]
WAIT_S = 20.0


class Ear:
    """Hears the receipts of one lane."""

    def settled(self, committed: int | None) -> None:
        raise AssertionError("the tests read receipts from the store's own delivery")


class Book:
    """A store and its receipts."""

    def __init__(self, path: Path) -> None:
        self.receipts: queue.SimpleQueue[Receipt] = queue.SimpleQueue()
        self.store = Store(path, self._deliver)

    def _deliver(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self.receipts.put(receipt)

    def open(
        self,
        session: str = "s1",
        *,
        tenant: str = "acme",
        user: str = "ann",
        **headers: Any,
    ) -> Opened:
        upgrade = Upgrade(Identity(user, tenant), session, acknowledges=True, **headers)
        return self.store.open_session(upgrade, at_ms=1, receiver=Ear()).result(WAIT_S)

    def append(self, opened: Opened, *sequences: int, gap: Gap | None = None) -> None:
        for sequence in sequences:
            payload = f"payload {sequence}".encode()
            batch = Batch(sequence, payload, crc32c.crc32c(payload), 5, gap)
            self.store.append(opened.lane, batch, 1_700_000_000_000 + sequence)

    def settle(self) -> list[int | None]:
        """The receipts of everything so far."""
        self.store.sync().result(WAIT_S)
        found = []
        while not self.receipts.empty():
            found.append(self.receipts.get().committed)
        return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ticks.db"


@pytest.fixture
def book(path: Path) -> Iterator[Book]:
    book = Book(path)
    yield book
    book.store.close()


def sequences(path: Path, **which: str) -> list[int]:
    return [batch.batch_sequence for batch in read_batches(path, **which)]


# ---- Storing ----------------------------------------------------------------------------------


def test_receipt_follows_the_commit(book: Book, path: Path) -> None:
    opened = book.open()
    assert (opened.standing.acknowledged, opened.standing.epoch) == (0, 1)
    assert opened.standing.is_new
    book.append(opened, 1, 2, 3)
    assert book.settle()[-1] == 3
    stored = list(read_batches(path))
    assert [batch.batch_sequence for batch in stored] == [1, 2, 3]
    assert stored[1].payload == b"payload 2"
    assert stored[1].crc32c == crc32c.crc32c(b"payload 2")
    assert (stored[1].tenant, stored[1].session, stored[1].user_id) == ("acme", "s1", "ann")
    assert (stored[1].ticks, stored[1].received_at_ms) == (5, 1_700_000_000_002)


def test_many_batches_keep_their_order(book: Book, path: Path) -> None:
    """More than one INSERT's rows, more than one transaction's records."""
    opened = book.open()
    book.append(opened, *range(1, 3001))
    receipts = [committed for committed in book.settle() if committed is not None]
    assert receipts == sorted(receipts)
    assert receipts[-1] == 3000
    assert sequences(path) == list(range(1, 3001))
    assert all(b.payload == f"payload {b.batch_sequence}".encode() for b in read_batches(path))


def test_a_receipt_covers_no_more_than_64_batches_of_a_session(book: Book) -> None:
    one, other = book.open("one"), book.open("other")
    for sequence in range(1, 1001):
        book.append(one, sequence)
        book.append(other, sequence)
    book.store.sync().result(WAIT_S)
    newest = {one.lane: 0, other.lane: 0}
    while not book.receipts.empty():
        lane, committed = book.receipts.get()
        assert committed is not None
        assert committed - newest[lane] <= 64
        newest[lane] = committed
    assert set(newest.values()) == {1000}


def test_reopened_session_stands_where_it_stood(path: Path) -> None:
    for start, end in ((1, 4), (4, 9)):
        book = Book(path)
        opened = book.open()
        assert opened.standing.acknowledged == start - 1
        assert opened.standing.epoch == 1
        book.append(opened, *range(start, end))
        book.store.close()
    assert sequences(path) == list(range(1, 9))


def test_session_is_opened_after_what_was_appended_before(book: Book) -> None:
    opened = book.open()
    book.append(opened, *range(1, 200))
    assert book.open().standing.acknowledged == 199


def test_tenants_and_sessions_are_apart(book: Book, path: Path) -> None:
    for tenant, session in (("acme", "s1"), ("acme", "s2"), ("brix", "s1")):
        opened = book.open(session, tenant=tenant)
        assert opened.standing.acknowledged == 0
        book.append(opened, 1, 2)
    book.settle()
    assert sequences(path) == [1, 2] * 3
    assert sequences(path, tenant="brix") == [1, 2]
    assert [known.session for known in read_sessions(path, tenant="acme")] == ["s1", "s2"]


def test_session_of_another_user(book: Book) -> None:
    book.open(user="ann")
    with pytest.raises(Refused, match="another user"):
        book.open(user="bob")
    assert book.store.healthy


def test_counts(book: Book, path: Path) -> None:
    opened = book.open()
    book.append(opened, 1, 2)
    book.append(opened, 5, gap=Gap(3, 5))
    book.store.note_repeat(opened.lane, Repeat(1), 7)
    book.store.note_repeat(opened.lane, Repeat(2), 8)
    book.store.note_gap(opened.lane, Gap(6, 9), 9)
    book.settle()
    (known,) = read_sessions(path)
    assert (known.acknowledged, known.batches, known.ticks) == (5, 3, 15)
    assert (known.repeats, known.gaps, known.bytes) == (2, 2, len(b"payload 1") * 3)
    totals = book.store.totals
    assert (totals.sessions, totals.batches, totals.ticks) == (1, 3, 15)
    assert (totals.repeats, totals.gaps) == (2, 2)
    with sqlite3.connect(path) as database:
        gaps = database.execute("SELECT expected, received FROM gaps ORDER BY 1").fetchall()
    database.close()
    assert gaps == [(3, 5), (6, 9)]


def test_totals_survive_a_restart(path: Path) -> None:
    first = Book(path)
    first.append(first.open(), 1, 2, 3)
    first.settle()
    first.store.close()
    second = Book(path)
    assert second.store.totals == first.store.totals
    second.store.close()


# ---- Hand-over --------------------------------------------------------------------------------


def test_hand_over_is_recorded_and_no_gap(book: Book, path: Path) -> None:
    book.append(book.open(), 1, 2)
    opened = book.open(first_batch=10)
    assert opened.standing.handed_over == (Span(3, 9),)
    assert (opened.standing.acknowledged, opened.standing.epoch) == (9, 1)
    book.append(opened, 10)
    book.settle()
    (known,) = read_sessions(path)
    assert (known.acknowledged, known.handed_over, known.gaps, known.epoch) == (10, 7, 0, 1)
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT tenant, session, first, last FROM handovers").fetchall()
    database.close()
    assert rows == [("acme", "s1", 3, 9)]


@pytest.mark.parametrize("first_batch", [None, 1, 2, 3])
def test_no_hand_over_where_the_client_holds_what_follows(
    book: Book, first_batch: int | None
) -> None:
    book.append(book.open(), 1, 2)
    opened = book.open(first_batch=first_batch)
    assert opened.standing.handed_over == ()
    assert (opened.standing.acknowledged, opened.standing.epoch) == (2, 1)


def test_session_that_began_at_another_gateway(book: Book) -> None:
    opened = book.open(first_batch=101)
    assert opened.standing.handed_over == (Span(1, 100),)
    assert (opened.standing.acknowledged, opened.standing.epoch) == (100, 1)


def test_greatest_first_batch(book: Book) -> None:
    assert book.open(first_batch=2**63 - 1).standing.acknowledged == 2**63 - 2


def test_merged_store_resumes_after_its_newest_batch(path: Path) -> None:
    book = Book(path)
    book.append(book.open(), 1, 2)
    book.store.close()
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO batches VALUES ('acme','s1',3,x'00',1,0,1,'ann')")
    database.close()
    book = Book(path)
    opened = book.open()
    assert opened.standing.acknowledged == 3
    book.append(opened, 4)
    assert book.settle() == [4]
    book.store.close()


# ---- Resuming ---------------------------------------------------------------------------------


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(path) as database:
        found = database.execute(query).fetchall()
    database.close()
    return found


def kinds(path: Path) -> list[tuple[str, int]]:
    """Of the events, oldest first."""
    return [
        (event.kind, event.value) for event in read_events(path, tenant="acme", newest=100)[::-1]
    ]


def test_a_restored_store_counts_what_it_lost(path: Path) -> None:
    book = Book(path)
    book.append(book.open(), 1, 2, 3)
    book.store.close()
    backup = path.read_bytes()
    book = Book(path)
    book.append(book.open(), *range(4, 11))
    book.store.close()
    path.write_bytes(backup)
    book = Book(path)
    opened = book.open(first_batch=9, acknowledged=10)
    assert (opened.standing.point, opened.standing.epoch) == (8, 2)
    assert book.open(first_batch=9, acknowledged=10).standing.epoch == 2
    assert book.store.totals.gaps == 1
    book.store.close()
    assert rows(path, "SELECT expected, received, reason FROM gaps") == [(4, 9, "store_restored")]
    assert rows(path, "SELECT * FROM handovers") == []
    assert kinds(path) == [("store_restored", 7), ("lost", 5)]


def test_what_the_client_gave_up_is_a_gap_with_its_reason(book: Book, path: Path) -> None:
    book.append(book.open(), 1, 2)
    book.open(first_batch=10, acknowledged=2, given_up=(Span(4, 8),))
    (known,) = read_sessions(path)
    assert (known.acknowledged, known.gaps, known.handed_over, known.epoch) == (9, 1, 2, 1)
    assert rows(path, "SELECT expected, received, reason FROM gaps") == [(4, 9, "given_up")]
    assert kinds(path) == [("given_up", 5), ("handover", 1), ("handover", 1)]


def test_checksums_of_what_the_client_still_holds(book: Book) -> None:
    book.append(book.open(), *range(1, 9))
    checksums = [crc32c.crc32c(f"payload {n}".encode()) for n in range(1, 9)]
    assert book.open(first_batch=6).stored_crc32c == checksums[5:]
    assert book.open(first_batch=1).stored_crc32c == checksums
    assert book.open(first_batch=9).stored_crc32c == []
    assert book.open().stored_crc32c == []
    assert book.open(first_batch=3, resend_from=7).stored_crc32c == checksums[2:6]
    # Batches that another gateway has are none of ours: what is told ends at the point.
    book.append(book.open(first_batch=12), 12, 13)
    assert book.open(first_batch=5).stored_crc32c == [
        crc32c.crc32c(f"payload {n}".encode()) for n in (12, 13)
    ]


def test_checksums_are_bounded(book: Book) -> None:
    book.append(book.open(), *range(1, MAX_STORED_CHECKSUMS + 11))
    stored = book.open(first_batch=1).stored_crc32c
    assert len(stored) == MAX_STORED_CHECKSUMS
    assert stored[0] == crc32c.crc32c(b"payload 11")


def again(sequence: int, payload: bytes) -> Batch:
    return Batch(sequence, payload, crc32c.crc32c(payload), 7, None, again=True)


def test_a_batch_sent_again_corrects_what_was_stored(book: Book, path: Path) -> None:
    book.append(book.open(), 1, 2, 3)
    opened = book.open(first_batch=1, resend_from=2)
    assert opened.standing.point == 1
    for batch in (again(2, b"as it was sent"), again(3, b"payload 3")):
        book.store.append(opened.lane, batch, 5)
    book.append(opened, 4)
    assert book.settle()[-1] == 4
    assert [b.payload for b in read_batches(path)] == [
        b"payload 1",
        b"as it was sent",
        b"payload 3",
        b"payload 4",
    ]
    wrong, right = crc32c.crc32c(b"payload 2"), crc32c.crc32c(b"as it was sent")
    assert rows(path, "SELECT * FROM corrections") == [
        ("acme", "s1", 2, wrong, right, 5, b"payload 2")
    ]
    (known,) = read_sessions(path)
    assert (known.acknowledged, known.batches, known.repeats) == (4, 4, 1)
    assert (known.ticks, known.bytes) == (22, sum(len(b.payload) for b in read_batches(path)))
    totals = book.store.totals
    assert (totals.corrections, totals.repeats, totals.ticks) == (1, 1, 22)
    assert kinds(path) == [("correction", 2)]
    assert book.open(first_batch=2).stored_crc32c[0] == right


def test_a_batch_sent_again_that_another_gateway_has_is_stored(book: Book, path: Path) -> None:
    book.append(book.open(), 1)
    book.append(book.open(first_batch=4), 4)
    opened = book.open(first_batch=3, resend_from=3)
    book.store.append(opened.lane, again(3, b"three"), 5)
    assert book.settle()[-1] == 3
    assert sequences(path) == [1, 3, 4]


def test_a_delayed_upgrade_is_refused_after_a_restart_too(path: Path) -> None:
    book = Book(path)
    book.open(attempt=Attempt("aa", 5))
    book.store.close()
    book = Book(path)
    with pytest.raises(Refused) as refused:
        book.open(attempt=Attempt("aa", 4))
    assert refused.value.status == 409
    assert book.store.healthy
    book.open(attempt=Attempt("aa", 6))
    book.store.close()


def test_a_fork_is_remembered(book: Book, path: Path) -> None:
    book.append(book.open("old"), 1, 2, 3)
    opened = book.open("new", first_batch=3, continues="old")
    assert (opened.standing.point, opened.standing.handed_over) == (2, ())
    book.append(opened, 3)
    book.settle()
    assert rows(path, "SELECT session, continues FROM sessions ORDER BY 1") == [
        ("new", "old"),
        ("old", None),
    ]
    assert kinds(path) == [("fork", 2)]


# ---- Events -----------------------------------------------------------------------------------


def event(value: int, tenant: str = "acme") -> Event:
    return Event(1_700_000_000_000, tenant, "s1", Kind.CONNECTED, value, "here")


def test_events_are_kept_newest_first_and_by_tenant(book: Book, path: Path) -> None:
    for value in range(1, 6):
        book.store.note(event(value))
    book.store.note(event(9, "brix"))
    book.store.note(event(10, ""))
    book.settle()
    found = read_events(path, tenant="acme", newest=3)
    assert [each.value for each in found] == [10, 5, 4]
    assert found[1] == event(5)


def test_old_events_go(book: Book, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 10)
    for value in range(1, 26):
        book.store.note(event(value))
        book.settle()
    assert [each.value for each in read_events(path, tenant="acme", newest=99)] == list(
        range(25, 15, -1)
    )


def test_event_log(path: Path, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    for value in (1, 2):
        store = Store(path, lambda receipts: None, event_log=EventLog(log))
        store.note(event(value))
        store.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["value"] for line in lines] == [1, 2]
    assert lines[0] == {
        "at": "2023-11-14T22:13:20.000+00:00",
        "at_ms": 1_700_000_000_000,
        "tenant": "acme",
        "session": "s1",
        "kind": "connected",
        "value": 1,
        "text": "here",
    }


def test_event_log_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(LogProblem, match="nowhere"):
        EventLog(tmp_path / "nowhere" / "events.jsonl")


def test_a_failing_store_is_told_once_and_kept_when_it_is_well(book: Book, path: Path) -> None:
    opened = book.open()
    limit_pages(book, 1)
    for sequence in (1, 2):
        book.store.append(opened.lane, Batch(sequence, b"x" * 100_000, 0, 5), 1)
        book.settle()
        opened = book.open()
    limit_pages(book, 1000)
    book.append(opened, 1)
    book.settle()
    # The opening between the two was well.
    assert kinds(path) == [("store_failing", 1), ("store_failing", 2)]


# ---- Stores of older layouts ------------------------------------------------------------------


@pytest.fixture
def layout_1(path: Path) -> Path:
    """A store that tpb 0.1.0 wrote: sessions plain, handed and gap of demo/ann."""
    return unpack("layout-1.db.gz", path)


def unpack(name: str, path: Path) -> Path:
    made = Path(__file__).parent / "data" / name
    path.write_bytes(gzip.decompress(made.read_bytes()))
    return path


def test_a_store_of_layout_1_is_read_as_it_is(layout_1: Path) -> None:
    content = layout_1.read_bytes()
    assert sequences(layout_1) == [1, 4, 1, 2, 6, 7, 1, 2, 3]
    assert [known.session for known in read_sessions(layout_1)] == ["gap", "handed", "plain"]
    assert sum(len(chunk) for chunk in read_ticks(layout_1)) == 45
    assert read_events(layout_1, tenant="demo", newest=5) == []
    (figures,) = read_quality(layout_1).values()
    assert (figures.total, figures.missing) == (45, 10)
    assert layout_1.read_bytes() == content


def test_a_store_of_layout_1_is_brought_up_to_date(layout_1: Path) -> None:
    before = list(read_batches(layout_1))
    book = Book(layout_1)
    opened = book.open("plain", tenant="demo")
    assert (opened.standing.acknowledged, opened.standing.epoch) == (3, 1)
    handed = book.open("handed", tenant="demo", acknowledged=7, first_batch=8)
    assert (handed.standing.acknowledged, handed.standing.epoch) == (7, 2), "it never goes back"
    book.append(opened, 4)
    assert book.settle()[-1] == 4
    book.store.close()
    assert list(read_batches(layout_1, session="handed")) == [
        batch for batch in before if batch.session == "handed"
    ]
    assert rows(layout_1, "PRAGMA user_version") == [(schema.VERSION,)]
    assert rows(layout_1, "SELECT expected, received, reason FROM gaps") == [(2, 4, "jump")]
    Book(layout_1).store.close()


def test_a_store_of_layout_2_is_read_as_it_is_and_brought_up_to_date(path: Path) -> None:
    """It holds sessions plain of demo/demo and other of demo/ann."""
    content = unpack("layout-2.db.gz", path).read_bytes()
    before = list(read_batches(path))
    assert [batch.name[1:] for batch in before] == [
        *(("other", sequence) for sequence in (1, 2, 3)),
        *(("plain", sequence) for sequence in (1, 2, 3)),
    ]
    assert path.read_bytes() == content
    book = Book(path)
    assert book.store.pairs_at_start == {}
    assert book.store.streamed_at_start == {
        ("demo", user): {"EURUSD": 9, "GBPUSD": 3} for user in ("demo", "ann")
    }
    book.append(book.open("plain", tenant="demo", user="demo"), 4)
    assert book.settle()[-1] == 4
    book.store.close()
    assert [batch for batch in read_batches(path) if batch.batch_sequence < 4] == before
    assert rows(path, "PRAGMA user_version") == [(schema.VERSION,)]


@pytest.mark.parametrize("older", ["layout-1.db.gz", "layout-2.db.gz"])
def test_a_brought_up_store_is_as_a_new_one(older: str, path: Path, tmp_path: Path) -> None:
    Book(unpack(older, path)).store.close()
    Book(tmp_path / "new.db").store.close()
    columns = (
        'SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master m,'
        " pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2"
    )
    assert rows(path, columns) == rows(tmp_path / "new.db", columns)


# ---- A commit that fails ----------------------------------------------------------------------


def limit_pages(book: Book, spare: int) -> None:
    """Makes SQLite find the disk full after so many more pages."""
    book.store.sync().result(WAIT_S)
    database = book.store._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages + spare}")


def test_full_disk_acknowledges_nothing_and_recovers(book: Book, path: Path) -> None:
    opened = book.open()
    book.append(opened, 1, 2, 3)
    assert book.settle()[-1] == 3
    limit_pages(book, 2)
    big = Batch(4, b"x" * 100_000, 0, 5, None)
    book.store.append(opened.lane, big, 4)
    assert book.settle() == [None]
    assert (book.store.failed_commits, book.store.healthy) == (1, False)
    # What this connection sends after the lost batch would leave a hole.
    book.append(opened, 5)
    assert None not in book.settle()
    assert sequences(path) == [1, 2, 3]

    limit_pages(book, 100_000)
    again = book.open()
    assert again.standing.acknowledged == 3
    book.append(again, 4, 5)
    assert book.settle()[-1] == 5
    assert sequences(path) == [1, 2, 3, 4, 5]
    assert book.store.healthy


def test_failure_of_one_transaction_spares_sessions_outside_it(book: Book, path: Path) -> None:
    unlucky, lucky = book.open("s1"), book.open("s2")
    limit_pages(book, 2)
    book.store.append(unlucky.lane, Batch(1, b"x" * 100_000, 0, 5, None), 1)
    assert book.settle() == [None]
    limit_pages(book, 100)
    book.append(lucky, 1)
    assert book.settle() == [1]
    assert sequences(path) == [1]


# ---- Files that are no store ------------------------------------------------------------------


def test_file_is_its_owners_alone(book: Book, path: Path) -> None:
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_survives_a_power_cut(book: Book) -> None:
    database = book.store._database
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize(
    "content", [b"not a database" * 500, b"SQLite format 3\x00" + b"\xff" * 9000]
)
def test_foreign_or_damaged_file_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreProblem) as problem:
        Book(path)
    assert str(path) in problem.value.what
    assert path.read_bytes() == content


def test_database_of_something_else_is_left_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE batches (x)")
    database.close()
    content = path.read_bytes()
    with pytest.raises(StoreProblem, match="no store"):
        Book(path)
    with pytest.raises(StoreProblem, match="no store"):
        list(read_batches(path))
    assert path.read_bytes() == content


def test_layout_of_a_later_version(path: Path) -> None:
    Book(path).store.close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    with pytest.raises(StoreProblem, match="Update tpb"):
        Book(path)


def test_damage_inside_a_store_is_told_not_stored_over(path: Path) -> None:
    book = Book(path)
    book.append(book.open(), *range(1, 500))
    book.store.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xaa" * (len(content) - 4096 * 2)
    path.write_bytes(content)
    with pytest.raises(StoreProblem):
        list(read_batches(path))


@pytest.mark.parametrize("place", ["missing/ticks.db", "."])
def test_place_where_no_file_can_be(tmp_path: Path, place: str) -> None:
    with pytest.raises(StoreProblem):
        Book(tmp_path / place)


def test_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    Book(path).store.close()
    assert read_sessions(path) == []


# ---- One owner --------------------------------------------------------------------------------


def test_second_gateway_on_the_same_store(book: Book, path: Path) -> None:
    with pytest.raises(StoreBusy):
        Book(path)


def test_store_is_free_again_after_close(path: Path) -> None:
    Book(path).store.close()
    Book(path).store.close()


def test_lock_goes_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "thing"
    script = (
        "import pathlib, sys; from tpb.gateway.owner import SoleOwner\n"
        "owner = SoleOwner(pathlib.Path(sys.argv[1])); print('mine', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(InUse):
            SoleOwner(path)
        other.kill()
    with SoleOwner(path):
        pass
