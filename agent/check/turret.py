"""Objectives that the plan names: whether they exist, may be turned to, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.check.scope import refused
from agent.expand import turns
from agent.finding import Finding, Level, nearest
from hardware.gate.limits import check_objective

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope


def findings(scope: Scope) -> Iterator[Finding]:
    """What keeps the plan's objectives from being used."""
    yield from _home(scope)
    yield from _reaction(scope)


def _home(scope: Scope) -> Iterator[Finding]:
    wanted, facts = scope.plan.objective, scope.facts
    items = list(scope.config.objectives.items)
    if wanted is None:
        return
    if wanted not in items:
        message = f"no objective {wanted} in objectives.items of {scope.where.microscope}"
        yield scope.in_plan(Level.ERROR, "objective", message, nearest(wanted, items))
    elif facts is not None and facts.objective not in (None, wanted):
        message = f"{wanted}, but {facts.mm_config.name} starts with {facts.objective}"
        remedy = f"turn the turret to {wanted} first: a run with another one in place is refused"
        yield scope.in_plan(Level.WARNING, "objective", message, remedy)


def _reaction(scope: Scope) -> Iterator[Finding]:
    plan, key = scope.plan, "reaction.objective"
    wanted = plan.reaction.objective
    if wanted is None or plan.decide.policy != "watch":
        return
    items = list(scope.config.objectives.items)
    if wanted not in items:
        message = f"no objective {wanted} in objectives.items of {scope.where.microscope}"
        yield scope.in_plan(Level.ERROR, key, message, nearest(wanted, items))
        return
    if not turns(plan, scope.home or ""):
        message = f"{wanted} is in place anyhow: nothing is turned"
        yield scope.in_plan(Level.NOTE, key, message, "remove it")
        return
    refusal = check_objective(scope.config, wanted)
    if refusal is not None:
        yield scope.in_plan(Level.ERROR, key, *refused(refusal))
    elif scope.facts is not None and scope.facts.pixel_sizes_um.get(wanted) is None:
        message = f"the pixel size with {wanted} is not known"
        remedy = f"write objectives.items.{wanted}.pixel_size_um in {scope.where.microscope}"
        yield scope.in_plan(Level.ERROR, key, message, remedy)
