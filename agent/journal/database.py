"""One connection to the journal, shared by the pump, the loop and LangGraph's checkpoints."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from agent.journal.schema import DDL, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class JournalError(Exception):
    """The journal cannot be opened or written; one line with the file and a remedy."""


class Database:
    """A SQLite connection in WAL mode behind one lock.

    One connection for all threads: two would wait for each other's write lock in SQLite's
    back-off sleeps. Every commit survives the death of the process. With `durable`, those made
    with `write_through` survive a power cut too, and with them all that were made before: one
    fsync per exposure, before the light goes on, keeps the dose ledger from ever counting too
    little, and costs a fifth of an fsync per commit.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._durable = durable
        try:
            self.connection = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.executescript(DDL)
            found = self.connection.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, VERSION):
                raise JournalError(
                    f"{path}: journal version {found}, this program reads {VERSION}. "
                    "Use the program version that wrote it."
                )
            self.connection.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.Error as error:
            raise JournalError(
                f"{path}: cannot open the journal ({error}). Check the disk and the file's rights."
            ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; committed at the end of the outermost one."""
        with self.lock:
            self._depth += 1
            try:
                yield self.connection
            except BaseException:
                self.connection.rollback()
                raise
            finally:
                self._depth -= 1
            if self._depth == 0:
                self.connection.commit()

    def write(self, sql: str, *values: Any) -> int:
        """One statement, committed; returns the last row id."""
        with self.transaction() as connection:
            return connection.execute(sql, values).lastrowid or 0

    def write_through(self, sql: str, *values: Any) -> int:
        """One statement, committed and (in a durable journal) forced to the disk."""
        if not self._durable:
            return self.write(sql, *values)
        with self.lock:
            self.connection.commit()  # the setting changes between transactions only
            self.connection.execute("PRAGMA synchronous=FULL")
            try:
                return self.write(sql, *values)
            finally:
                self.connection.execute("PRAGMA synchronous=NORMAL")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return self.connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.lock:
            found: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
        return found

    def close(self) -> None:
        """Commit and close; folds the write-ahead log into the file."""
        with self.lock:
            self.connection.commit()
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.connection.close()
