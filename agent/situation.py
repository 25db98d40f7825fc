"""What a policy may know beside the verdict: gathered here, and written down with the decision."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from agent.expand import due_times
from hardware.data import VisitKind
from policies.policy import Situation, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent.handoff import FinishedVisit
    from agent.journal.journal import Journal
    from agent.plan import Plan
    from hardware.data import Dose


class Surroundings:
    """Gathers the situation of a decision from plan and journal; only what the plan can use.

    `image_px` is height and width of a frame; it is asked for only by plans that follow.
    """

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        affordable: Callable[[], frozenset[str]],
        image_px: tuple[int, int] | None = None,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._affordable = affordable
        self._image_px = image_px
        self._fovs = {fov.name: fov for fov in journal.visits.fovs()}

    def of(self, visit: FinishedVisit, now_s: float, *, late: bool) -> Situation:
        """What a policy may know at `now_s` when it decides on a visit."""
        mind, reacts = self._journal.mind, self._plan.decide.policy == "watch"
        bursts = mind.bursts(now_s)
        return Situation(
            kind=visit.kind,
            started_s=visit.started_s,
            now_s=now_s,
            bursting={burst.fov: burst.until_s for burst in bursts.values()},
            late=late,
            affordable=self._affordable(),
            events=mind.bursts_begun() if reacts else {},
            left=self._journal.course.left(),
            rounds_over=self._rounds_over(visit.id),
            view=self._view(visit, bursts[visit.fov].id) if visit.fov in bursts else None,
        )

    def _rounds_over(self, visit_id: int) -> int:
        """Counted while a search needs it; 0 afterwards, and without one."""
        if self._plan.search is None or self._journal.records.get("kept") is not None:
            return 0
        first = self._journal.course.first_open_round(visit_id)
        return len(due_times(self._plan)) if first is None else first

    def _view(self, visit: FinishedVisit, burst: int) -> View | None:
        """Of a field that is filmed by a plan that follows."""
        if self._image_px is None or not self._plan.reaction.follow:
            return None
        row = self._journal.database.row(
            "SELECT pixel_size_um FROM frames WHERE visit=? ORDER BY idx LIMIT 1", visit.id
        )
        fov, (height, width) = self._fovs[visit.fov], self._image_px
        edge_um = 0.0 if row is None else float(row[0])
        dx_um, dy_um = self._journal.course.shift_to_come(burst)
        return View(fov.x_um, fov.y_um, dx_um, dy_um, width * edge_um, height * edge_um)


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
            "events": situation.events,
            "left": sorted(situation.left),
            "rounds_over": situation.rounds_over,
            "view": None if situation.view is None else dataclasses.asdict(situation.view),
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
        # a journal of an earlier version has none of these
        events=data.get("events", {}),
        left=frozenset(data.get("left", ())),
        rounds_over=data.get("rounds_over", 0),
        view=View(**data["view"]) if data.get("view") else None,
    )
