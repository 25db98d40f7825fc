"""The summary of a run: the one JSON object that `--json` prints, and the report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.account import account
from agent.course import FULFILLED
from agent.estimate import fixed_plan_dose
from agent.journal.states import Outcome
from agent.session import end_s

if TYPE_CHECKING:
    from pathlib import Path

    from agent.session import Ending, Session
    from sim.score import Score


def summarise(
    session: Session, ending: Ending, *, wall_s: float, report: Path, score: Score | None
) -> dict[str, Any]:
    """Keys as the README lists them. `events` is None where nobody knows the truth."""
    total, fovs = session.ledger.total(), session.journal.visits.fovs()
    found = account(session.journal.database)
    doses = [session.ledger.fov(fov.name) for fov in fovs]
    known = [dose.j_cm2 for dose in doses if dose.j_cm2 is not None]
    _, fixed = fixed_plan_dose(session.plan, session.config, session.home, lasted_s(session))
    verdicts = dict(
        session.journal.database.rows("SELECT state, count(*) FROM verdicts GROUP BY state")
    )
    return {
        "run": str(session.run_dir.path),
        "outcome": str(ending.outcome),
        "why": ending.why,
        "simulated_s": round(session.clock.now(), 3),
        "wall_s": round(wall_s, 3),
        "visits": {
            "expected": found.expected,
            "delivered": found.delivered,
            "skipped": found.skipped,
            "dropped": found.dropped,
            "late": found.late,
        },
        "verdicts": verdicts,
        "events": None
        if score is None
        else {
            "total": score.total,
            "captured": score.captured,
            "recall": score.recall,
            "false_reactions": score.false_reactions,
        },
        "dose": {
            "total_j_cm2": total.j_cm2,
            "max_fov_j_cm2": max(known) if len(known) == len(doses) and known else None,
            "fixed_plan_j_cm2": fixed.j_cm2,
            "total_exposure_s": total.seconds,
        },
        "report": str(report),
    }


def lasted_s(session: Session) -> float:
    """How long a run that cannot adapt would have taken for the same: no longer than this one."""
    planned_s, records = end_s(session.plan), session.journal.records
    whole = records.get("outcome") == Outcome.COMPLETE and records.get(FULFILLED) is None
    return planned_s if whole else min(planned_s, session.clock.now())
