"""The queue's file: SQLite behind one lock; files of earlier versions are brought up to date."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from agent.finding import config_error
from agent.service.states import INTERRUPTED, ExperimentState, Reason

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1
_DDL = """
CREATE TABLE IF NOT EXISTS experiments (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL, words TEXT NOT NULL,
    plan TEXT NOT NULL,                      -- YAML
    described TEXT NOT NULL,                 -- JSON: the plan in words
    who TEXT NOT NULL, door TEXT NOT NULL, submitted_utc TEXT NOT NULL,
    start_utc TEXT, after INTEGER,
    state TEXT NOT NULL, why TEXT NOT NULL DEFAULT '',
    run TEXT, differences TEXT NOT NULL DEFAULT '[]',
    restarts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''          -- of the state, typed; `why` is for people
);
CREATE INDEX IF NOT EXISTS experiments_state ON experiments (state);
CREATE TABLE IF NOT EXISTS proposals (       -- plans given as YAML, until they are submitted
    thread TEXT PRIMARY KEY, utc TEXT NOT NULL, plan TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS acts (            -- who did what, through which door
    id INTEGER PRIMARY KEY, utc TEXT NOT NULL, who TEXT NOT NULL, door TEXT NOT NULL,
    what TEXT NOT NULL, became TEXT NOT NULL
);
"""


class QueueFile:
    """Every change is committed before it is answered. Opening raises ConfigError."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, timeout=10.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, VERSION):
                message = f"queue version {found}, this program reads {VERSION}"
                raise config_error(path, message, "use the program version that wrote it")
            self._db.executescript(_DDL)
            _give_reasons(self._db)
            self._db.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.Error as error:
            raise config_error(path, f"cannot be opened ({error})", "check disk and file") from None
        path.chmod(0o600)

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction; one inside of another is part of that one. Raises sqlite3.Error."""
        with self._lock:
            outer = not self._db.in_transaction
            try:
                yield self._db
                if outer:
                    self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    def read(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows. Raises sqlite3.Error."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()


def _give_reasons(db: sqlite3.Connection) -> None:
    """Files from before there were reasons, which said them in words only.

    A program of that time still reads and writes the file: the column has a default.
    """
    if any(row[1] == "reason" for row in db.execute("PRAGMA table_info(experiments)")):
        return
    db.execute("BEGIN IMMEDIATE")
    db.execute("ALTER TABLE experiments ADD COLUMN reason TEXT NOT NULL DEFAULT ''")
    db.execute(
        "UPDATE experiments SET reason=? WHERE state=? AND why=?",
        (Reason.SERVICE_ENDED, ExperimentState.HELD, INTERRUPTED),
    )
    db.commit()
