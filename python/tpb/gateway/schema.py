"""The layout of a store file, and whether a file is one.

A store is an SQLite database. `batches` holds every frame as it came: (tenant, session,
batch_sequence) names a batch for ever, so that two stores merge by INSERT OR IGNORE.
"""

import sqlite3
from itertools import chain
from pathlib import Path

from tpb.problem import Problem

# "TPBG": marks the file as a store, where `file` and SQLite look for it.
APPLICATION_ID = 0x54504247
VERSION = 3

_LAYOUT_1 = (
    # Ordered by its key: a session's batches lie together and in sequence.
    """
    CREATE TABLE batches (
        tenant         TEXT    NOT NULL,
        session        TEXT    NOT NULL,
        batch_sequence INTEGER NOT NULL,
        payload        BLOB    NOT NULL,
        crc32c         INTEGER NOT NULL,
        ticks          INTEGER NOT NULL,
        received_at_ms INTEGER NOT NULL,
        user_id        TEXT    NOT NULL,
        PRIMARY KEY (tenant, session, batch_sequence)
    ) WITHOUT ROWID
    """,
    # acknowledged: the resume point. epoch: 1, and 1 more with every restoration that was detected
    # (in layout 1: with every hand-over).
    """
    CREATE TABLE sessions (
        tenant       TEXT    NOT NULL,
        session      TEXT    NOT NULL,
        user_id      TEXT    NOT NULL,
        epoch        INTEGER NOT NULL DEFAULT 1,
        acknowledged INTEGER NOT NULL DEFAULT 0,
        batches      INTEGER NOT NULL DEFAULT 0,
        ticks        INTEGER NOT NULL DEFAULT 0,
        bytes        INTEGER NOT NULL DEFAULT 0,
        repeats      INTEGER NOT NULL DEFAULT 0,
        gaps         INTEGER NOT NULL DEFAULT 0,
        handed_over  INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (tenant, session)
    ) WITHOUT ROWID
    """,
    # Batches that another gateway acknowledged, first to last.
    """
    CREATE TABLE handovers (
        tenant  TEXT    NOT NULL,
        session TEXT    NOT NULL,
        first   INTEGER NOT NULL,
        last    INTEGER NOT NULL,
        at_ms   INTEGER NOT NULL
    )
    """,
    # Batches from `expected` up to before `received` did not come. Reasons, since layout 2: jump
    # (they may have come later), store_restored (this gateway lost them), given_up (the client).
    """
    CREATE TABLE gaps (
        tenant   TEXT    NOT NULL,
        session  TEXT    NOT NULL,
        expected INTEGER NOT NULL,
        received INTEGER NOT NULL,
        at_ms    INTEGER NOT NULL
    )
    """,
)

_LAYOUT_2 = (
    "ALTER TABLE gaps ADD COLUMN reason TEXT NOT NULL DEFAULT 'jump'",
    # The session this one goes on from after a fork; life and connection of its newest connection;
    # what the client had been acknowledged when the newest restoration was counted.
    "ALTER TABLE sessions ADD COLUMN continues TEXT",
    "ALTER TABLE sessions ADD COLUMN life TEXT",
    "ALTER TABLE sessions ADD COLUMN connection INTEGER",
    "ALTER TABLE sessions ADD COLUMN restored_from INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN corrections INTEGER NOT NULL DEFAULT 0",
    # How far the figures of quality go, and whether symbols not seen yet may start anywhere.
    "ALTER TABLE sessions ADD COLUMN measured INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN excused INTEGER NOT NULL DEFAULT 0",
    # Stored payloads that were replaced, because they were not what the client had sent.
    """
    CREATE TABLE corrections (
        tenant         TEXT    NOT NULL,
        session        TEXT    NOT NULL,
        batch_sequence INTEGER NOT NULL,
        old_crc32c     INTEGER NOT NULL,
        new_crc32c     INTEGER NOT NULL,
        at_ms          INTEGER NOT NULL,
        old_payload    BLOB    NOT NULL
    )
    """,
    # Batches of merged stores that bear the name of one in `batches` and are other than it: two
    # gateways served two copies of a client's journal. Their ticks count where no batch has them.
    """
    CREATE TABLE conflicts (
        tenant         TEXT    NOT NULL,
        session        TEXT    NOT NULL,
        batch_sequence INTEGER NOT NULL,
        payload        BLOB    NOT NULL,
        crc32c         INTEGER NOT NULL,
        ticks          INTEGER NOT NULL,
        received_at_ms INTEGER NOT NULL,
        user_id        TEXT    NOT NULL,
        PRIMARY KEY (tenant, session, batch_sequence, crc32c)
    ) WITHOUT ROWID
    """,
    # The newest of what happened (events.py). tenant: "" where it concerns all.
    """
    CREATE TABLE events (
        number  INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms   INTEGER NOT NULL,
        tenant  TEXT    NOT NULL,
        session TEXT    NOT NULL,
        kind    TEXT    NOT NULL,
        value   INTEGER NOT NULL,
        text    TEXT    NOT NULL
    )
    """,
    # Figures by hour of arrival (quality.py).
    """
    CREATE TABLE quality (
        tenant          TEXT    NOT NULL,
        symbol          TEXT    NOT NULL,
        period_ms       INTEGER NOT NULL,
        total           INTEGER NOT NULL,
        missing         INTEGER NOT NULL,
        duplicates      INTEGER NOT NULL,
        out_of_sequence INTEGER NOT NULL,
        latency_ticks   INTEGER NOT NULL,
        latency_sum_ms  INTEGER NOT NULL,
        latency_max_ms  INTEGER NOT NULL,
        PRIMARY KEY (tenant, symbol, period_ms)
    ) WITHOUT ROWID
    """,
    # How far each symbol's numbers have come. holes: a JSON list of [first, last, period_ms].
    """
    CREATE TABLE lines (
        tenant    TEXT    NOT NULL,
        session   TEXT    NOT NULL,
        symbol    TEXT    NOT NULL,
        newest    INTEGER NOT NULL,
        inherited INTEGER NOT NULL,
        excused   INTEGER NOT NULL,
        holes     TEXT    NOT NULL,
        PRIMARY KEY (tenant, session, symbol)
    ) WITHOUT ROWID
    """,
)

_LAYOUT_3 = (
    # Of each user: the primary symbols it named, and the symbols chosen last (market/kept.py).
    """
    CREATE TABLE pairs (
        tenant          TEXT    NOT NULL,
        user_id         TEXT    NOT NULL,
        primary_symbols TEXT    NOT NULL,
        version         INTEGER NOT NULL,
        tier            TEXT    NOT NULL,
        chosen          TEXT    NOT NULL,
        PRIMARY KEY (tenant, user_id)
    ) WITHOUT ROWID
    """,
)
_LAYOUTS = (_LAYOUT_1, _LAYOUT_2, _LAYOUT_3)


class StoreProblem(Problem):
    """The store cannot be used."""


class StoreBusy(StoreProblem):
    """Another gateway uses the store."""


def create(connection: sqlite3.Connection) -> None:
    """Lays out an empty database."""
    _lay_out(connection, 0)


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Gives a store of an older layout the present one; nothing in it goes."""
    version = version_of(connection)
    if version < VERSION:
        _lay_out(connection, version)


def version_of(connection: sqlite3.Connection) -> int:
    return _pragma(connection, "user_version")


def _lay_out(connection: sqlite3.Connection, version: int) -> None:
    """Adds what came after that version."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in chain.from_iterable(_LAYOUTS[version:]):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def is_empty(connection: sqlite3.Connection) -> bool:
    return _pragma(connection, "schema_version") == 0


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreProblem unless the database is a store, of this layout or an older one."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise foreign(path)
    version = version_of(connection)
    if not 1 <= version <= VERSION:
        raise StoreProblem(
            f"The store {path} has the layout {version}.",
            f"This version of tpb reads and writes layouts up to {VERSION}.",
            "Update tpb, or name another file with --store.",
        )


def foreign(path: Path) -> StoreProblem:
    return StoreProblem(
        f"The file {path} is no store of a gateway.",
        "It is something else, or it is damaged; nothing in it was changed.",
        "Name another file with --store; a new one is made where there is none.",
    )


def unusable(path: Path, problem: OSError | sqlite3.Error) -> StoreProblem:
    if getattr(problem, "sqlite_errorcode", 0) == sqlite3.SQLITE_NOTADB:
        return foreign(path)
    return StoreProblem(
        f"The store {path} cannot be used.",
        f"{problem}.",
        "Check its folder, the disk and the permissions; where the file itself is damaged,"
        " `sqlite3 FILE .recover` saves what can be read.",
    )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
