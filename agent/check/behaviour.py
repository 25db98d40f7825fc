"""Whether judge, policy, reaction and autofocus of a plan go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.check import judge, options
from agent.finding import Finding, Level
from agent.plan import WatchConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope


def findings(scope: Scope) -> Iterator[Finding]:
    """Parts of the plan that could never take effect together."""
    yield from judge.findings(scope)
    if isinstance(scope.plan.decide, WatchConfig):
        yield from _watch(scope)
    else:
        yield from _fixed(scope)
    yield from _autofocus(scope)
    yield from options.findings(scope)


def _watch(scope: Scope) -> Iterator[Finding]:
    plan = scope.plan
    if plan.judge.kind == "none":
        message = "nobody looks at the frames, so decide.policy watch can never react"
        remedy = "write kind: classical, or decide: {policy: fixed}"
        yield scope.in_plan(Level.ERROR, "judge.kind", message, remedy)
    reacts = [channel.config for channel in plan.reaction.channels]
    looks_at = plan.judge.channel or next((c.config for c in plan.baseline.channels), None)
    released = plan.decide.min_dwell_s < plan.reaction.duration_s  # type: ignore[union-attr]
    if released and reacts and looks_at is not None and looks_at not in reacts:
        message = f"{looks_at}, which the judge looks at, is missing: no burst could be released"
        yield scope.in_plan(Level.ERROR, "reaction.channels", message, f"add {looks_at}")


def _fixed(scope: Scope) -> Iterator[Finding]:
    if "reaction" in scope.plan.model_fields_set:
        message = "has no effect: decide.policy fixed images the baseline and nothing else"
        remedy = "remove it, or write decide: {policy: watch}"
        yield scope.in_plan(Level.NOTE, "reaction", message, remedy)


def _autofocus(scope: Scope) -> Iterator[Finding]:
    plan, focus = scope.plan, scope.plan.autofocus
    if focus is None:
        return
    z_plan = plan.baseline.z_plan
    if z_plan is not None and not z_plan.is_relative:
        message = "planes at absolute z do not follow the focus that autofocus finds"
        remedy = "give a z_plan with range, or above and below"
        yield scope.in_plan(Level.ERROR, "autofocus", message, remedy)
    if focus.fine_step_um > focus.coarse_step_um:
        message = f"{focus.fine_step_um:g} um is above coarse_step_um ({focus.coarse_step_um:g} um)"
        yield scope.in_plan(Level.ERROR, "autofocus.fine_step_um", message, "make it smaller")
    if focus.coarse_step_um > focus.range_um / 2:
        message = (
            f"{focus.coarse_step_um:g} um in a range of {focus.range_um:g} um:"
            " fewer than three steps have no interior peak"
        )
        yield scope.in_plan(
            Level.ERROR, "autofocus.coarse_step_um", message, "make it at most half the range"
        )
    if focus.when == "focus_lost" and (plan.judge.kind == "none" or plan.decide.policy == "fixed"):
        message = "nobody tells when focus is lost: there is no judge, or policy fixed never asks"
        remedy = "write every_visit or every_nth_round"
        yield scope.in_plan(Level.WARNING, "autofocus.when", message, remedy)
