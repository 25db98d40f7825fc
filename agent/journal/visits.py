"""The journal's visits: the persistent queue that the schedule works on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VisitState
from hardware.data import FieldOfView, VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.journal.database import Database
    from hardware.data import FrameKey


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


COLUMNS = (
    "id, fov, kind, priority, due_s, round, frames_expected, t_index, started_s, refocus, state"
)


class VisitBook:
    """Visits and fields of view."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write_fovs(self, fovs: Iterable[FieldOfView]) -> None:
        """The plan's fields, in their order, inside a transaction."""
        self.database.connection.executemany(
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

    def next_due_s(self, after_s: float = float("-inf")) -> float | None:
        """When the next pending visit falls due after a time; None when there is none."""
        row = self.database.row(
            "SELECT due_s FROM visits WHERE state='pending' AND due_s>? ORDER BY due_s LIMIT 1",
            after_s,
        )
        return None if row is None else float(row[0])

    def running(self) -> list[VisitRow]:
        """Visits that an interruption left unfinished, in the order in which they started."""
        return self._rows("state='running' ORDER BY started_s, id")

    def start(
        self, visit: VisitRow, now_s: float, *, late: bool, bursts_apart: bool = False
    ) -> int:
        """Mark a pending visit running; returns its index on its image's time axis.

        `bursts_apart`: the visits of bursts have an image, and so a time axis, of their own.
        """
        same_image = ""
        if bursts_apart:
            same_image = f" AND kind{'=' if visit.kind is VisitKind.REACTION else '!='}'reaction'"
        with self.database.transaction() as connection:
            t_index = int(
                connection.execute(
                    f"SELECT coalesce(max(t_index)+1, 0) FROM visits WHERE fov=?{same_image}",
                    (visit.fov,),
                ).fetchone()[0]
            )
            cursor = connection.execute(
                "UPDATE visits SET state='running', t_index=?, started_s=?, late=?"
                " WHERE id=? AND state='pending'",
                (t_index, now_s, int(late), visit.id),
            )
            if cursor.rowcount != 1:
                raise RuntimeError(f"visit {visit.id} is not pending, so that it cannot start")
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

    def skip_one(self, visit: int | None, fov: str | None, why: str) -> int | None:
        """Skip a pending visit, or the next one of a field; its number, None: there is none."""
        with self.database.transaction() as connection:
            row = connection.execute(
                "SELECT id FROM visits WHERE state='pending' AND (id=? OR (? IS NULL AND fov=?))"
                " ORDER BY due_s, id LIMIT 1",
                (visit, visit, fov),
            ).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE visits SET state='skipped', why=? WHERE id=?", (why, row[0]))
        return int(row[0])

    def hold(self, fov: str, why: str) -> None:
        """Leave a field alone from now on: no pending visit is left, and none is added."""
        with self.database.transaction() as connection:
            self.skip_pending(fov, float("inf"), why)
            connection.execute("INSERT OR REPLACE INTO run VALUES (?,?)", (f"held {fov}", why))

    def held(self, fov: str) -> bool:
        """Whether a field is left alone."""
        return self.database.row("SELECT 1 FROM run WHERE key=?", f"held {fov}") is not None

    def put_back(self, before_s: float) -> None:
        """After an outage: visits under way when it began cannot go on as if nothing had been.

        One without a frame is pending again; one with some that started before `before_s` stays
        as it is, dropped: its frames would be of different times.
        """
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE visits SET state='pending', t_index=NULL, started_s=NULL, late=0"
                " WHERE state='running' AND id NOT IN (SELECT visit FROM frames)"
            )
            connection.execute(
                "UPDATE visits SET state='dropped', why='interrupted',"
                " finished_s=(SELECT max(time_s) FROM frames WHERE visit=visits.id)"
                " WHERE state='running' AND started_s<? AND frames_expected>"
                " (SELECT count(*) FROM frames WHERE visit=visits.id)",
                (before_s,),
            )

    def lost(self, keys: Iterable[FrameKey]) -> None:
        """Frames that are not in the store any more: their visits are not delivered."""
        with self.database.transaction() as connection:
            for key in keys:
                frame = (key.image, key.t, key.c, key.z)
                connection.execute(
                    "UPDATE visits SET state='dropped', why='frames are gone from the store'"
                    " WHERE state='delivered' AND id="
                    "(SELECT visit FROM frames WHERE fov=? AND t=? AND c=? AND z=?)",
                    frame,
                )
                connection.execute("DELETE FROM frames WHERE fov=? AND t=? AND c=? AND z=?", frame)

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

    def frames_stored(self, visit_id: int) -> tuple[int, int]:
        """How many frames of a visit are in the store, and one past the index of the last."""
        row = self.database.row("SELECT count(*), max(idx)+1 FROM frames WHERE visit=?", visit_id)
        return (int(row[0]), int(row[1] or 0)) if row else (0, 0)

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
