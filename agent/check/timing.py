"""Whether there is time for what the plan asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from agent.check import rounds
from agent.check.scope import human_s
from agent.estimate import estimate, round_time_s
from agent.finding import Finding, Level
from agent.plan import WatchConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope
    from agent.estimate import Estimate


def findings(scope: Scope) -> Iterator[Finding]:
    """Intervals shorter than what has to happen in them."""
    takes = estimate(scope.plan, scope.config, scope.home)
    yield from _rounds(scope, takes)
    if isinstance(scope.plan.decide, WatchConfig):
        yield from _reaction(scope, scope.plan.decide, takes)


def _rounds(scope: Scope, takes: Estimate) -> Iterator[Finding]:
    focus = scope.plan.autofocus
    with_focus_s = takes.round_s
    if focus is not None and focus.when == "every_nth_round":
        with_focus_s = round_time_s(scope.plan, scope.config, focus=True)
    for key, phase in rounds.phases(scope):
        interval_s = rounds.interval_s(phase)
        if interval_s is None:
            continue
        given = "duration" if "interval" not in type(phase).model_fields else "interval"
        for needed_s, level, with_ in (
            (takes.round_s, Level.ERROR, ""),
            (with_focus_s, Level.WARNING, " with autofocus"),
        ):
            if interval_s >= needed_s:
                continue
            message = (
                f"a round every {interval_s:g} s, but one round of {takes.fields}"
                f" fields{with_} takes {_up(needed_s)} s"
            )
            remedy = f"make the interval at least {math.ceil(needed_s)} s, or take fewer fields"
            yield scope.in_plan(level, f"{key}.{given}", message, remedy)
            break


def _reaction(scope: Scope, watch: WatchConfig, takes: Estimate) -> Iterator[Finding]:
    reaction, visit_s = scope.plan.reaction, takes.reaction_visit_s
    at_once = min(watch.max_concurrent, takes.fields)
    with_move_s = visit_s + takes.longest_move_s
    if reaction.interval_s < visit_s:
        message = f"a visit every {reaction.interval_s:g} s, but one visit takes {_up(visit_s)} s"
        remedy = f"make it at least {math.ceil(visit_s)} s, or image fewer channels or planes"
        yield scope.in_plan(Level.ERROR, "reaction.interval_s", message, remedy)
    elif at_once * with_move_s > reaction.interval_s:
        message = (
            f"{at_once} bursts at once take {_up(at_once * with_move_s)} s,"
            f" longer than reaction.interval_s ({reaction.interval_s:g} s)"
        )
        most = max(1, math.floor(reaction.interval_s / with_move_s))
        remedy = f"allow at most {most}, or image less in a reaction"
        yield scope.in_plan(Level.WARNING, "decide.max_concurrent", message, remedy)
    else:
        yield from _load(scope, takes, at_once)
    yield from _turning(scope, takes, with_move_s)
    if watch.min_dwell_s > reaction.duration_s:
        message = (
            f"{watch.min_dwell_s:g} s is longer than a burst may last"
            f" (reaction.duration_s, {reaction.duration_s:g} s)"
        )
        yield scope.in_plan(Level.WARNING, "decide.min_dwell_s", message, "make it shorter")
    if reaction.interval_s > reaction.duration_s:
        message = f"{reaction.duration_s:g} s is over before the second visit of a burst"
        remedy = f"make it longer than reaction.interval_s ({reaction.interval_s:g} s)"
        yield scope.in_plan(Level.WARNING, "reaction.duration_s", message, remedy)


def _turning(scope: Scope, takes: Estimate, visit_s: float) -> Iterator[Finding]:
    """With several fields others are imaged between two visits of a burst: back, and forth."""
    interval_s, needed_s = scope.plan.reaction.interval_s, 2 * takes.turn_s + visit_s
    if not takes.turn_s or takes.fields < 2 or needed_s <= interval_s:
        return
    message = (
        f"turning to {scope.plan.reaction.objective} and back takes {_up(2 * takes.turn_s)} s, and"
        f" one visit {_up(visit_s)} s: longer than reaction.interval_s ({interval_s:g} s)"
        f" while any other of the {takes.fields} fields is imaged"
    )
    remedy = f"make the interval at least {math.ceil(needed_s)} s, or keep the objective"
    yield scope.in_plan(Level.WARNING, "reaction.objective", message, remedy)


def _load(scope: Scope, takes: Estimate, at_once: int) -> Iterator[Finding]:
    """Baseline and all bursts together, as a share of the instrument's time."""
    intervals = [rounds.interval_s(phase) for _, phase in rounds.phases(scope)]
    shortest_s = min((s for s in intervals if s is not None), default=math.inf)
    if shortest_s < takes.round_s:
        return  # said already
    busy = at_once * (takes.reaction_visit_s + takes.longest_move_s)
    busy /= scope.plan.reaction.interval_s
    busy += (takes.round_s + 2 * takes.turn_s) / shortest_s
    if busy > 1:
        message = (
            f"{at_once} bursts and the baseline together need {busy:.0%} of the time:"
            f" rounds ({human_s(takes.round_s)} each) would come late"
        )
        remedy = "allow fewer bursts at once, or make one of the intervals longer"
        yield scope.in_plan(Level.WARNING, "decide.max_concurrent", message, remedy)


def _up(seconds: float) -> str:
    """Rounded up to hundredths, so that what is too long never reads as just right."""
    return f"{math.ceil(seconds * 100 - 1e-9) / 100:.2f}"
