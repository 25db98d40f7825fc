"""The journal's visits: the persistent queue that the schedule works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VisitState
from hardware.data import FieldOfView, VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.journal.database import Database


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as the queue knows it (times in s)."""

    id: int
    fov: str
    kind: VisitKind
    priority: int
    due_s: float
    round: int | None
    frames_expected: int
    t_index: int | None
    started_s: float | None
    refocus: bool
    state: VisitState


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit to be queued."""

    fov: str
    kind: VisitKind
    priority: int
    due_s: float
    frames_expected: int
    round: int | None = None
    burst: int | None = None
    cause: int | None = None
    refocus: bool = False


COLUMNS = "id, fov, kind, priority, due_s, round, frames_expected, t_index, started_s, refocus, state"


class VisitBook:
    """Visits and fields of view."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write_fovs(self, fovs: Iterable[FieldOfView]) -> None:
        """The plan's fields, in their order."""
        with self.database.transaction() as connection:
            connection.executemany(
                "INSERT INTO fovs VALUES (?,?,?,?,?)",
                [(f.name, i, f.x_um, f.y_um, f.z_um) for i, f in enumerate(fovs)],
            )

    def fovs(self) -> tuple[FieldOfView, ...]:
        """The plan's fields, in their order."""
        return tuple(
            FieldOfView(*row)
            for row in self.database.rows(
                "SELECT name, x_um, y_um, z_um FROM fovs ORDER BY ordinal"
            )
        )

    def add(self, visits: Iterable[NewVisit]) -> None:
        """Queue visits, inside a transaction."""
        self.database.connection.executemany(
            "INSERT INTO visits (fov, kind, priority, due_s, round, burst, cause, state,"
            " frames_expected, refocus) VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    v.fov,
                    v.kind,
                    v.priority,
                    v.due_s,
                    v.round,
                    v.burst,
                    v.cause,
                    VisitState.PENDING,
                    v.frames_expected,
                    int(v.refocus),
                )
                for v in visits
            ],
        )

    def due(self, now_s: float) -> list[VisitRow]:
        """Pending visits due by now, in order of due time."""
        return self._rows("state='pending' AND due_s<=? ORDER BY due_s, id", now_s)

    def next_due_s(self) -> float | None:
        """When the next pending visit is due."""
        row = self.database.row(
            "SELECT due_s FROM visits WHERE state='pending' ORDER BY due_s LIMIT 1"
        )
        return None if row is None else float(row[0])

    def running(self) -> list[VisitRow]:
        """Visits that an interruption left unfinished, in the order in which they started."""
        return self._rows("state='running' ORDER BY started_s, id")

    def start(self, visit: VisitRow, now_s: float, *, late: bool) -> int:
        """Mark it running; returns its index on the field's time axis."""
        with self.database.transaction() as connection:
            t_index = int(
                connection.execute(
                    "SELECT coalesce(max(t_index)+1, 0) FROM visits WHERE fov=?", (visit.fov,)
                ).fetchone()[0]
            )
            connection.execute(
                "UPDATE visits SET state='running', t_index=?, started_s=?, late=?"
                " WHERE id=? AND state='pending'",
                (t_index, now_s, int(late), visit.id),
            )
        return t_index

    def finish(self, visit_id: int, state: VisitState, why: str, now_s: float) -> None:
        """Mark it over. A visit without a frame gives its time index back: no hole in the store."""
        index = ", t_index=NULL" if state is VisitState.SKIPPED else ""
        self.database.write(
            f"UPDATE visits SET state=?, why=?, finished_s=?{index} WHERE id=?",
            state,
            why,
            now_s,
            visit_id,
        )

    def skip_pending(self, fov: str | None, before_s: float, why: str) -> int:
        """Give up pending visits (of one field, or all) due before a time; returns how many."""
        with self.database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE visits SET state='skipped', why=? WHERE state='pending' AND due_s<?"
                " AND (? IS NULL OR fov=?)",
                (why, before_s, fov, fov),
            )
        return cursor.rowcount

    def cancel_burst(self, burst: int, why: str) -> int:
        """Inside a transaction: a burst's pending visits are no longer wanted."""
        cursor = self.database.connection.execute(
            "UPDATE visits SET state='cancelled', why=? WHERE burst=? AND state='pending'",
            (why, burst),
        )
        return cursor.rowcount

    def refocus_next(self, fov: str) -> bool:
        """Inside a transaction: autofocus at the start of the field's next visit."""
        cursor = self.database.connection.execute(
            "UPDATE visits SET refocus=1 WHERE id=(SELECT id FROM visits WHERE fov=? AND"
            " state='pending' ORDER BY due_s, id LIMIT 1)",
            (fov,),
        )
        return cursor.rowcount == 1

    def last_started(self) -> dict[str, float]:
        """When each field was last visited."""
        return dict(
            self.database.rows(
                "SELECT fov, max(started_s) FROM visits WHERE started_s IS NOT NULL GROUP BY fov"
            )
        )

    def change_exposure(self, fov: str, channel: str, exposure_ms: float) -> None:
        """Inside a transaction: the field's visits to come use this exposure."""
        self.database.connection.execute(
            "INSERT OR REPLACE INTO exposure_changes VALUES (?,?,?)", (fov, channel, exposure_ms)
        )

    def changed_exposures(self, fov: str) -> dict[str, float]:
        """Exposures (ms) by channel that a decision changed for this field."""
        return dict(
            self.database.rows("SELECT channel, exposure_ms FROM exposure_changes WHERE fov=?", fov)
        )

    def frames_stored(self, visit_id: int) -> int:
        """One past the last frame of a visit that is in the store."""
        row = self.database.row("SELECT max(idx)+1 FROM frames WHERE visit=?", visit_id)
        return int(row[0] or 0) if row else 0

    def undecided(self) -> list[VisitRow]:
        """Visits with frames whose decision is missing, in the order in which they ended."""
        return self._rows(
            "state IN ('delivered','dropped') AND id NOT IN (SELECT visit FROM decisions)"
            " ORDER BY finished_s, id"
        )

    def get(self, visit_id: int) -> VisitRow | None:
        """One visit."""
        rows = self._rows("id=?", visit_id)
        return rows[0] if rows else None

    def finished_s(self, visit_id: int) -> float:
        """Run time at which a finished visit ended."""
        row = self.database.row("SELECT finished_s FROM visits WHERE id=?", visit_id)
        if row is None or row[0] is None:
            raise KeyError(visit_id)
        return float(row[0])

    def _rows(self, where: str, *values: float | int | str) -> list[VisitRow]:
        rows = self.database.rows(f"SELECT {COLUMNS} FROM visits WHERE {where}", *values)
        return [
            VisitRow(
                id=row[0],
                fov=row[1],
                kind=VisitKind(row[2]),
                priority=row[3],
                due_s=row[4],
                round=row[5],
                frames_expected=row[6],
                t_index=row[7],
                started_s=row[8],
                refocus=bool(row[9]),
                state=VisitState(row[10]),
            )
            for row in rows
        ]
