"""The journal's side of the instrument: exposures (the dose ledger), frames and focus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardware.autofocus import FocusPoint
from hardware.data import Dose, Exposure, Purpose

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.database import Database
    from hardware.autofocus import FocusResult
    from hardware.data import Frame, FrameKey, FrameMeta, Visit


class LightBook:
    """Implements hardware's LedgerBook and FocusBook on the journal."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self._over: list[int] = []  # exposures that are over, not yet committed as such

    # ------------------------------------------------------------------ dose ledger

    def write(self, exposure: Exposure) -> int:
        """Commit one exposure before the light goes on."""
        if self._over:  # one whose image was lost
            with self._database.transaction():
                self._settle()
        return self._database.write_through(
            "INSERT INTO exposures (visit, idx, purpose, fov, channel, exposure_ms,"
            " irradiance_w_cm2, time_s, x_um, y_um, z_um, objective)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            exposure.visit_id,
            exposure.index,
            exposure.purpose,
            exposure.fov,
            exposure.channel,
            exposure.exposure_ms,
            exposure.irradiance_w_cm2,
            exposure.time_s,
            exposure.x_um,
            exposure.y_um,
            exposure.z_um,
            exposure.objective,
        )

    def done(self, row: int) -> None:
        """The exposure is over; committed in one with what is made of its image.

        Any thread may commit on this connection: marked at once, an exposure whose frame is not
        stored when the process is killed would count as seen, and be repeated.
        """
        with self._database.lock:
            self._over.append(row)

    def _settle(self) -> None:
        """Inside a transaction: mark what is over."""
        rows, self._over = [(row,) for row in self._over], []
        if rows:
            self._database.connection.executemany("UPDATE exposures SET done=1 WHERE id=?", rows)

    def totals(self) -> dict[str, Dose]:
        """Sum of all rows per field; None as soon as one row has no irradiance."""
        rows = self._database.rows(
            "SELECT fov, sum(exposure_ms)/1000.0, sum(irradiance_w_cm2*exposure_ms/1000.0),"
            " count(*), count(irradiance_w_cm2) FROM exposures GROUP BY fov"
        )
        return {fov: Dose(s, j if n == known else None, n) for fov, s, j, n, known in rows}

    def finished_exposures(self) -> list[Exposure]:
        """Every exposure that came to its end, in order: the specimen's light history.

        One that was announced when the process was killed is charged to the ledger, but a
        simulated specimen never saw it.
        """
        return [
            Exposure(v, i, Purpose(p), f, c, ms, w, t, x, y, z, o)
            for v, i, p, f, c, ms, w, t, x, y, z, o in self._database.rows(
                "SELECT visit, idx, purpose, fov, channel, exposure_ms, irradiance_w_cm2,"
                " time_s, x_um, y_um, z_um, objective FROM exposures WHERE done=1 ORDER BY id"
            )
        ]

    # ------------------------------------------------------------------ frames

    def frame(self, frame: Frame) -> None:
        """The frame is in the store; from here on it exists."""
        meta, key = frame.meta, frame.key
        with self._database.transaction():
            self._settle()
            self._insert_frame(key, frame, meta)

    def _insert_frame(self, key: FrameKey, frame: Frame, meta: FrameMeta) -> None:
        self._database.write(
            "INSERT INTO frames VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            frame.visit_id,
            frame.index,
            key.image,
            key.t,
            key.c,
            key.z,
            meta.channel,
            meta.time_s,
            meta.utc,
            meta.x_um,
            meta.y_um,
            meta.z_um,
            meta.exposure_ms,
            meta.objective,
            meta.pixel_size_um,
        )

    # ------------------------------------------------------------------ focus

    def focus_history(self) -> list[FocusPoint]:
        """Every focus found, oldest first."""
        return [
            FocusPoint(fov, time_s, offset)
            for fov, time_s, offset in self._database.rows(
                "SELECT f.fov, f.time_s, f.z_um - p.z_um FROM focus f JOIN fovs p ON p.name=f.fov"
                " WHERE f.ok=1 ORDER BY f.id"
            )
        ]

    def focus_steps(self, visit_id: int) -> dict[int, tuple[float, float, float]]:
        """Steps of a visit's sweep already imaged: index -> (z_um, score, time_s)."""
        return {
            index: (z, score, time_s)
            for index, z, score, time_s in self._database.rows(
                "SELECT idx, z_um, score, time_s FROM focus_steps WHERE visit=?", visit_id
            )
        }

    def focus_step(self, visit_id: int, index: int, z_um: float, score: float) -> None:
        """One image of a sweep."""
        with self._database.transaction():
            self._settle()
            self._database.write(
                "INSERT OR REPLACE INTO focus_steps VALUES (?,?,?,?,?)",
                visit_id,
                index,
                z_um,
                score,
                self._now(),
            )

    def focus_found(self, visit: Visit, result: FocusResult, time_s: float) -> None:
        """The end of a sweep, found or not; the visit needs no other one."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO focus (visit, fov, time_s, ok, z_um, why, curve)"
                " VALUES (?,?,?,?,?,?,?)",
                (
                    visit.id,
                    visit.fov.name,
                    time_s,
                    int(result.ok),
                    result.z_um,
                    result.why,
                    json.dumps(result.curve),
                ),
            )
            connection.execute("UPDATE visits SET refocus=0 WHERE id=?", (visit.id,))
