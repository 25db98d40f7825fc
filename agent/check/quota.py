"""Whether the plan's light budget pays for the plan."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.check.scope import human_s
from agent.estimate import burst_objective, estimate
from agent.expand import channels, due_times
from agent.finding import Finding, Level
from agent.plan import WatchConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.check.scope import Scope
    from agent.estimate import Estimate
    from hardware.data import Dose


@dataclass(frozen=True, slots=True)
class _Limit:
    """One key of the budget: its value and unit, what it counts, and over how many fields."""

    key: str
    value: float
    unit: str
    of: Callable[[Dose], float | None]
    fields: int

    @property
    def whose(self) -> str:
        return "a field" if self.fields == 1 else f"all {self.fields} fields"


def findings(scope: Scope) -> Iterator[Finding]:
    """Budgets that are too small, or that nobody can hold because the light is not measured."""
    objectives = scope.objectives()
    unknown = list(_uncalibrated(scope, objectives))
    yield from unknown
    budget = scope.plan.budget
    limits = (budget.dose_per_fov_j_cm2, budget.total_dose_j_cm2, budget.exposure_per_fov_s)
    if not any(limits):
        message = "no light budget: nothing but the plan itself limits the light on a field"
        remedy = "give dose_per_fov_j_cm2 or exposure_per_fov_s"
        yield scope.in_plan(Level.NOTE, "budget", message, remedy)
        return
    seen: dict[str, Level] = {}
    for objective in objectives:
        cost = estimate(scope.plan, scope.config, objective)
        for limit in _limits(scope, cost.fields):
            name = f" with {objective}" if len(objectives) > 1 else ""
            found = _compare(scope, limit, cost, name)
            if found is not None and (len(objectives) > 1 and found.level is Level.ERROR):
                # another objective may be in place: the gate will know
                found = scope.in_plan(Level.WARNING, found.key, found.message, found.remedy)
            if found is not None and found.key not in seen:
                seen[found.key] = found.level
                yield found


def _limits(scope: Scope, fields: int) -> Iterator[_Limit]:
    budget = scope.plan.budget
    if budget.dose_per_fov_j_cm2 is not None:
        value = budget.dose_per_fov_j_cm2
        yield _Limit("budget.dose_per_fov_j_cm2", value, "J/cm2", lambda d: d.j_cm2, 1)
    if budget.exposure_per_fov_s is not None:
        value = budget.exposure_per_fov_s
        yield _Limit("budget.exposure_per_fov_s", value, "s of light", lambda d: d.seconds, 1)
    if budget.total_dose_j_cm2 is not None:
        value = budget.total_dose_j_cm2
        yield _Limit("budget.total_dose_j_cm2", value, "J/cm2", lambda d: d.j_cm2, fields)


def _compare(scope: Scope, limit: _Limit, cost: Estimate, name: str) -> Finding | None:
    """The worst that can be said about one limit."""
    visit, per_fov, burst = (limit.of(d) for d in (cost.visit_light, cost.per_fov, cost.burst))
    if visit is None or per_fov is None or burst is None:
        return None  # not calibrated: said already
    n, unit = limit.fields, limit.unit
    one_round, baseline = n * visit, n * per_fov
    whole = f"{limit.value:g} {unit} for {limit.whose}{name}"
    if one_round > limit.value * (1 + 1e-9):
        message = f"{whole}, but one round costs {one_round:.3g} {unit}"
        remedy = f"give at least {_up(baseline)} {unit} for the whole baseline, or use less light"
        return scope.in_plan(Level.ERROR, limit.key, message, remedy)
    if baseline > limit.value * (1 + 1e-9):
        due = due_times(scope.plan)
        paid = min(math.floor(limit.value / (baseline / len(due)) + 1e-9), len(due) - 1)
        message = (
            f"{whole}, but the baseline alone costs {baseline:.3g} {unit}:"
            f" imaging stops after about {human_s(due[paid])}"
        )
        remedy = f"give {_up(baseline)} {unit}, or take fewer rounds or less light"
        return scope.in_plan(Level.WARNING, limit.key, message, remedy)
    if isinstance(scope.plan.decide, WatchConfig) and baseline + burst > limit.value * (1 + 1e-9):
        message = (
            f"{whole} leaves {limit.value - baseline:.3g} {unit} after the baseline,"
            f" and one burst costs {burst:.3g} {unit}: bursts will be refused or cut short"
        )
        remedy = f"give {_up(baseline + burst)} {unit}, or make reaction.duration_s shorter"
        return scope.in_plan(Level.WARNING, limit.key, message, remedy)
    return None


def _up(value: float) -> str:
    """Rounded up to two digits."""
    if value <= 0:
        return "0"
    scale = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / scale - 1e-9) * scale:.2g}"


def _uncalibrated(scope: Scope, objectives: tuple[str, ...]) -> Iterator[Finding]:
    budget, config = scope.plan.budget, scope.config
    keys = [
        key
        for key, value in (
            ("dose_per_fov_j_cm2", budget.dose_per_fov_j_cm2),
            ("total_dose_j_cm2", budget.total_dose_j_cm2),
        )
        if value is not None
    ]
    used = list(channels(scope.plan))
    if scope.plan.autofocus is not None:
        used.append(scope.plan.autofocus.channel)
    for key in keys:
        yield from _burst_uncalibrated(scope, key)
        for channel in dict.fromkeys(used):
            if channel not in config.channels:
                continue
            dark = [o for o in objectives if config.irradiance_w_cm2(channel, o) is None]
            if not dark:
                continue
            with_ = f" with {', '.join(dark)}" if any(dark) else ""
            message = f"the light of {channel}{with_} is not known, so no J/cm2 can be counted"
            remedy = (
                f"measure channels.{channel}.irradiance_w_cm2 in {scope.where.microscope},"
                " or use exposure_per_fov_s"
            )
            level = Level.ERROR if len(dark) == len(objectives) else Level.WARNING
            yield scope.in_plan(level, f"budget.{key}", message, remedy)


def _burst_uncalibrated(scope: Scope, key: str) -> Iterator[Finding]:
    """The light of a burst at another objective, under a budget in J/cm2."""
    plan, config = scope.plan, scope.config
    objective = burst_objective(plan, scope.home)
    if objective is None or objective == scope.home:
        return
    used = plan.reaction.channels or plan.baseline.channels
    for channel in dict.fromkeys(c.config for c in used if c.config in config.channels):
        if config.irradiance_w_cm2(channel, objective) is None:
            message = f"the light of {channel} with {objective} is not known: bursts are refused"
            remedy = (
                f"measure channels.{channel}.irradiance_w_cm2.{objective} in"
                f" {scope.where.microscope}, or use exposure_per_fov_s"
            )
            yield scope.in_plan(Level.ERROR, f"budget.{key}", message, remedy)
