"""The memory's file: SQLite with its full-text index (FTS5) and sqlite-vec's vectors.

Through apsw, not through Python's own sqlite3: many builds of that (pyenv's, macOS's) cannot load
extensions. A process has two SQLite libraries then, so this file is never opened with sqlite3:
the locks of one library do not hold against the other's.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from agent.finding import config_error
from agent.memory.encoder import DIMENSIONS, MODEL_SHA256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import apsw

FILE_NAME = "memory.sqlite"
VERSION = 1
_DDL = f"""
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,   -- DocumentKind
    title TEXT NOT NULL, source TEXT NOT NULL,       -- the path it was learned from
    sha256 TEXT NOT NULL, learned_utc TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (id),
    start INTEGER NOT NULL, stop INTEGER NOT NULL,   -- characters of the document's text
    place TEXT NOT NULL, heading TEXT NOT NULL, suspicious TEXT NOT NULL
);
CREATE INDEX passages_document ON passages (document, start);
CREATE VIRTUAL TABLE words USING fts5 (           -- rowid: passages.id
    text, heading, title, tokenize='porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE vectors USING vec0 (
    passage INTEGER PRIMARY KEY, vector FLOAT[{DIMENSIONS}] distance_metric=cosine
);
CREATE TABLE runs (
    document INTEGER PRIMARY KEY REFERENCES documents (id),
    started_utc TEXT NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, goal TEXT NOT NULL,
    headline TEXT NOT NULL, plan BLOB NOT NULL       -- the journal's plan text, byte for byte
);
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO facts VALUES ('encoder', '{MODEL_SHA256}');
PRAGMA user_version={VERSION};
"""


class Store:
    """One connection. Every fault of the file is a ConfigError of one line."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes the file in `folder`."""
        import apsw

        self.path = folder / FILE_NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the memory's folder cannot be made ({error.strerror})"
            raise config_error(folder, message, "choose another with --memory DIR") from None
        with self._one_line(), contextlib.ExitStack() as on_error:
            self._connection = apsw.Connection(str(self.path))
            on_error.callback(self._connection.close)
            self._connection.set_busy_timeout(10_000)
            _load_vectors(self._connection)
            self._check()
            on_error.pop_all()

    def close(self) -> None:
        """May be called twice."""
        self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._one_line():
            return list(self._connection.execute(sql, values))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[apsw.Connection]:
        """All of it or nothing; other processes wait."""
        with self._one_line():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _check(self) -> None:
        ((version,),) = self.rows("PRAGMA user_version")
        if version == 0:
            with self.transaction() as connection:
                ((version,),) = connection.execute("PRAGMA user_version")  # another process?
                if version == 0:
                    connection.execute(_DDL)
            return
        if version != VERSION:
            message = f"memory version {version}, this program reads {VERSION}"
            raise config_error(self.path, message, "use the program version that wrote it")
        if self.rows("SELECT value FROM facts WHERE key='encoder'") != [(MODEL_SHA256,)]:
            message = "its vectors are another encoder's"
            raise config_error(self.path, message, "move it away and learn the files again")

    @contextlib.contextmanager
    def _one_line(self) -> Iterator[None]:
        import apsw

        try:
            yield
        except apsw.BusyError:
            message = "another process is learning"
            raise config_error(self.path, message, "try again when it has ended") from None
        except (apsw.NotADBError, apsw.CorruptError) as error:
            remedy = "move it away and learn the files again"
            raise config_error(self.path, f"is no memory ({error})", remedy) from None
        except apsw.Error as error:
            message, remedy = f"the memory: {error}", "check the disk and the folder's rights"
            raise config_error(self.path, message, remedy) from None


def _load_vectors(connection: apsw.Connection) -> None:
    import sqlite_vec  # type: ignore[import-untyped]

    connection.enable_load_extension(True)
    try:
        connection.load_extension(sqlite_vec.loadable_path())
    finally:
        connection.enable_load_extension(False)
