"""The time plan: rounds that useq cannot count, or that last no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import useq

from agent.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope

Phase = useq.TIntervalDuration | useq.TIntervalLoops | useq.TDurationLoops


def phases(scope: Scope) -> list[tuple[str, Phase]]:
    """The phases of the time plan with their keys."""
    plan = scope.plan.baseline.time_plan
    if plan is None:
        return []
    key = "baseline.time_plan"
    if not isinstance(plan, useq.MultiPhaseTimePlan):
        return [(key, plan)]
    if f"{key}.phases" in scope.where.plan_lines or f"{key}[0]" not in scope.where.plan_lines:
        key = f"{key}.phases"
    return [(f"{key}[{number}]", phase) for number, phase in enumerate(plan.phases)]


def interval_s(phase: Phase) -> float | None:
    """Seconds from round to round, None where there is only one."""
    if isinstance(phase, useq.TDurationLoops) and phase.loops == 1:
        return None
    return phase.interval.total_seconds()


def count(plan: useq.AnyTimePlan | None) -> int:
    """Rounds of a time plan that `findings` does not object to."""
    if plan is None:
        return 1
    if isinstance(plan, useq.MultiPhaseTimePlan):
        return 1 + sum(phase.loops - 1 for phase in plan.phases)
    return plan.loops


def findings(scope: Scope) -> Iterator[Finding]:
    """Intervals and durations that are not above zero, and keys without effect."""
    if isinstance(scope.plan.baseline.time_plan, useq.MultiPhaseTimePlan) and not phases(scope):
        message, remedy = "no phases", "list at least one, with interval and loops"
        yield scope.in_plan(Level.ERROR, "baseline.time_plan", message, remedy)
    for key, phase in phases(scope):
        for name in ("interval", "duration"):
            given = getattr(phase, name) if name in type(phase).model_fields else None
            if given is not None and given.total_seconds() <= 0:
                message = f"{given.total_seconds():g} s must be above 0"
                yield scope.in_plan(Level.ERROR, f"{key}.{name}", message, "give it in seconds")
        if isinstance(phase, useq.TDurationLoops) and phase.loops == 1:
            message = "one loop lasts no time, whatever the duration"
            yield scope.in_plan(
                Level.ERROR, f"{key}.loops", message, "give interval and loops, or more loops"
            )
        if "prioritize_duration" in phase.model_fields_set:
            message = "has no effect here: trouble.overtaken says what happens to late rounds"
            yield scope.in_plan(Level.WARNING, f"{key}.prioritize_duration", message, "remove it")
