"""What a policy may know beside the verdict: gathered here, and written down with the decision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hardware.data import VisitKind
from policies.policy import Situation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.plan import Plan
    from hardware.data import Dose


def affordable(
    plan: Plan,
    fovs: Iterable[str],
    dose_of: Callable[[str], Dose],
    total: Dose,
    cost: Dose,
) -> frozenset[str]:
    """Fields whose light budget still pays for a burst of light `cost`. No budget: all of them.

    `total` is what all fields have received together.
    """
    budget = plan.budget
    if budget.total_dose_j_cm2 is not None and not _pays(
        total.j_cm2, cost.j_cm2, budget.total_dose_j_cm2
    ):
        return frozenset()
    able = set()
    for fov in fovs:
        spent = dose_of(fov)
        if budget.exposure_per_fov_s is not None and (
            spent.seconds + cost.seconds > budget.exposure_per_fov_s
        ):
            continue
        if budget.dose_per_fov_j_cm2 is not None and not _pays(
            spent.j_cm2, cost.j_cm2, budget.dose_per_fov_j_cm2
        ):
            continue
        able.add(fov)
    return frozenset(able)


def _pays(spent: float | None, cost: float | None, budget: float) -> bool:
    return spent is not None and cost is not None and spent + cost <= budget


def to_json(situation: Situation) -> str:
    """For the journal: with verdict and memory it reproduces the decision."""
    return json.dumps(
        {
            "kind": situation.kind,
            "started_s": situation.started_s,
            "now_s": situation.now_s,
            "bursting": situation.bursting,
            "late": situation.late,
            "affordable": sorted(situation.affordable),
        }
    )


def from_json(text: str) -> Situation:
    """The situation of a decision already made."""
    data = json.loads(text)
    return Situation(
        kind=VisitKind(data["kind"]),
        started_s=data["started_s"],
        now_s=data["now_s"],
        bursting=data["bursting"],
        late=data["late"],
        affordable=frozenset(data["affordable"]),
    )
