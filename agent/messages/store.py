"""The outbox's file: one SQLite connection, which goes on in memory when the disk fails.

A full or read-only disk is a reason to send a message, so it must not keep one from being sent.
What waited on the disk is copied into memory, and goes back when the disk takes it again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from agent.messages.schema import DDL, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")
PATIENCE_S = 5.0


class Store:
    """All work is a transaction: a function of the connection, done whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.degraded = ""
        self._lock = threading.RLock()
        self._closed = False
        self._disk: sqlite3.Connection | None = None
        self._disk_version = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._disk = self._db = _open(path)
        except (sqlite3.Error, OSError) as error:
            self._db = _in_memory(None)
            self._say(error, "move the file away")

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do it in one transaction. Where the disk fails it is done in memory: see `degraded`.

        Raises sqlite3.ProgrammingError after `close`: nothing would ever send it.
        """
        with self._lock:
            if self._closed:
                raise sqlite3.ProgrammingError("the outbox is closed")
            try:
                return _transaction(self._db, work)
            except sqlite3.Error as error:
                if self._db is not self._disk or isinstance(error, sqlite3.IntegrityError):
                    raise
                self._leave_disk(error)
                return _transaction(self._db, work)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.do(lambda db: db.execute(sql, values).fetchall())

    def back_to_disk(self) -> bool:
        """Try to go on in the file; True where that is so. Nothing that others wrote is lost."""
        with self._lock:
            if self._db is self._disk:
                return True
            if self._disk is None or self._closed:
                return False
            try:
                if _data_version(self._disk) != self._disk_version:
                    return False  # another process has written to it meanwhile
                self._db.backup(self._disk)
            except sqlite3.Error:
                return False
            self._db.close()
            self._db, self.degraded = self._disk, ""
            return True

    def close(self) -> None:
        """May be called twice."""
        with self._lock:
            if not self._closed:
                self.back_to_disk()
                self._closed = True
                for db in {id(db): db for db in (self._db, self._disk) if db}.values():
                    db.close()

    def _leave_disk(self, error: sqlite3.Error) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._disk_version = _data_version(self._db)
        self._db = _in_memory(self._disk)
        self._say(error, "free the disk")

    def _say(self, error: Exception, remedy: str) -> None:
        self.degraded = (
            f"{self.path} cannot be written ({error}): messages that wait are kept in memory only,"
            f" a restart loses them; {remedy}"
        )


def _open(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)  # and so are the files that SQLite puts beside it
    db = sqlite3.connect(path, check_same_thread=False, timeout=PATIENCE_S, isolation_level=None)
    try:
        found = db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            raise sqlite3.DatabaseError(f"version {found}, this program reads {VERSION}")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")  # a power cut is a reason for a message as well
        db.executescript(DDL)
    except BaseException:
        db.close()
        raise
    return db


def _in_memory(disk: sqlite3.Connection | None) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    if disk is not None:
        with contextlib.suppress(sqlite3.Error):
            disk.backup(db)
    db.executescript(DDL)
    return db


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        found = work(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return found


def _data_version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA data_version").fetchone()[0]
    return version
