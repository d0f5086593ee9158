"""The layout of a store file, and whether a file is one.

A store is an SQLite database. `batches` holds every frame as it came: (tenant, session,
batch_sequence) names a batch for ever, so that two stores merge by INSERT OR IGNORE.
"""

import sqlite3
from pathlib import Path

from tpb.problem import Problem

# "TPBG": marks the file as a store, where `file` and SQLite look for it.
APPLICATION_ID = 0x54504247
VERSION = 1

_TABLES = (
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
    # acknowledged: the resume point. epoch: 1, and 1 more with every hand-over, when the store
    # learned that it is not the whole of the session.
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
    # Jumps of batch_sequence that were seen; what was missing may have come later.
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


class StoreProblem(Problem):
    """The store cannot be used."""


class StoreBusy(StoreProblem):
    """Another gateway uses the store."""


def create(connection: sqlite3.Connection) -> None:
    """Lays out an empty database."""
    connection.execute("BEGIN IMMEDIATE")
    for table in _TABLES:
        connection.execute(table)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def is_empty(connection: sqlite3.Connection) -> bool:
    return _pragma(connection, "schema_version") == 0


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreProblem unless the database is a store of this version."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise foreign(path)
    version = _pragma(connection, "user_version")
    if version != VERSION:
        raise StoreProblem(
            f"The store {path} has the layout {version}.",
            f"This version of tpb reads and writes the layout {VERSION}.",
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
