"""The persistent queue of experiments, and proposals that wait to be submitted."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from agent.service.experiment import COLUMNS, Experiment, from_row
from agent.service.queue_file import QueueFile
from agent.service.states import ExperimentState, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.states import Door

MOST_WAITING = 200
__all__ = ["Experiment", "Queue", "QueueFull"]


class QueueFull(Exception):
    """So many experiments wait already that no other one is taken; one line."""


class Queue:
    """Experiments, settings and who did what; a change is on the disk before it is answered."""

    def __init__(self, path: Path) -> None:
        self._file = QueueFile(path)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

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
        with self._file.change() as db:
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
        reason: Reason = Reason.NONE,
        only_from: tuple[ExperimentState, ...] = (),
        **more: Any,
    ) -> bool:
        """Change its state (and `run`, `differences`, `restarts`); False: not from this state."""
        columns = {"state": state, "why": why, "reason": reason, **more}
        if "differences" in columns:
            columns["differences"] = json.dumps(columns["differences"])
        assert columns.keys() <= {"state", "why", "reason", "run", "differences", "restarts"}
        where = f" AND state IN ({','.join('?' * len(only_from))})" if only_from else ""
        with self._file.change() as db:
            cursor = db.execute(
                f"UPDATE experiments SET {', '.join(f'{c}=?' for c in columns)} WHERE id=?{where}",
                (*columns.values(), id_, *only_from),
            )
            return cursor.rowcount == 1

    # ------------------------------------------------------------------ the rest

    def keep_proposal(self, thread: str, plan: str) -> None:
        """A plan's YAML, until it is submitted; old ones are forgotten."""
        with self._file.change() as db:
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
        rows = self._file.read("SELECT plan FROM proposals WHERE thread=?", thread)
        return str(rows[0][0]) if rows else None

    def setting(self, key: str, default: str = "") -> str:
        """A setting."""
        rows = self._file.read("SELECT value FROM settings WHERE key=?", key)
        return str(rows[0][0]) if rows else default

    def set_setting(self, key: str, value: str) -> None:
        """Replace a setting."""
        with self._file.change() as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?,?)", (key, value))

    @property
    def attended(self) -> bool:
        """Whether somebody has said to be there."""
        return self.setting("attended") == "1"

    def act(self, who: str, door: Door, what: str, became: str) -> None:
        """Write down who did what."""
        with self._file.change() as db:
            db.execute(
                "INSERT INTO acts (utc, who, door, what, became) VALUES (?,?,?,?,?)",
                (_now().isoformat(timespec="seconds"), who, door, what, became),
            )

    # ------------------------------------------------------------------ inside

    def _experiments(self, where: str, *values: Any) -> list[Experiment]:
        sql = f"SELECT {', '.join(COLUMNS)} FROM experiments WHERE {where}"
        return [from_row(row) for row in self._file.read(sql, *values)]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
