"""Makes one store of several, as those of a primary and a backup gateway.

A batch is named by (tenant, session, batch_sequence): what several stores hold under one name and
alike is kept once. What they hold otherwise is a conflict: the first store's stays in `batches`,
the others' go to `conflicts`. Sources are only read.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tpb.gateway import events, measuring, schema
from tpb.gateway.quality import Quality
from tpb.gateway.reading import reading, uri_of
from tpb.gateway.upgrade import Span
from tpb.problem import Problem

Progress = Callable[[int, int], None]  # batches done, batches in all


class MergeProblem(Problem):
    """The stores cannot be merged."""


@dataclass(frozen=True, slots=True)
class FromStore:
    """What one store brought."""

    path: Path
    batches: int
    new: int
    repeated: int  # held alike by a store named before it
    conflicts: int


class Conflict(NamedTuple):
    tenant: str
    session: str
    batch_sequence: int


class Missing(NamedTuple):
    """Batches that a gateway knows of and none of the stores holds."""

    tenant: str
    session: str
    span: Span
    reason: str  # handed_over, jump, store_restored or given_up


@dataclass(slots=True)
class Merged:
    into: Path
    stores: list[FromStore] = field(default_factory=list)
    sessions: int = 0
    batches: int = 0
    ticks: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "into": str(self.into),
            "stores": [
                {
                    "path": str(each.path),
                    "batches": each.batches,
                    "new": each.new,
                    "repeated": each.repeated,
                    "conflicts": each.conflicts,
                }
                for each in self.stores
            ],
            "sessions": self.sessions,
            "batches": self.batches,
            "ticks": self.ticks,
            "conflicts": [each._asdict() for each in self.conflicts],
            "missing": [
                {
                    "tenant": each.tenant,
                    "session": each.session,
                    "first": each.span.first,
                    "last": each.span.last,
                    "reason": each.reason,
                }
                for each in self.missing
            ],
        }


def merge_stores(
    stores: Sequence[Path], into: Path, progress: Progress = lambda done, of: None
) -> Merged:
    """Writes `into`, which appears when it is whole; raises MergeProblem, StoreProblem."""
    if into.exists():
        raise MergeProblem(
            f"The file {into} is there already.",
            "A merge makes a new store and replaces none.",
            "Name another file with --into, or move that one away.",
        )
    aside = into.with_name(f".{into.name}.partial")
    try:
        aside.unlink(missing_ok=True)
        os.close(os.open(aside, os.O_CREAT | os.O_RDWR, 0o600))
        merged = _merge(stores, aside, into, progress)
        aside.replace(into)
    except (OSError, sqlite3.Error) as problem:
        raise MergeProblem(
            f"Cannot write {into}.",
            f"{problem}.",
            "Check its folder, the room on the disk and the permissions.",
        ) from problem
    finally:
        aside.unlink(missing_ok=True)
    return merged


def _merge(stores: Sequence[Path], aside: Path, into: Path, progress: Progress) -> Merged:
    merged = Merged(into)
    database = sqlite3.connect(f"{aside.resolve().as_uri()}", uri=True, isolation_level=None)
    try:
        # Nobody else sees the file before it is whole.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        schema.create(database)
        done, of = 0, sum(map(_batches_in, stores))
        for store in stores:
            with _attached(database, store):
                before = done

                def tell(count: int, before: int = before) -> None:
                    progress(before + count, of)

                merged.stores.append(_take(database, store, tell))
                done += merged.stores[-1].batches
        _join(database, merged)
        quality = Quality()
        measuring.catch_up(database, quality, measuring.Copies(database))
        measuring.write(database, quality)
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA journal_mode = DELETE")
    finally:
        database.close()
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    return merged


def _batches_in(store: Path) -> int:
    with reading(store) as database:
        (count,) = database.execute("SELECT total(batches) FROM sessions").fetchone()
    return int(count)


@contextmanager
def _attached(database: sqlite3.Connection, store: Path) -> Iterator[None]:
    """The store as `source`, as it is at this moment."""
    with reading(store):  # tells what is no store, by name
        pass
    database.execute("ATTACH ? AS source", (uri_of(store),))
    try:
        database.execute("BEGIN")
        yield
        database.execute("COMMIT")
    except sqlite3.Error as problem:
        raise schema.unusable(store, problem) from problem
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
        database.execute("DETACH source")


_COLUMNS = "tenant, session, batch_sequence, payload, crc32c, ticks, received_at_ms, user_id"
_OF_SESSION = "WHERE tenant = ? AND session = ?"


def _take(database: sqlite3.Connection, store: Path, progress: Callable[[int], None]) -> FromStore:
    new = repeated = conflicts = 0
    sessions = database.execute(
        "SELECT tenant, session FROM source.sessions"
        " UNION SELECT DISTINCT tenant, session FROM source.batches"
    ).fetchall()
    for key in sessions:
        (count,) = database.execute(
            f"SELECT count(*) FROM source.batches {_OF_SESSION}", key
        ).fetchone()
        here = database.execute(
            f"INSERT OR IGNORE INTO conflicts SELECT {_COLUMNS} FROM source.batches AS other"
            f" {_OF_SESSION} AND EXISTS (SELECT 1 FROM main.batches AS known"
            " WHERE known.tenant = other.tenant AND known.session = other.session"
            " AND known.batch_sequence = other.batch_sequence AND known.crc32c != other.crc32c)",
            key,
        ).rowcount
        added = database.execute(
            f"INSERT OR IGNORE INTO main.batches SELECT {_COLUMNS} FROM source.batches"
            f" {_OF_SESSION}",
            key,
        ).rowcount
        new += added
        conflicts += here
        repeated += count - added - here
        progress(new + repeated + conflicts)
    _take_the_rest(database)
    return FromStore(store, new + repeated + conflicts, new, repeated, conflicts)


def _take_the_rest(database: sqlite3.Connection) -> None:
    layout = database.execute("PRAGMA source.user_version").fetchone()[0]
    is_new = layout >= 2
    continues, corrections = ("continues", "corrections") if is_new else ("NULL", "0")
    database.execute(
        "INSERT INTO sessions (tenant, session, user_id, epoch, acknowledged, repeats, continues,"
        f" corrections) SELECT tenant, session, user_id, epoch, acknowledged, repeats, {continues},"
        f" {corrections} FROM source.sessions WHERE true ON CONFLICT DO UPDATE SET"
        " epoch = max(epoch, excluded.epoch),"
        " acknowledged = max(acknowledged, excluded.acknowledged),"
        " repeats = repeats + excluded.repeats, corrections = corrections + excluded.corrections,"
        " continues = coalesce(continues, excluded.continues)"
    )
    database.execute("INSERT INTO handovers SELECT * FROM source.handovers")
    reason = "reason" if is_new else "'jump'"
    database.execute(
        "INSERT INTO gaps SELECT tenant, session, expected, received, at_ms,"
        f" {reason} FROM source.gaps"
    )
    if is_new:
        database.execute("INSERT INTO corrections SELECT * FROM source.corrections")
        database.execute(f"INSERT OR IGNORE INTO conflicts SELECT {_COLUMNS} FROM source.conflicts")
        database.execute(
            "INSERT INTO events (at_ms, tenant, session, kind, value, text)"
            " SELECT at_ms, tenant, session, kind, value, text FROM source.events"
        )
    if layout >= 3:
        # Of each user the choice that was changed last, as far as its count tells.
        database.execute(
            "INSERT INTO pairs SELECT * FROM source.pairs WHERE true ON CONFLICT DO UPDATE SET"
            " primary_symbols = excluded.primary_symbols, version = excluded.version,"
            " tier = excluded.tier, chosen = excluded.chosen WHERE excluded.version > version"
        )


def _join(database: sqlite3.Connection, merged: Merged) -> None:
    """What becomes of each store's accounts of what it lacks, and of the sums."""
    handovers = database.execute(
        "SELECT tenant, session, first, last, at_ms, 'handed_over' FROM handovers"
    ).fetchall()
    gaps = database.execute(
        "SELECT tenant, session, expected, received - 1, at_ms, reason FROM gaps"
    ).fetchall()
    database.execute("DELETE FROM handovers")
    database.execute("DELETE FROM gaps")
    seen: set[tuple[str, str, Span]] = set()
    for tenant, session, first, last, at_ms, reason in [*gaps, *handovers]:
        for span in _uncovered(_sequences(database, tenant, session, first, last), first, last):
            if (tenant, session, span) in seen:
                continue
            seen.add((tenant, session, span))
            merged.missing.append(Missing(tenant, session, span, reason))
            if reason == "handed_over":
                database.execute(
                    "INSERT INTO handovers VALUES (?,?,?,?,?)", (tenant, session, *span, at_ms)
                )
            else:
                database.execute(
                    "INSERT INTO gaps VALUES (?,?,?,?,?,?)",
                    (tenant, session, span.first, span.last + 1, at_ms, reason),
                )
    merged.missing.sort()
    database.execute(
        "UPDATE sessions SET (batches, ticks, bytes) = (SELECT count(*),"
        " coalesce(sum(ticks), 0), coalesce(sum(length(payload)), 0) FROM batches"
        " WHERE tenant = sessions.tenant AND session = sessions.session),"
        " gaps = (SELECT count(*) FROM gaps"
        " WHERE tenant = sessions.tenant AND session = sessions.session),"
        " handed_over = (SELECT coalesce(sum(last - first + 1), 0) FROM handovers"
        " WHERE tenant = sessions.tenant AND session = sessions.session)"
    )
    database.execute(
        "DELETE FROM events WHERE number NOT IN"
        " (SELECT number FROM events ORDER BY at_ms DESC, number DESC LIMIT ?)",
        (events.KEPT,),
    )
    merged.sessions, merged.batches, merged.ticks = map(
        int,
        database.execute("SELECT count(*), total(batches), total(ticks) FROM sessions").fetchone(),
    )
    merged.conflicts = [
        Conflict(*row)
        for row in database.execute(
            "SELECT tenant, session, batch_sequence FROM conflicts ORDER BY 1, 2, 3"
        )
    ]


def _sequences(
    database: sqlite3.Connection, tenant: str, session: str, first: int, last: int
) -> Iterable[int]:
    for (sequence,) in database.execute(
        f"SELECT batch_sequence FROM batches {_OF_SESSION} AND batch_sequence BETWEEN ? AND ?"
        " ORDER BY batch_sequence",
        (tenant, session, first, last),
    ):
        yield sequence


def _uncovered(sequences: Iterable[int], first: int, last: int) -> Iterator[Span]:
    """What ascending batches leave of a range."""
    for sequence in sequences:
        if sequence > first:
            yield Span(first, sequence - 1)
        first = sequence + 1
    if first <= last:
        yield Span(first, last)
