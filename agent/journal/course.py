"""The journal's side of a run that changes its course: fields left, places moved, an early end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.journal.database import Database


class CourseBook:
    """What decisions made of the visits that were queued."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def left(self) -> frozenset[str]:
        """Fields that are left alone: held, or not kept."""
        found = self._database.rows("SELECT substr(key, 6) FROM run WHERE key GLOB 'held *'")
        return frozenset(fov for (fov,) in found)

    def keep(self, fovs: Iterable[str], why: str) -> int:
        """Inside a transaction: hold all other fields; returns how many visits are not made."""
        connection, kept = self._database.connection, json.dumps(list(fovs))
        other = "NOT IN (SELECT value FROM json_each(?))"
        connection.execute(
            f"INSERT OR REPLACE INTO run SELECT 'held ' || name, ? FROM fovs WHERE name {other}",
            (why, kept),
        )
        connection.execute("INSERT OR REPLACE INTO run VALUES ('kept', ?)", (kept,))
        cursor = connection.execute(
            f"UPDATE visits SET state='skipped', why=? WHERE state='pending' AND fov {other}",
            (why, kept),
        )
        return cursor.rowcount

    def first_open_round(self, but: int) -> int | None:
        """The first round of the baseline with a visit that is not over or not decided yet.

        `but` is a visit that does not count; None when every round is over.
        """
        pending = self._database.row(
            "SELECT round FROM visits WHERE state='pending' AND round IS NOT NULL"
            " ORDER BY due_s, id LIMIT 1"
        )
        begun = self._database.row(
            "SELECT min(round) FROM visits WHERE id!=? AND (state='running' OR"
            " (state IN ('delivered','dropped') AND id NOT IN (SELECT visit FROM decisions)))",
            but,
        )
        rounds = [row[0] for row in (pending, begun) if row is not None and row[0] is not None]
        return min(rounds, default=None)

    def cancel_pending(self, why: str) -> int:
        """Inside a transaction: nothing that is pending is wanted any more."""
        cursor = self._database.connection.execute(
            "UPDATE visits SET state='cancelled', why=? WHERE state='pending'", (why,)
        )
        return cursor.rowcount

    def recentre(self, burst: int, dx_um: float, dy_um: float) -> int:
        """Inside a transaction: image a burst's pending visits so far from the planned place.

        Written for each visit: one that has begun stays where it is, also after a crash.
        """
        cursor = self._database.connection.execute(
            "INSERT OR REPLACE INTO recentred SELECT id, ?, ? FROM visits"
            " WHERE burst=? AND state='pending'",
            (dx_um, dy_um, burst),
        )
        return cursor.rowcount

    def shift(self, visit_id: int) -> tuple[float, float]:
        """How far from its field's planned place a visit is imaged (um)."""
        row = self._database.row("SELECT dx_um, dy_um FROM recentred WHERE visit=?", visit_id)
        return (0.0, 0.0) if row is None else (float(row[0]), float(row[1]))

    def shift_to_come(self, burst: int) -> tuple[float, float]:
        """The same for a burst's next pending visit."""
        row = self._database.row(
            "SELECT id FROM visits WHERE burst=? AND state='pending' ORDER BY due_s, id LIMIT 1",
            burst,
        )
        return (0.0, 0.0) if row is None else self.shift(int(row[0]))
