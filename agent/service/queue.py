"""The persistent queue of experiments, and proposals that wait to be submitted."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.finding import config_error
from agent.service.states import Door, ExperimentState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1
MOST_WAITING = 200
_DDL = """
CREATE TABLE IF NOT EXISTS experiments (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL, words TEXT NOT NULL,
    plan TEXT NOT NULL,                      -- YAML
    described TEXT NOT NULL,                 -- JSON: the plan in words
    who TEXT NOT NULL, door TEXT NOT NULL, submitted_utc TEXT NOT NULL,
    start_utc TEXT, after INTEGER,
    state TEXT NOT NULL, why TEXT NOT NULL DEFAULT '',
    run TEXT, differences TEXT NOT NULL DEFAULT '[]',
    restarts INTEGER NOT NULL DEFAULT 0
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


class QueueFull(Exception):
    """So many experiments wait already that no other one is taken; one line."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment. `run`: name of its run's folder; times aware UTC."""

    id: int
    name: str
    goal: str
    words: str
    plan: str
    described: tuple[str, ...]
    who: str
    door: Door
    submitted_utc: dt.datetime
    start_utc: dt.datetime | None
    after: int | None
    state: ExperimentState
    why: str
    run: str | None
    differences: tuple[str, ...]
    restarts: int


_COLUMNS = ", ".join(Experiment.__dataclass_fields__)


class Queue:
    """SQLite behind one lock; every change is committed before it is answered."""

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
            self._db.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.Error as error:
            raise config_error(path, f"cannot be opened ({error})", "check disk and file") from None
        path.chmod(0o600)
        self.version = 0  # counts changes, so that a view knows when to look again

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._db.close()

    # ------------------------------------------------------------------ experiments

    def add(
        self,
        *,
        name: str,
        goal: str,
        words: str,
        plan: str,
        described: tuple[str, ...],
        who: str,
        door: Door,
        start_utc: dt.datetime | None,
        after: int | None,
    ) -> Experiment:
        """At the end of the queue. Raises QueueFull."""
        with self._change() as db:
            n = db.execute("SELECT count(*) FROM experiments WHERE state='waiting'").fetchone()[0]
            if n >= MOST_WAITING:
                raise QueueFull(f"{n} experiments wait already")
            cursor = db.execute(
                "INSERT INTO experiments (name, goal, words, plan, described, who, door,"
                " submitted_utc, start_utc, after, state) VALUES (?,?,?,?,?,?,?,?,?,?,'waiting')",
                (
                    name,
                    goal,
                    words,
                    plan,
                    json.dumps(described),
                    who,
                    door,
                    _now().isoformat(),
                    None if start_utc is None else start_utc.astimezone(dt.UTC).isoformat(),
                    after,
                ),
            )
            added = self.get(cursor.lastrowid or 0)
        assert added is not None
        return added

    def get(self, id_: int) -> Experiment | None:
        """One of them."""
        found = self._experiments("id=?", id_)
        return found[0] if found else None

    def all(self, limit: int = 100) -> list[Experiment]:
        """Latest first."""
        return self._experiments("1 ORDER BY id DESC LIMIT ?", limit)

    def in_state(self, *states: ExperimentState) -> list[Experiment]:
        """In the order of submission."""
        marks = ",".join("?" * len(states))
        return self._experiments(f"state IN ({marks}) ORDER BY id", *states)

    def next_due(self, now: dt.datetime) -> Experiment | None:
        """The first that may begin: its time has come, and what it waits for is over."""
        for one in self.in_state(ExperimentState.WAITING):
            if one.start_utc is not None and one.start_utc > now:
                continue
            before = None if one.after is None else self.get(one.after)
            if before is not None and not before.state.over:
                continue
            return one
        return None

    def set(
        self,
        id_: int,
        state: ExperimentState,
        why: str = "",
        *,
        only_from: tuple[ExperimentState, ...] = (),
        **more: Any,
    ) -> bool:
        """Change its state (and `run`, `differences`, `restarts`); False: not from this state."""
        columns = {"state": str(state), "why": why, **more}
        if "differences" in columns:
            columns["differences"] = json.dumps(columns["differences"])
        assert columns.keys() <= {"state", "why", "run", "differences", "restarts"}
        where = f" AND state IN ({','.join('?' * len(only_from))})" if only_from else ""
        with self._change() as db:
            cursor = db.execute(
                f"UPDATE experiments SET {', '.join(f'{c}=?' for c in columns)} WHERE id=?{where}",
                (*columns.values(), id_, *only_from),
            )
            return cursor.rowcount == 1

    # ------------------------------------------------------------------ the rest

    def keep_proposal(self, thread: str, plan: str) -> None:
        """A plan's YAML, until it is submitted; old ones are forgotten."""
        with self._change() as db:
            db.execute(
                "INSERT OR REPLACE INTO proposals VALUES (?,?,?)",
                (thread, _now().isoformat(), plan),
            )
            db.execute(
                "DELETE FROM proposals WHERE thread NOT IN"
                " (SELECT thread FROM proposals ORDER BY utc DESC LIMIT 100)"
            )

    def proposal(self, thread: str) -> str | None:
        """A kept plan."""
        with self._lock:
            row = self._db.execute(
                "SELECT plan FROM proposals WHERE thread=?", (thread,)
            ).fetchone()
        return None if row is None else str(row[0])

    def setting(self, key: str, default: str = "") -> str:
        """A setting."""
        with self._lock:
            row = self._db.execute("SELECT value FROM settings WHERE key=?", (key,)).fetchone()
        return default if row is None else str(row[0])

    def set_setting(self, key: str, value: str) -> None:
        """Replace a setting."""
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (key, value))

    def act(self, who: str, door: Door, what: str, became: str) -> None:
        """Write down who did what."""
        with self._change() as db:
            db.execute(
                "INSERT INTO acts (utc, who, door, what, became) VALUES (?,?,?,?,?)",
                (_now().isoformat(timespec="seconds"), who, door, what, became),
            )

    # ------------------------------------------------------------------ inside

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            outer = not self._db.in_transaction
            try:
                yield self._db
                if outer:
                    self._db.commit()
            except BaseException:
                self._db.rollback()
                raise
            self.version += 1

    def _experiments(self, where: str, *values: Any) -> list[Experiment]:
        with self._lock:
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM experiments WHERE {where}", values
            ).fetchall()
        return [
            _experiment(dict(zip(Experiment.__dataclass_fields__, r, strict=True))) for r in rows
        ]


def _experiment(row: dict[str, Any]) -> Experiment:
    return Experiment(
        **row
        | {
            "described": tuple(json.loads(row["described"])),
            "differences": tuple(json.loads(row["differences"])),
            "door": Door(row["door"]),
            "state": ExperimentState(row["state"]),
            "submitted_utc": dt.datetime.fromisoformat(row["submitted_utc"]),
            "start_utc": None
            if row["start_utc"] is None
            else dt.datetime.fromisoformat(row["start_utc"]),
        }
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
