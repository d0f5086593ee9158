"""One owner of a path at a time, on every platform, and none once the owner's process is gone."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self


class InUse(Exception):
    """Another process, or another part of this one, owns the path."""


class SoleOwner:
    """Holds PATH.lock: an empty SQLite file whose exclusive lock the system gives back by itself.

    Raises InUse, or sqlite3.Error where no lock can be had, as on some network file systems.
    """

    def __init__(self, path: Path) -> None:
        self._lock = sqlite3.connect(
            f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            self._lock.close()
            if problem.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise InUse(str(path)) from None
            raise

    def release(self) -> None:
        # Closing alone would keep the lock while anything still refers to the connection.
        self._lock.rollback()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
