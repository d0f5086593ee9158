"""What happened at a gateway that a person may want to know: in the store, and as JSON lines."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from tpb.problem import Problem

KEPT = 10_000


class Kind(StrEnum):
    """`value` of an event is told beside each."""

    CONNECTED = "connected"  # the batch after which the session goes on
    DISCONNECTED = "disconnected"  # the close code
    TAKEN_OVER = "taken_over"
    GAP = "gap"  # batches
    REPEATS = "repeats"  # batches that came again in one burst
    HANDOVER = "handover"  # batches
    LOST = "lost"  # batches that this gateway acknowledged and lost
    GIVEN_UP = "given_up"  # batches that the client lost
    CORRECTION = "correction"  # the batch_sequence
    FORK = "fork"  # the batch after which the new session goes on
    STORE_RESTORED = "store_restored"  # batches acknowledged and missing
    STORE_FAILING = "store_failing"  # failed commits so far
    TOKEN_EXPIRED = "token_expired"


class Event(NamedTuple):
    at_ms: int  # Unix
    tenant: str  # "": it concerns all
    session: str
    kind: Kind
    value: int
    text: str

    def document(self) -> dict[str, object]:
        at = datetime.fromtimestamp(self.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        return {"at": at, **self._asdict()}


class LogProblem(Problem):
    """The event log cannot be written."""


class EventLog:
    """Appends an event a line. Used from one thread."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as problem:
            raise LogProblem(
                f"Cannot write the event log {path}.",
                f"{problem.strerror or problem}.",
                "Name a file in a folder that may be written to with --event-log.",
            ) from problem

    def write(self, events: Sequence[Event]) -> None:
        """Raises OSError."""
        self._file.writelines(
            json.dumps(event.document(), ensure_ascii=False) + "\n" for event in events
        )
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def keep(database: sqlite3.Connection, events: Sequence[Event]) -> None:
    """Within a transaction; the oldest go."""
    if not events:
        return
    database.executemany(
        "INSERT INTO events (at_ms, tenant, session, kind, value, text) VALUES (?,?,?,?,?,?)",
        events,
    )
    database.execute(
        "DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?", (KEPT,)
    )
