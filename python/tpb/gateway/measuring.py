"""The figures of quality in a store file.

They are written down now and then; `sessions.measured` says up to which batch. What was stored
after that is measured from the batches themselves, so that a crash, or a store from before there
were figures, makes no difference. Repeats alone leave no trace there: of those the last second
before a crash is not counted.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from google.protobuf.message import DecodeError

from tpb.gateway import schema
from tpb.gateway.chain import OlderTicks, least_numbers, relatives
from tpb.gateway.quality import (
    PERIOD_MS,
    FigureKey,
    Figures,
    Hole,
    Line,
    Quality,
    SessionKey,
    Stream,
    numbers_of,
)
from tpb.gateway.reading import StoredBatch, decode, reading
from tpb.wire.trading.market_data_pb2 import MarketDataStream

# Older figures go.
KEPT_PERIODS = 92 * 24
_PAGE_BATCHES = 256
_BATCH_COLUMNS = ", ".join(StoredBatch.__slots__)


def read_quality(store: Path, *, tenant: str | None = None) -> dict[FigureKey, Figures]:
    """The figures of a store file, up to its newest batch; in order of tenant, symbol, period."""
    with reading(store) as database:
        database.execute("BEGIN")  # one moment of a store that a gateway may be writing
        if schema.version_of(database) < 2:
            quality, found = Quality(), {}
        else:
            quality, found = load(database), figures_in(database)
        catch_up(database, quality, Copies(database))
        for key, figures in quality.figures.items():
            found.setdefault(key, Figures()).add(figures)
    return {key: found[key] for key in sorted(found) if tenant in (None, key.tenant)}


def figures_in(
    database: sqlite3.Connection, *, tenant: str | None = None, since_ms: int = 0
) -> dict[FigureKey, Figures]:
    rows = database.execute(
        "SELECT tenant, symbol, period_ms, total, missing, duplicates, out_of_sequence,"
        " latency_ticks, latency_sum_ms, latency_max_ms FROM quality"
        " WHERE (?1 IS NULL OR tenant = ?1) AND period_ms >= ?2"
        " ORDER BY tenant, symbol, period_ms",
        (tenant, since_ms - PERIOD_MS + 1),
    )
    return {FigureKey(*row[:3]): Figures(*row[3:]) for row in rows}


def load(database: sqlite3.Connection) -> Quality:
    """What was written down of the streams."""
    quality = Quality()
    for tenant, session, measured, excused in database.execute(
        "SELECT tenant, session, measured, excused FROM sessions"
    ):
        quality.streams[SessionKey(tenant, session)] = Stream({}, measured, bool(excused))
    for tenant, session, symbol, newest, inherited, excused, holes in database.execute(
        "SELECT tenant, session, symbol, newest, inherited, excused, holes FROM lines"
    ):
        stream = quality.streams.setdefault(SessionKey(tenant, session), Stream())
        stream.lines[symbol] = Line(
            newest, [Hole(*hole) for hole in json.loads(holes)], bool(excused), inherited
        )
    return quality


def write(database: sqlite3.Connection, quality: Quality) -> None:
    """Within a transaction; quality.forget() after its commit."""
    database.executemany(
        "INSERT INTO quality VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
        " total = total + excluded.total, missing = missing + excluded.missing,"
        " duplicates = duplicates + excluded.duplicates,"
        " out_of_sequence = out_of_sequence + excluded.out_of_sequence,"
        " latency_ticks = latency_ticks + excluded.latency_ticks,"
        " latency_sum_ms = latency_sum_ms + excluded.latency_sum_ms,"
        " latency_max_ms = max(latency_max_ms, excluded.latency_max_ms)",
        [
            (
                *key,
                figures.total,
                figures.missing,
                figures.duplicates,
                figures.out_of_sequence,
                figures.latency_ticks,
                figures.latency_sum_ms,
                figures.latency_max_ms,
            )
            for key, figures in quality.figures.items()
        ],
    )
    changed = [(key, quality.streams[key]) for key in quality.changed]
    database.executemany(
        "UPDATE sessions SET measured = ?, excused = ? WHERE tenant = ? AND session = ?",
        [(stream.measured, stream.excused, *key) for key, stream in changed],
    )
    database.executemany(
        "INSERT OR REPLACE INTO lines VALUES (?,?,?,?,?,?,?)",
        [
            (*key, symbol, line.newest, line.inherited, line.excused, json.dumps(line.holes))
            for key, stream in changed
            for symbol, line in stream.lines.items()
        ],
    )


def drop_old(database: sqlite3.Connection, now_ms: int) -> None:
    database.execute(
        "DELETE FROM quality WHERE period_ms < ?", (now_ms - KEPT_PERIODS * PERIOD_MS,)
    )


def catch_up(database: sqlite3.Connection, quality: Quality, copies: "Copies") -> None:
    """Measures what was stored after the figures were written down."""
    for key, stream in _older_first(database, quality):
        for batch in _batches_after(database, key, stream.measured):
            if batch.batch_sequence > stream.measured + 1 and _was_handed_over(
                database, key, stream.measured + 1, batch.batch_sequence - 1
            ):
                quality.excuse(key)
            content = content_of(batch.payload)
            quality.take(
                key,
                batch.batch_sequence,
                numbers_of(content),
                sent_at_ms=content.batch_time_msc,
                received_at_ms=batch.received_at_ms,
                copies=copies.of(key, batch.payload),
            )


def content_of(payload: bytes) -> MarketDataStream:
    """What a stored batch holds: nothing where another program put something else there."""
    try:
        return MarketDataStream.FromString(payload)
    except DecodeError:
        return MarketDataStream()


def _was_handed_over(database: sqlite3.Connection, key: SessionKey, first: int, last: int) -> bool:
    return bool(
        database.execute(
            "SELECT 1 FROM handovers WHERE tenant = ? AND session = ? AND first <= ? AND last >= ?",
            (*key, last, first),
        ).fetchone()
    )


def _older_first(
    database: sqlite3.Connection, quality: Quality
) -> Iterator[tuple[SessionKey, Stream]]:
    """Sessions with batches that were not measured; a forked one after what it goes on from."""
    behind = [
        SessionKey(*row)
        for row in database.execute(
            "SELECT tenant, session FROM sessions AS known WHERE EXISTS ("
            " SELECT 1 FROM batches WHERE tenant = known.tenant AND session = known.session"
            f" AND batch_sequence > {_measured(database)})"
        )
    ]
    family = {key: relatives_of(database, key) for key in behind}
    behind.sort(key=lambda key: family[key].index(key))
    for key in behind:
        if len(family[key]) > 1 and family[key][0] != key and not quality.measures(key):
            quality.inherit(key, family[key])
        yield key, quality.streams.setdefault(key, Stream())


def relatives_of(database: sqlite3.Connection, key: SessionKey) -> list[SessionKey]:
    """The sessions of a forked session's family, itself among them; older ones first."""
    continues = _continues(database).get(key.tenant, {})
    return [SessionKey(key.tenant, name) for name in relatives(key.session, continues)]


def _measured(database: sqlite3.Connection) -> str:
    return "measured" if schema.version_of(database) >= 2 else "0"


def _batches_after(
    database: sqlite3.Connection, key: SessionKey, measured: int
) -> Iterator[StoredBatch]:
    for row in database.execute(
        f"SELECT {_BATCH_COLUMNS} FROM batches WHERE tenant = ? AND session = ?"
        " AND batch_sequence > ? ORDER BY batch_sequence",
        (*key, measured),
    ):
        yield StoredBatch(*row)


def _continues(database: sqlite3.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if schema.version_of(database) >= 2:
        for tenant, session, older in database.execute(
            "SELECT tenant, session, continues FROM sessions WHERE continues IS NOT NULL"
        ):
            found.setdefault(tenant, {})[session] = older
    return found


class Copies:
    """Finds, in batches of a forked session, the ticks that an older one holds."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._of: SessionKey | None = None
        self._older = OlderTicks({})

    def of(self, key: SessionKey, payload: bytes) -> Callable[[], Sequence[bool]]:
        return partial(self._find, key, payload)

    def _find(self, key: SessionKey, payload: bytes) -> Sequence[bool]:
        ticks = decode([StoredBatch(*key, 0, payload, 0, 0, 0, "")])
        least = least_numbers(ticks)
        if self._of != key:
            self._of, self._older = key, OlderTicks({})
        if not self._older.covers(least):
            self._older = self._look_back(key, self._older.reaching(least))
        found: list[bool] = self._older.copies_in(ticks).tolist()
        return found

    def _look_back(self, key: SessionKey, least: dict[str, int]) -> OlderTicks:
        older = OlderTicks(least)
        for relative in relatives_of(self._database, key):
            if relative == key:
                continue
            older.begin_session()
            for page in self._pages_back(*relative):
                older.add(decode(page))
                if older.reached:
                    break
        return older

    def _pages_back(self, tenant: str, session: str) -> Iterator[list[StoredBatch]]:
        rows = self._database.execute(
            f"SELECT {_BATCH_COLUMNS} FROM batches WHERE tenant = ? AND session = ?"
            " ORDER BY batch_sequence DESC",
            (tenant, session),
        )
        while page := [StoredBatch(*row) for row in rows.fetchmany(_PAGE_BATCHES)]:
            yield page
