"""The reading side of a store: sessions, batches and ticks, as they were when the reading began.

A gateway may go on writing meanwhile; nothing here holds it up. Several stores, as those of a
primary and a backup gateway, are read as one: a batch that both hold comes once.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import chain, groupby, repeat
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpb.gateway import schema
from tpb.gateway.chain import OlderTicks, least_numbers, older_relatives, repeated_numbers
from tpb.gateway.events import Event, Kind
from tpb.gateway.schema import StoreProblem
from tpb.tick import TICK_DTYPE
from tpb.wire.trading.market_data_pb2 import MarketDataStream, TickData

DEFAULT_CHUNK_TICKS = 65536

Stores = Path | Sequence[Path]


@dataclass(frozen=True, slots=True)
class StoredSession:
    tenant: str
    session: str
    user_id: str
    epoch: int
    acknowledged: int  # newest batch_sequence stored or handed over
    batches: int
    ticks: int
    bytes: int
    repeats: int
    gaps: int
    handed_over: int


@dataclass(frozen=True, slots=True)
class StoredBatch:
    tenant: str
    session: str
    batch_sequence: int
    payload: bytes
    crc32c: int
    ticks: int
    received_at_ms: int
    user_id: str

    @property
    def name(self) -> tuple[str, str, int]:
        return self.tenant, self.session, self.batch_sequence


@dataclass(frozen=True, slots=True)
class StoredTicks:
    """Ticks of one session in order of batch_sequence and index in the batch; equal columns."""

    tenant: str
    session: str
    batch_sequence: NDArray[np.int64]
    symbol: NDArray[np.object_]  # of str
    sequence_number: NDArray[np.int64]
    spread: NDArray[np.float64]
    ticks: NDArray[np.void]  # TICK_DTYPE: compares with what was sent
    copies: int = 0  # ticks left out here: a session before a fork holds them (chain.py)

    def __len__(self) -> int:
        return len(self.ticks)

    def without(self, copies: NDArray[np.bool_]) -> "StoredTicks":
        kept = ~copies
        return StoredTicks(
            self.tenant,
            self.session,
            self.batch_sequence[kept],
            self.symbol[kept],
            self.sequence_number[kept],
            self.spread[kept],
            self.ticks[kept],
            self.copies + int(copies.sum()),
        )


def read_sessions(store: Path, *, tenant: str | None = None) -> list[StoredSession]:
    columns = ", ".join(StoredSession.__slots__)
    where, values = _where(tenant=tenant)
    with reading(store) as database:
        rows = database.execute(
            f"SELECT {columns} FROM sessions {where} ORDER BY tenant, session", values
        )
        return [StoredSession(*row) for row in rows]


def read_events(store: Path, *, tenant: str, newest: int) -> list[Event]:
    """The newest events that concern a tenant, newest first."""
    with reading(store) as database:
        if schema.version_of(database) < 2:
            return []
        rows = database.execute(
            "SELECT at_ms, tenant, session, kind, value, text FROM events"
            " WHERE tenant IN (?, '') ORDER BY number DESC LIMIT ?",
            (tenant, newest),
        )
        return [
            Event(at_ms, of, session, Kind(kind), value, text)
            for at_ms, of, session, kind, value, text in rows
        ]


def read_batches(
    stores: Stores, *, tenant: str | None = None, session: str | None = None
) -> Iterator[StoredBatch]:
    """In order of tenant, session, batch_sequence; not all in memory.

    Where several stores hold other batches under one name, all of these come.
    """
    if isinstance(stores, Path):
        return _batches_of(stores, tenant, session)
    each = [_batches_of(store, tenant, session) for store in stores]
    return _each_once(merge(*each, key=attrgetter("name")))


def _batches_of(store: Path, tenant: str | None, session: str | None) -> Iterator[StoredBatch]:
    columns = ", ".join(StoredBatch.__slots__)
    where, values = _where(tenant=tenant, session=session)
    wanted = f"SELECT {columns} FROM batches {where}"
    order = "tenant, session, batch_sequence"
    with reading(store) as database:
        if _has_conflicts(database):
            wanted = (
                f"SELECT {columns} FROM (SELECT *, 0 AS late FROM batches {where}"
                f" UNION ALL SELECT *, 1 FROM conflicts {where})"
            )
            values, order = [*values, *values], f"{order}, late"
        for row in database.execute(f"{wanted} ORDER BY {order}", values):
            yield StoredBatch(*row)


def _has_conflicts(database: sqlite3.Connection) -> bool:
    return schema.version_of(database) >= 2 and bool(
        database.execute("SELECT EXISTS (SELECT 1 FROM conflicts)").fetchone()[0]
    )


def _each_once(batches: Iterable[StoredBatch]) -> Iterator[StoredBatch]:
    for _, namesakes in groupby(batches, key=attrgetter("name")):
        seen: list[bytes] = []
        for batch in namesakes:
            if batch.payload not in seen:
                seen.append(batch.payload)
                yield batch


def read_ticks(
    stores: Stores,
    *,
    tenant: str | None = None,
    session: str | None = None,
    chunk_ticks: int = DEFAULT_CHUNK_TICKS,
) -> Iterator[StoredTicks]:
    """In order of tenant, session, batch_sequence, index; about chunk_ticks at a time.

    Two sessions are never in one chunk. Each tick comes once: copies after a fork are left out and
    counted, and so are those of two lives of one session that two gateways served.
    """
    continues = _continues(stores)
    in_conflict = _in_conflict(stores) if isinstance(stores, Path) else None
    batches = read_batches(stores, tenant=tenant, session=session)
    for (tenant, session), of_session in groupby(batches, key=attrgetter("tenant", "session")):
        older = _older_ticks(stores, tenant, session, continues)
        has_one_life = in_conflict is not None and (tenant, session) not in in_conflict
        lives = None if has_one_life else _lives(stores, tenant, session)
        for chunk in _decoded(of_session, chunk_ticks):
            shown = chunk if older is None else chunk.without(older.copies_in(chunk))
            yield shown if lives is None else shown.without(lives.add(shown))


def _lives(stores: Stores, tenant: str, session: str) -> OlderTicks | None:
    """Of a session whose numbers do not simply rise: what tells its repeated ticks."""
    newest: dict[str, int] = {}
    least: dict[str, int] = {}
    batches = read_batches(stores, tenant=tenant, session=session)
    for chunk in _decoded(batches, DEFAULT_CHUNK_TICKS):
        for symbol, repeated in repeated_numbers(chunk, newest).items():
            least[symbol] = min(repeated, least.get(symbol, repeated))
    return OlderTicks(least) if least else None


def _in_conflict(store: Path) -> set[tuple[str, str]]:
    """Sessions that a merge found to have had two lives."""
    with reading(store) as database:
        if schema.version_of(database) < 2:
            return set()
        return set(database.execute("SELECT DISTINCT tenant, session FROM conflicts"))


def _decoded(batches: Iterable[StoredBatch], chunk_ticks: int) -> Iterator[StoredTicks]:
    """Of one session."""
    waiting: list[StoredBatch] = []
    count = 0
    for batch in batches:
        if count >= chunk_ticks:
            yield decode(waiting)
            waiting, count = [], 0
        waiting.append(batch)
        count += batch.ticks
    if waiting:
        yield decode(waiting)


def _continues(stores: Stores) -> dict[str, dict[str, str]]:
    """By tenant: the session that each forked session goes on from."""
    found: dict[str, dict[str, str]] = {}
    for store in [stores] if isinstance(stores, Path) else stores:
        with reading(store) as database:
            if schema.version_of(database) < 2:
                continue
            for tenant, session, older in database.execute(
                "SELECT tenant, session, continues FROM sessions WHERE continues IS NOT NULL"
            ):
                found.setdefault(tenant, {})[session] = older
    return found


def _older_ticks(
    stores: Stores, tenant: str, session: str, continues: dict[str, dict[str, str]]
) -> OlderTicks | None:
    """What a session may hold copies of; None where it goes on from no other."""
    older_sessions = older_relatives(session, continues.get(tenant, {}))
    if not older_sessions:
        return None

    def ticks_of(name: str) -> Iterator[StoredTicks]:
        return _decoded(read_batches(stores, tenant=tenant, session=name), DEFAULT_CHUNK_TICKS)

    least: dict[str, int] = {}
    for chunk in ticks_of(session):
        for symbol, number in least_numbers(chunk).items():
            least[symbol] = min(number, least.get(symbol, number))
    older = OlderTicks(least)
    for name in older_sessions:
        for chunk in ticks_of(name):
            older.add(chunk)
    return older


def concatenate(chunks: list[StoredTicks]) -> StoredTicks:
    """Chunks of one session as one."""
    sessions = {(chunk.tenant, chunk.session) for chunk in chunks}
    if len(sessions) != 1:
        raise ValueError(f"{len(sessions)} sessions cannot be one column of ticks")
    ((tenant, session),) = sessions
    return StoredTicks(
        tenant,
        session,
        np.concatenate([chunk.batch_sequence for chunk in chunks]),
        np.concatenate([chunk.symbol for chunk in chunks]),
        np.concatenate([chunk.sequence_number for chunk in chunks]),
        np.concatenate([chunk.spread for chunk in chunks]),
        np.concatenate([chunk.ticks for chunk in chunks]),
        sum(chunk.copies for chunk in chunks),
    )


# As TICK_DTYPE, with the signs of the wire; the same bytes.
_WIRE_DTYPE = np.dtype(
    [
        (name, {"volume": "<i8", "flags": "<i4"}.get(name, TICK_DTYPE[name].str))
        for name in TICK_DTYPE.names or ()
    ]
)
_tick_fields = attrgetter(*(TICK_DTYPE.names or ()))


def decode(batches: Sequence[StoredBatch]) -> StoredTicks:
    """Batches of one session as columns."""
    found: list[TickData] = []
    lengths = []
    for batch in batches:
        ticks = MarketDataStream.FromString(batch.payload).ticks
        found += ticks
        lengths.append(len(ticks))
    count = len(found)
    sequences = chain.from_iterable(
        repeat(batch.batch_sequence, length) for batch, length in zip(batches, lengths, strict=True)
    )
    symbols = np.empty(count, dtype=np.object_)
    symbols[:] = [tick.symbol for tick in found]
    return StoredTicks(
        tenant=batches[0].tenant,
        session=batches[0].session,
        batch_sequence=np.fromiter(sequences, np.int64, count),
        symbol=symbols,
        sequence_number=np.fromiter((tick.sequence_number for tick in found), np.int64, count),
        spread=np.fromiter((tick.spread for tick in found), np.float64, count),
        ticks=np.fromiter(map(_tick_fields, found), _WIRE_DTYPE, count).view(TICK_DTYPE),
    )


def _where(**wanted: str | None) -> tuple[str, list[str]]:
    given = {column: value for column, value in wanted.items() if value is not None}
    if not given:
        return "", []
    return "WHERE " + " AND ".join(f"{column} = ?" for column in given), list(given.values())


@contextmanager
def reading(store: Path) -> Iterator[sqlite3.Connection]:
    """The store, read only; what SQLite objects to meanwhile becomes a StoreProblem."""
    if not store.is_file():
        raise StoreProblem(
            f"There is no store {store}.",
            "The file does not exist.",
            "Name the file that the gateway was given with --store.",
        )
    database = None
    try:
        database = sqlite3.connect(uri_of(store), uri=True)
        schema.check(database, store)
        yield database
    except sqlite3.Error as problem:
        raise schema.unusable(store, problem) from problem
    finally:
        if database is not None:
            database.close()


def uri_of(store: Path) -> str:
    """How SQLite opens the store to read it only; raises sqlite3.Error."""
    uri = f"{store.resolve().as_uri()}?mode=ro"
    database = sqlite3.connect(uri, uri=True)
    try:
        database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        # A store in a folder that cannot be written to, with no gateway and nothing in a log file
        # beside it, can only be read as a file that does not change.
        if Path(f"{store}-wal").exists():
            raise
        return f"{uri}&immutable=1"
    finally:
        database.close()
    return uri
