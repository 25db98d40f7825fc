"""The fields where they lie on the stage, and how each stands now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.view.journal import NoJournal, in_parts, last_time_s, looking
from agent.view.light import LEDGERS

if TYPE_CHECKING:
    from pathlib import Path

    from agent.view.journal import Rows


class FieldState(StrEnum):
    """What a field is doing; the first that fits."""

    IMAGING = "imaged now"
    HELD = "held"
    BURST = "burst"
    OUT_OF_FOCUS = "out of focus"
    DUE = "due"
    IDLE = "idle"
    DONE = "done"  # nothing is planned for it any more


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field. Places in um, times in s of run time, light in `StageMap.unit`."""

    name: str
    x_um: float
    y_um: float
    state: FieldState
    why: str  # who holds it
    visits: int  # delivered
    pending: int
    last_visit: int | None
    last_s: float | None
    next_due_s: float | None
    bursts: int
    verdict: str  # VerdictState of the last judged visit, or ""
    focus: str  # FocusState of it, or ""
    light: float


@dataclass(frozen=True, slots=True)
class StageMap:
    """All fields, in the plan's order, at run time `now_s`."""

    now_s: float = 0.0
    unit: str = "J/cm2"
    fields: tuple[FieldView, ...] = ()


_VISITS = "SELECT fov, state, count(*), min(due_s) FROM visits GROUP BY fov, state"
_LAST = (
    "SELECT id, coalesce(finished_s, started_s) FROM visits"
    " WHERE fov=? AND t_index IS NOT NULL AND state='delivered' ORDER BY t_index DESC LIMIT 1"
)
_LAST_JUDGED = (
    "SELECT id FROM visits v WHERE fov=? AND t_index IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM verdicts w WHERE w.visit = v.id) ORDER BY t_index DESC LIMIT 1"
)
_VERDICTS = (
    "SELECT visit, state, CASE WHEN json_valid(verdict)"
    " THEN coalesce(json_extract(verdict, '$.focus.state'), '') ELSE '' END"
    " FROM verdicts WHERE visit IN ({marks})"
)
_BURSTS = "SELECT fov, count(*), max(ended_s IS NULL AND until_s > ?) FROM bursts GROUP BY fov"


def stage_map(run_dir: Path) -> StageMap:
    """How every field stands; no fields where there is no journal (yet)."""
    try:
        with looking(run_dir) as rows:
            return _map(run_dir, rows)
    except (NoJournal, OSError):
        return StageMap()


def _map(run_dir: Path, rows: Rows) -> StageMap:
    now_s = last_time_s(rows)
    fields = rows("SELECT name, x_um, y_um FROM fovs ORDER BY ordinal")
    visits: dict[str, dict[str, tuple[int, float]]] = {}
    for fov, visit_state, number, due_s in rows(_VISITS):
        visits.setdefault(fov, {})[visit_state] = (number, due_s)
    bursts = {row[0]: row[1:] for row in rows(_BURSTS, now_s)}
    held = _held(rows)
    light = LEDGERS.light(run_dir, rows)
    last = {name: row for name, *_ in fields for row in rows(_LAST, name)}
    judged = {name: row[0] for name, *_ in fields for row in rows(_LAST_JUDGED, name)}
    verdicts = {row[0]: row[1:] for row in in_parts(rows, _VERDICTS, judged.values())}
    found = []
    for name, x_um, y_um in fields:
        stand = visits.get(name, {})
        pending, due_s = stand.get("pending", (0, None))
        n_bursts, fast = bursts.get(name, (0, 0))
        verdict, focus = verdicts.get(judged.get(name, -1), ("", ""))
        last_visit, last_s = last.get(name, (None, None))
        state = _state(
            running="running" in stand,
            held=name in held,
            fast=bool(fast),
            out=focus == "out",
            due=due_s is not None and due_s <= now_s,
            pending=bool(pending),
        )
        found.append(
            FieldView(
                name=name,
                x_um=x_um,
                y_um=y_um,
                state=state,
                why=held.get(name, ""),
                visits=stand.get("delivered", (0,))[0],
                pending=pending,
                last_visit=last_visit,
                last_s=last_s,
                next_due_s=due_s,
                bursts=n_bursts,
                verdict=verdict,
                focus=focus,
                light=light.per_fov.get(name, 0.0),
            )
        )
    return StageMap(now_s, light.unit, tuple(found))


def _state(
    *, running: bool, held: bool, fast: bool, out: bool, due: bool, pending: bool
) -> FieldState:
    if running:
        return FieldState.IMAGING
    if held:
        return FieldState.HELD
    if fast and pending:
        return FieldState.BURST
    if out:
        return FieldState.OUT_OF_FOCUS
    if due:
        return FieldState.DUE
    return FieldState.IDLE if pending else FieldState.DONE


def _held(rows: Rows) -> dict[str, str]:
    """Fields that a person, or the plan, leaves alone."""
    by_plan = rows("SELECT substr(key, 6), value FROM run WHERE key GLOB 'held *'")
    by_person = rows("SELECT name, 'held by ' || who FROM locks WHERE kind='hold'")
    return {str(name): str(why) for name, why in (*by_plan, *by_person)}
