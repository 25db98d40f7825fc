"""Decisions with what they rest on, what became of them, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.unpack import acts_of, as_text, seen_of
from agent.service.states import Level
from agent.service.views import DecisionView
from agent.view.journal import NoJournal, calibrated, in_parts, looking
from agent.view.light import unit_of
from agent.view.words import TITLES, act_in_words, cost_in_words, verdict_in_words, went_wrong

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.report.record import Act
    from agent.view.journal import Rows

_LONG = 600
_DECISIONS = (
    "SELECT d.visit, coalesce(v.fov, ''), d.time_s, d.reason, d.decision, d.applied, w.state,"
    " w.verdict FROM decisions d LEFT JOIN visits v ON v.id = d.visit"
    " LEFT JOIN verdicts w ON w.visit = d.visit WHERE d.visit IN ({marks})"
)
_STARTED = "SELECT cause, id, state FROM visits WHERE cause IN ({marks})"
_FRAMES = "SELECT visit, count(*) FROM frames WHERE visit IN ({marks}) GROUP BY visit"
_LIGHT = (
    "SELECT visit, sum(exposure_ms * {factor}) / 1000.0 FROM exposures"
    " WHERE visit IN ({{marks}}) GROUP BY visit"
)
_MADE = ("delivered", "dropped", "running")


def decisions(rows: Rows, visits: Sequence[int]) -> dict[int, DecisionView]:
    """The decisions on these visits."""
    costs = _costs(rows, visits)
    found: dict[int, DecisionView] = {}
    for visit, fov, time_s, reason, decision, applied, state, verdict in in_parts(
        rows, _DECISIONS, visits
    ):
        acts, cites = acts_of(decision, applied) if '"actions":[]' not in decision else ((), ())
        seen = seen_of(visit, state, verdict) if state is not None else None
        found[visit] = DecisionView(
            id=f"decision-{visit}",
            time_s=time_s,
            kind="decision",
            fov=fov,
            visit=visit,
            title=_title(acts, fov),
            detail=as_text(reason, _LONG),
            level=Level.WARNING if any(map(went_wrong, acts)) else Level.GOOD,
            verdict=verdict_in_words(seen),
            became=tuple(map(act_in_words, acts)),
            cost=costs.get(visit, ""),
            cites=cites,
        )
    return found


def verdict_of(run_dir: Path, visit: int) -> str:
    """What the judge said of a visit, in words; "" where it has not (yet)."""
    try:
        with looking(run_dir) as rows:
            for state, verdict in rows("SELECT state, verdict FROM verdicts WHERE visit=?", visit):
                return verdict_in_words(seen_of(visit, state, verdict))
    except NoJournal:
        pass
    return ""


def _title(acts: tuple[Act, ...], fov: str) -> str:
    if not acts:
        return f"{fov}: nothing to do"
    names = [
        f"{as_text(act.details.get('fov'), 80) or fov}: "
        f"{TITLES.get(act.name, act.name.replace('_', ' '))}"
        for act in acts[:3]
    ]
    if len(acts) > 3:
        names.append(f"{len(acts) - 3} more")
    return "; ".join(names)


def _costs(rows: Rows, visits: Sequence[int]) -> dict[int, str]:
    """In words, of the decisions that have started visits."""
    made: dict[int, list[int]] = {}
    to_come: dict[int, int] = {}
    for cause, id_, state in in_parts(rows, _STARTED, visits):
        if state in _MADE:
            made.setdefault(cause, []).append(id_)
        elif state == "pending":
            to_come[cause] = to_come.get(cause, 0) + 1
    started = [id_ for ids in made.values() for id_ in ids]
    known = calibrated(rows)
    frames = dict(in_parts(rows, _FRAMES, started))
    sql = _LIGHT.format(factor="coalesce(irradiance_w_cm2, 0)" if known else "1")
    light = dict(in_parts(rows, sql, started))
    return {
        cause: cost_in_words(
            len(ids := made.get(cause, [])),
            to_come.get(cause, 0),
            sum(frames.get(id_, 0) for id_ in ids),
            sum(light.get(id_, 0.0) for id_ in ids),
            unit_of(known),
        )
        for cause in {*made, *to_come}
    }
