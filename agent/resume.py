"""Resume: where the journal says everything was, and how the instrument differs from that."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.handoff import FinishedVisit
from agent.journal.mind import NOBODY

if TYPE_CHECKING:
    from agent.journal.database import Database
    from agent.journal.journal import Journal
    from agent.journal.visits import VisitRow
    from hardware.data import MicroscopeConfig
    from hardware.microscope import InstrumentState


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The instrument as the journal last saw it; `exposure_ms` is None before the first light."""

    time_s: float
    x_um: float
    y_um: float
    z_um: float
    channel: str | None
    objective: str | None
    exposure_ms: float | None


def last_known(database: Database) -> LastKnown | None:
    """From the last exposure; None when no light was ever on."""
    row = database.row(
        "SELECT x_um, y_um, z_um, channel, objective, exposure_ms FROM exposures"
        " ORDER BY id DESC LIMIT 1"
    )
    if row is None:
        return None
    x, y, z, channel, objective, exposure_ms = row
    return LastKnown(last_time_s(database), x, y, z, channel, objective or None, exposure_ms)


def last_time_s(database: Database) -> float:
    """The latest run time at which the journal knows the instrument to have been at work."""
    times = [
        database.row(f"SELECT max({column}) FROM {table}")
        for table, column in (
            ("exposures", "time_s"),
            ("frames", "time_s"),
            ("focus_steps", "time_s"),
            ("focus", "time_s"),
            ("visits", "started_s"),
            ("visits", "finished_s"),
        )
    ]
    return max((float(t[0]) for t in times if t and t[0] is not None), default=0.0)


def differences(
    known: LastKnown, now: InstrumentState, config: MicroscopeConfig
) -> tuple[str, ...]:
    """What is not as the journal left it, one line each, with both values."""
    found = []
    stage = config.stage
    here, there = (now.x_um, now.y_um), (known.x_um, known.y_um)
    if math.dist(here, there) > stage.tolerance_xy_um:
        found.append(
            f"stage at ({here[0]:.1f}, {here[1]:.1f}) um, "
            f"the journal left it at ({there[0]:.1f}, {there[1]:.1f}) um"
        )
    if abs(now.z_um - known.z_um) > stage.tolerance_z_um:
        found.append(f"focus at {now.z_um:.2f} um, the journal left it at {known.z_um:.2f} um")
    if known.objective and now.objective != known.objective:
        found.append(f"objective {now.objective or 'unknown'}, the journal had {known.objective}")
    if known.channel and now.channel != known.channel:
        found.append(f"channel {now.channel or 'unknown'}, the journal had {known.channel}")
    if now.open_shutters:
        found.append(f"open shutters: {', '.join(now.open_shutters)}")
    return tuple(found)


def unfinished_laps(journal: Journal, last_lap: int | None) -> list[FinishedVisit]:
    """Visits that the mind has still to deal with, in the order in which they ended.

    Those without a decision; and before them the one whose decision was applied but whose lap was
    not checkpointed: its lap is repeated to bring the policy's memory up to date, and changes
    nothing else. There is never more than one: the next lap begins after the checkpoint.
    """
    rows = journal.visits.undecided()
    newest = journal.database.row(
        "SELECT v.id FROM visits v JOIN decisions d ON d.visit=v.id WHERE d.policy != ?"
        " ORDER BY v.finished_s DESC, v.id DESC LIMIT 1",
        NOBODY,
    )
    if newest is not None and newest[0] != last_lap:
        repeated = journal.visits.get(int(newest[0]))
        if repeated is not None:
            rows.insert(0, repeated)
    return [_finished(journal, row) for row in rows]


def _finished(journal: Journal, row: VisitRow) -> FinishedVisit:
    judged = journal.mind.verdict(row.id)
    return FinishedVisit(
        id=row.id,
        fov=row.fov,
        kind=row.kind,
        started_s=row.started_s or 0.0,
        finished_s=journal.visits.finished_s(row.id),
        frames=None,
        ready_s=None if judged is None else judged.ready_s,
    )


def last_ready_s(database: Database) -> float:
    """When the last decided verdict was ready; minus infinity when there is none."""
    row = database.row(
        "SELECT max(ready_s) FROM verdicts v JOIN decisions d ON d.visit=v.visit"
        " WHERE d.policy != ?",
        NOBODY,
    )
    return float(row[0]) if row and row[0] is not None else float("-inf")
