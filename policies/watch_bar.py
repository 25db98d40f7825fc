"""Why no burst may begin in a field, whatever is seen there: the plan's own limits on reacting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.action import Burst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.action import Action
    from policies.policy import Situation
    from policies.watch_parameters import WatchParameters


def why_barred(
    fov: str, want: WatchParameters, situation: Situation, actions: Sequence[Action]
) -> str:
    """In words; "" when a burst may begin. `actions`: what this decision asks for already."""
    if situation.barred:
        return situation.barred
    begun = dict(situation.events)
    for action in actions:
        if isinstance(action, Burst):
            begun[action.fov] = begun.get(action.fov, 0) + 1
    total = sum(begun.values())
    if want.max_events is not None and total >= want.max_events:
        return f"the plan is about {want.max_events} events and has them"
    if want.repeat == "once" and total:
        return "the plan reacts once, and has"
    if want.repeat == "once_per_field" and begun.get(fov):
        return "the plan reacts once in each field, and has here"
    return ""
