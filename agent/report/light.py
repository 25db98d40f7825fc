"""The light account: what each field received, for what, against budget and fixed plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import Outcome
from agent.report.unpack import number
from agent.report.words import EXPOSURE_S, J_CM2
from hardware.data import Purpose, VisitKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.report.planfacts import PlanFacts
    from agent.report.record import LightRow, Record

USES = ("baseline", "bursts", "revisits", "focus", "search and retries")


@dataclass(frozen=True, slots=True)
class Light:
    """Sums over a run, in `unit`: J/cm^2, or seconds of exposure without calibration.

    `fixed_total` is what imaging every field at the reaction rate would have cost, summed over
    the fields; None when it is not known.
    """

    calibrated: bool
    unit: str
    per_field: Mapping[str, float]
    uses: Mapping[str, Mapping[str, float]]  # field -> use -> amount
    total: float
    budget_per_field: float | None
    fixed_total: float | None
    exposures: int
    unfinished: int

    @property
    def busiest(self) -> tuple[str, float] | None:
        """The field that got most."""
        if not self.total:
            return None
        return max(self.per_field.items(), key=lambda item: item[1])

    @property
    def fixed_per_field(self) -> float | None:
        """The fixed plan's light on one field."""
        if self.fixed_total is None or not self.per_field:
            return None
        return self.fixed_total / len(self.per_field)

    @property
    def share_of_fixed(self) -> float | None:
        """This run's light as a share of the fixed plan's."""
        return self.total / self.fixed_total if self.fixed_total else None


def light_of(record: Record, plan: PlanFacts) -> Light:
    """Sum the ledger. Every exposure counts, also one whose image was lost."""
    calibrated = record.run.calibrated
    uses = {field.name: dict.fromkeys(USES, 0.0) for field in record.fields}
    for row in record.light:
        of_field = uses.setdefault(row.fov, dict.fromkeys(USES, 0.0))
        of_field[_use(row)] += row.j_cm2 if calibrated else row.seconds
    per_field = {fov: sum(of_field.values()) for fov, of_field in uses.items()}
    total = sum(per_field.values())
    return Light(
        calibrated=calibrated,
        unit=J_CM2 if calibrated else EXPOSURE_S,
        per_field=per_field,
        uses=uses,
        total=total,
        budget_per_field=plan.budget_j_cm2 if calibrated else plan.budget_s,
        fixed_total=_fixed_total(record, plan, len(per_field)),
        exposures=sum(row.exposures for row in record.light),
        unfinished=sum(row.unfinished for row in record.light),
    )


def cost_of(record: Record, visits: tuple[int, ...]) -> float:
    """The light of some visits, in the run's unit."""
    which = 1 if record.run.calibrated else 0
    return sum(record.visit_light.get(visit, (0.0, 0.0))[which] for visit in visits)


def _use(row: LightRow) -> str:
    if row.purpose == Purpose.FOCUS:
        return "focus"
    if row.purpose in {Purpose.SEARCH, Purpose.RETRY} or row.kind == VisitKind.SEARCH:
        return "search and retries"
    return {VisitKind.REACTION.value: "bursts", VisitKind.REVISIT.value: "revisits"}.get(
        row.kind, "baseline"
    )


def _fixed_total(record: Record, plan: PlanFacts, fields: int) -> float | None:
    """As a complete run's summary says; else from this run's own looks, up to where it got."""
    dose = record.run.summary.get("dose")
    complete = record.run.outcome is Outcome.COMPLETE
    if complete and record.run.calibrated and isinstance(dose, dict):
        said = number(dose.get("fixed_plan_j_cm2"))
        if said:
            return said
    if plan.reaction_interval_s is None or not record.run.last_s:
        return None
    looks = int(record.run.last_s / plan.reaction_interval_s) + 1
    for kind in (VisitKind.REACTION, VisitKind.BASELINE):
        rows = [r for r in record.light if r.purpose == Purpose.VISIT and r.kind == kind]
        amount = sum(r.j_cm2 if record.run.calibrated else r.seconds for r in rows)
        made = sum(1 for v in record.visits if v.kind == kind and v.id in record.visit_light)
        if made and amount:
            return fields * looks * amount / made
    return None
