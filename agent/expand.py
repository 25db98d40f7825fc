"""What a plan asks for, written out: its fields of view, channels, and visits. Pure functions.

The baseline is expanded visit by visit instead of through `useq.MDASequence.iter_events`, which
builds every event of every time point; a property test holds both to the same events. What
`agent.check` refuses may raise ValueError here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import useq
from useq import Axis

from agent.places import Place, places, unique_names
from hardware.data import FieldOfView, VisitKind

if TYPE_CHECKING:
    from agent.plan import Plan


@dataclass(frozen=True, slots=True)
class BaselineVisit:
    """One visit of the baseline. `due_s` is run time; `round` counts the plan's time points."""

    round: int
    fov: FieldOfView
    due_s: float
    events: tuple[useq.MDAEvent, ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    """One image of a visit: which channel and plane, and where its z comes from."""

    event: useq.MDAEvent  # index, channel and exposure; without a place, never sent anywhere
    z_um: float
    relative: bool


def fields(plan: Plan) -> tuple[FieldOfView, ...]:
    """The fields of view, in the order in which a round visits them.

    Names are unique (ignoring case) and safe as file names. Raises ValueError, naming the key,
    where a coordinate is missing: there is no default place.
    """
    found = places(plan.baseline)
    named = unique_names([place.name for place in found])
    return tuple(_field(name, place) for name, place in zip(named, found, strict=True))


def channels(plan: Plan) -> tuple[str, ...]:
    """The store's channel axis: presets of the baseline, then those only a reaction uses."""
    both = (*plan.baseline.channels, *plan.reaction.channels)
    return tuple(dict.fromkeys(channel.config for channel in both))


def z_slices(plan: Plan) -> int:
    """Planes per visit, 1 without a z plan."""
    return len(_planes(plan.baseline))


def due_times(plan: Plan) -> tuple[float, ...]:
    """Run times in seconds at which the rounds of the baseline are due."""
    time_plan = plan.baseline.time_plan
    return tuple(time_plan) if time_plan else (0.0,)


def event_templates(plan: Plan, fov: FieldOfView, kind: VisitKind) -> tuple[useq.MDAEvent, ...]:
    """The events of one visit at `fov`, absolute in x, y and z (um).

    A reaction images `reaction.channels` where the plan gives them; every other kind of visit
    images the baseline's. `index` has ``c`` (the store's channel index) and ``z``.
    """
    reacts = kind is VisitKind.REACTION and bool(plan.reaction.channels)
    return tuple(_event(slot, fov) for slot in _slots(plan, reaction=reacts))


def baseline_visits(plan: Plan) -> tuple[BaselineVisit, ...]:
    """Every visit of the baseline, in order. Rounds share their (immutable) events."""
    stops = [(fov, event_templates(plan, fov, VisitKind.BASELINE)) for fov in fields(plan)]
    return tuple(
        BaselineVisit(number, fov, due_s, events)
        for number, due_s in enumerate(due_times(plan))
        for fov, events in stops
    )


def _field(name: str, place: Place) -> FieldOfView:
    if place.x_um is None or place.y_um is None or place.z_um is None:
        absent = next(axis for axis in "xyz" if getattr(place, f"{axis}_um") is None)
        raise ValueError(f"{place.key}.{absent}: missing; every position needs x, y and z in um")
    return FieldOfView(name, place.x_um, place.y_um, place.z_um)


def _planes(baseline: useq.MDASequence) -> tuple[float, ...]:
    return tuple(baseline.z_plan) if baseline.z_plan and Axis.Z in baseline.axis_order else (0.0,)


@lru_cache(maxsize=8)
def _slots(plan: Plan, *, reaction: bool) -> tuple[_Slot, ...]:
    """The images of one visit in useq's order: channels x planes or planes x channels."""
    baseline = plan.baseline
    wanted = plan.reaction.channels if reaction else baseline.channels
    axis = channels(plan)
    planes = _planes(baseline)
    middle = baseline.z_plan.num_positions() // 2 if baseline.z_plan else 0
    relative = baseline.z_plan is None or baseline.z_plan.is_relative
    order = baseline.axis_order
    z_first = Axis.Z in order and order.index(Axis.Z) < order.index(Axis.CHANNEL)
    numbered = list(enumerate(planes))
    pairs = (
        ((channel, plane) for plane, channel in product(numbered, wanted))
        if z_first
        else product(wanted, numbered)
    )
    slots = []
    for channel, (z_index, z_um) in pairs:
        if not channel.do_stack and z_index != middle:
            continue
        template = useq.MDAEvent.model_validate(
            {
                "index": {"c": axis.index(channel.config), "z": z_index},
                "channel": {"config": channel.config, "group": channel.group},
                "exposure": channel.exposure,
            }
        )
        offset = channel.z_offset if baseline.z_plan else 0.0  # as useq does
        slots.append(_Slot(template, z_um + offset, relative))
    return tuple(slots)


def _event(slot: _Slot, fov: FieldOfView) -> useq.MDAEvent:
    return slot.event.model_copy(
        update={
            "x_pos": fov.x_um,
            "y_pos": fov.y_um,
            "z_pos": slot.z_um + fov.z_um if slot.relative else slot.z_um,
            "pos_name": fov.name,
        }
    )
