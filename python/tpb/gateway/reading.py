"""The reading side of a store: sessions, batches and ticks, as they were when the reading began.

A gateway may go on writing meanwhile; nothing here holds it up.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from operator import attrgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpb.gateway import schema
from tpb.gateway.schema import StoreProblem
from tpb.tick import TICK_DTYPE
from tpb.wire.trading.market_data_pb2 import MarketDataStream, TickData

DEFAULT_CHUNK_TICKS = 65536


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

    def __len__(self) -> int:
        return len(self.ticks)


def read_sessions(store: Path, *, tenant: str | None = None) -> list[StoredSession]:
    columns = ", ".join(StoredSession.__slots__)
    where, values = _where(tenant=tenant)
    with _reading(store) as database:
        rows = database.execute(
            f"SELECT {columns} FROM sessions {where} ORDER BY tenant, session", values
        )
        return [StoredSession(*row) for row in rows]


def read_batches(
    store: Path, *, tenant: str | None = None, session: str | None = None
) -> Iterator[StoredBatch]:
    """In order of tenant, session, batch_sequence; not all in memory."""
    columns = ", ".join(StoredBatch.__slots__)
    where, values = _where(tenant=tenant, session=session)
    with _reading(store) as database:
        rows = database.execute(
            f"SELECT {columns} FROM batches {where} ORDER BY tenant, session, batch_sequence",
            values,
        )
        for row in rows:
            yield StoredBatch(*row)


def read_ticks(
    store: Path,
    *,
    tenant: str | None = None,
    session: str | None = None,
    chunk_ticks: int = DEFAULT_CHUNK_TICKS,
) -> Iterator[StoredTicks]:
    """In order of tenant, session, batch_sequence, index; about chunk_ticks at a time.

    Two sessions are never in one chunk.
    """
    waiting: list[StoredBatch] = []
    count = 0
    for batch in read_batches(store, tenant=tenant, session=session):
        of_another = waiting and (waiting[-1].tenant, waiting[-1].session) != (
            batch.tenant,
            batch.session,
        )
        if waiting and (of_another or count >= chunk_ticks):
            yield _decode(waiting)
            waiting, count = [], 0
        waiting.append(batch)
        count += batch.ticks
    if waiting:
        yield _decode(waiting)


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
    )


# As TICK_DTYPE, with the signs of the wire; the same bytes.
_WIRE_DTYPE = np.dtype(
    [
        (name, {"volume": "<i8", "flags": "<i4"}.get(name, TICK_DTYPE[name].str))
        for name in TICK_DTYPE.names or ()
    ]
)
_tick_fields = attrgetter(*(TICK_DTYPE.names or ()))


def _decode(batches: list[StoredBatch]) -> StoredTicks:
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
def _reading(store: Path) -> Iterator[sqlite3.Connection]:
    """The store, read only; what SQLite objects to meanwhile becomes a StoreProblem."""
    if not store.is_file():
        raise StoreProblem(
            f"There is no store {store}.",
            "The file does not exist.",
            "Name the file that the gateway was given with --store.",
        )
    database = None
    try:
        database = _connect(store)
        schema.check(database, store)
        yield database
    except sqlite3.Error as problem:
        raise schema.unusable(store, problem) from problem
    finally:
        if database is not None:
            database.close()


def _connect(store: Path) -> sqlite3.Connection:
    uri = store.resolve().as_uri()
    database = sqlite3.connect(f"{uri}?mode=ro", uri=True)
    try:
        database.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError:
        # A store in a folder that cannot be written to, with no gateway and nothing in a log file
        # beside it, can only be read as a file that does not change.
        database.close()
        if Path(f"{store}-wal").exists():
            raise
        database = sqlite3.connect(f"{uri}?mode=ro&immutable=1", uri=True)
    return database
