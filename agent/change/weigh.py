"""Weighs a change: what differs, what it costs, and every reason against it. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.change.diff import PlanDiff, diff
from agent.change.effect import GB, SAME, Effect, disk, effect
from agent.change.rules import No, cannot
from agent.check import Where, check, errors
from agent.estimate import NO_LIGHT
from agent.expand import fields
from hardware.disk import RESERVE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.change.state import RunState
    from agent.plan import Plan
    from hardware.data import Dose, MicroscopeConfig

PLAN = "the changed plan"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A change that can be made where `against` is empty.

    `effect` is None where the new plan cannot even be written out.
    """

    diff: PlanDiff
    effect: Effect | None
    against: tuple[No, ...]


def weigh(old: Plan, new: Plan, config: MicroscopeConfig, state: RunState) -> Weighed:
    """Hold a new plan against the checks of a new run, the limits of a running one, and what is
    left of its budgets.
    """
    if state.over:
        no = No(
            "run", "a change after its end", f"the plan has ended it: {state.over}", "Run anew."
        )
        return Weighed(PlanDiff(), None, (no,))
    wrong = _wrong(old, new, config)
    try:
        found = diff(old, new)
    except ValueError as error:  # a place without a coordinate: the checks have said so as well
        said = wrong or [No("baseline", "a plan that cannot be written out", str(error), "")]
        return Weighed(PlanDiff(), None, tuple(said))
    if not found:
        remedy = "Say what is to be different."
        no = No("plan", "no change", "the run goes on like this already", remedy)
        return Weighed(found, None, (no,))
    against = [*cannot(old, new, state), *wrong]
    if against:
        return Weighed(found, None, tuple(against))
    costs = effect(old, new, config, state)
    return Weighed(found, costs, (*_light(old, new, costs, state), *_disk(old, new, costs, state)))


def _wrong(old: Plan, new: Plan, config: MicroscopeConfig) -> list[No]:
    """Errors of the checks that the plan in force does not have."""
    where = Where(PLAN, config.name)
    before = {(f.key, f.message) for f in errors(check(old, config, facts=None, where=where))}
    return [
        No(f.key or "plan", "refused by the checks", f.message, _sentence(f.remedy))
        for f in errors(check(new, config, facts=None, where=where))
        if (f.key, f.message) not in before
    ]


def _light(old: Plan, new: Plan, costs: Effect, state: RunState) -> Iterator[No]:
    """What each field, and all together, will have got at the end."""
    was, will = old.budget, new.budget
    spent = {fov.name: state.spent.get(fov.name, NO_LIGHT) for fov in fields(new)}
    known = [dose.j_cm2 for dose in state.spent.values()]
    total = None if None in known else sum(j for j in known if j is not None)
    before, after = costs.old, costs.new
    name, busiest = max(spent.items(), key=lambda pair: _size(pair[1]))
    for key, unit, limits, used, rest, where in (
        (
            "dose_per_fov_j_cm2",
            "J/cm2",
            (was.dose_per_fov_j_cm2, will.dose_per_fov_j_cm2),
            busiest.j_cm2,
            (before.per_fov.j_cm2, after.per_fov.j_cm2),
            name,
        ),
        (
            "exposure_per_fov_s",
            "s",
            (was.exposure_per_fov_s, will.exposure_per_fov_s),
            max(dose.seconds for dose in spent.values()),
            (before.per_fov.seconds, after.per_fov.seconds),
            name,
        ),
        (
            "total_dose_j_cm2",
            "J/cm2",
            (was.total_dose_j_cm2, will.total_dose_j_cm2),
            total,
            (before.total.j_cm2, after.total.j_cm2),
            "the whole run",
        ),
    ):
        over = _over(limits, used, rest)
        if over is not None:
            spent_text = f"{used:.3g} {unit} spent on {where}, {rest[1]:.3g} {unit} still to come"
            remedy = f"Give at least {over * 1.001:.3g} {unit}, or use less light."
            yield No(f"budget.{key}", spent_text, f"budget {limits[1]:g} {unit}", remedy)


def _disk(old: Plan, new: Plan, costs: Effect, state: RunState) -> Iterator[No]:
    """Budget and free space hold what is still to be stored."""
    rest = (costs.old.disk_bytes, costs.new.disk_bytes)
    if rest[0] is None or rest[1] is None:
        return
    limits = tuple(
        None if gb is None else gb * GB for gb in (old.budget.disk_gb, new.budget.disk_gb)
    )
    used = float(state.used_bytes)
    over = _over((limits[0], limits[1]), used, (float(rest[0]), float(rest[1])))
    still = f"{disk(rest[1])} still to be stored"
    if over is not None:
        remedy = f"Give at least {over / GB * 1.001:.3g} GB, or take fewer frames."
        limit = f"budget {disk(int(limits[1] or 0))}, {disk(state.used_bytes)} used"
        yield No("budget.disk_gb", still, limit, remedy)
    free = state.free_bytes
    if free is not None and rest[1] > rest[0] and free - rest[1] < RESERVE_BYTES:
        limit = f"{disk(free)} free, {disk(RESERVE_BYTES)} of it reserved"
        yield No("disk", still, limit, "Free some space, or take fewer frames.")


def _over(
    limits: tuple[float | None, float | None],
    used: float | None,
    rest: tuple[float | None, float | None],
) -> float | None:
    """What would be used in all, where that is over the new limit and the change is to blame."""
    if limits[1] is None or used is None or rest[0] is None or rest[1] is None:
        return None  # light that nobody measured: the checks refuse such a budget
    whole = used + rest[1]
    blamed = rest[1] > rest[0] * SAME or limits[0] is None or limits[1] < limits[0]
    return whole if blamed and whole > limits[1] * SAME else None


def _size(dose: Dose) -> tuple[float, float]:
    return (dose.j_cm2 or 0.0, dose.seconds)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""
