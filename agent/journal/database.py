"""One connection to the journal, shared by the pump, the loop and LangGraph's checkpoints."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from agent.finding import config_error
from agent.journal.schema import DDL, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PATIENCE_S = 10.0  # a writer waits so long for another one


class JournalError(RuntimeError):
    """The journal was used in a way that could lose half of what was meant; one line."""


class Database:
    """A SQLite connection in WAL mode behind one lock.

    One connection for all threads: two would wait for each other's write lock in SQLite's
    back-off sleeps. Every commit survives the death of the process. With `durable`, those made
    with `write_through` survive a power cut too, and with them all that were made before: one
    fsync per exposure, before the light goes on, keeps the dose ledger from counting too little.

    A `guest` is another process that writes a row into a run's journal while the run goes on. It
    never creates a file. So that it cannot make a transaction of the run fail half way, every
    transaction takes the write lock at its beginning, and waits for it.

    Raises ConfigError, in one line and before anything is written, for a file that is no journal
    of this version.
    """

    def __init__(self, path: Path, *, durable: bool, guest: bool = False) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._failed = False
        self._began = False  # whether the outermost transaction is one of its own
        self._closed = False
        self._durable = durable
        self._guest = guest
        with contextlib.ExitStack() as on_error:
            try:
                if guest:
                    uri = f"{path.absolute().as_uri()}?mode=rw"
                    self.connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)
                else:
                    self.connection = sqlite3.connect(
                        path, check_same_thread=False, timeout=PATIENCE_S
                    )
                on_error.callback(self.connection.close)
                self._check_version()
                if not guest:
                    self.connection.execute("PRAGMA journal_mode=WAL")
                    self.connection.execute("PRAGMA synchronous=NORMAL")
                self.connection.executescript(DDL)  # locks nothing where all of it is there
                if not guest:
                    self.connection.execute(f"PRAGMA user_version={VERSION}")
            except sqlite3.Error as error:
                raise config_error(
                    path, f"cannot open the journal ({error})", "check the disk and the file"
                ) from error
            on_error.pop_all()

    def _check_version(self) -> None:
        found = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if found != VERSION and (found or self._guest):
            raise config_error(
                self.path,
                f"journal version {found}, this program reads {VERSION}",
                "use the program version that wrote it",
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; inner ones are part of the outermost, whose end commits.

        When an inner one failed and the caller went on, all of it is undone and the end raises
        JournalError: half of what was meant is never committed.
        """
        with self.lock:
            if self._depth == 0:
                self._failed = False
                self._began = not self.connection.in_transaction
                if self._began:  # else the write lock is held already
                    self.connection.execute("BEGIN IMMEDIATE")
                self.connection.execute("SAVEPOINT outermost")
            self._depth += 1
            try:
                yield self.connection
            except BaseException:
                self._failed = True
                raise
            finally:
                self._depth -= 1
                if self._depth == 0 and self._failed:
                    self._undo()
            if self._depth == 0:
                if self._failed:
                    raise JournalError(f"{self.path}: part of a transaction failed; all undone")
                self._commit()

    def _commit(self) -> None:
        try:
            self.connection.commit()
        except sqlite3.Error:
            self.connection.rollback()  # or a later commit would bring it back
            raise

    def _undo(self) -> None:
        if self._began:
            self.connection.rollback()
            return
        try:
            self.connection.execute("ROLLBACK TO outermost")
            self.connection.execute("RELEASE outermost")
        except sqlite3.Error:  # on a full disk SQLite may have undone everything by itself
            self.connection.rollback()

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
        """Commit and close; folds the write-ahead log into the file. May be called twice."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            try:
                self.connection.commit()
                if not self._guest:  # the run's to do: it would have to wait for this one
                    self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self.connection.close()
