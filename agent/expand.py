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

from agent.places import Place, places, safe_name, unique_names
from hardware.data import FieldOfView, VisitKind

if TYPE_CHECKING:
    from agent.plan import Plan


_LONGEST_SERIES = 24


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


def planes(plan: Plan, *, reaction: bool = False) -> tuple[float, ...]:
    """Planes of a visit as the z plan has them (um), (0.0,) without one."""
    z_plan = _z_plan(plan, reaction=reaction)
    if z_plan is None or (
        z_plan is plan.baseline.z_plan and Axis.Z not in plan.baseline.axis_order
    ):
        return (0.0,)
    return tuple(z_plan)


def turns(plan: Plan, home: str) -> bool:
    """Whether bursts turn the turret; `home` is the objective that everything else is imaged with.

    Nothing is turned for a policy that never reacts.
    """
    return plan.decide.policy == "watch" and plan.reaction.objective not in (None, home)


def objective_of(plan: Plan, kind: VisitKind, home: str) -> str:
    """The objective that a visit needs in place; "" in runs that never turn the turret."""
    if not turns(plan, home):
        return ""
    return (plan.reaction.objective or "") if kind is VisitKind.REACTION else home


def burst_series(plan: Plan, home: str) -> str:
    """The series of a burst's frames in the store, "" where they are like the baseline's.

    One image has one pixel size and one set of planes: where a burst's differ, its frames go into
    an image of their own.
    """
    if turns(plan, home):
        return safe_name(plan.reaction.objective or "")[:_LONGEST_SERIES]
    return "burst" if planes(plan, reaction=True) != planes(plan) else ""


def series_of(plan: Plan, kind: VisitKind, home: str) -> str:
    """The series of a visit's frames in the store."""
    return burst_series(plan, home) if kind is VisitKind.REACTION else ""


def due_times(plan: Plan) -> tuple[float, ...]:
    """Run times in seconds at which the rounds of the baseline are due."""
    time_plan = plan.baseline.time_plan
    return tuple(time_plan) if time_plan else (0.0,)


def event_templates(plan: Plan, fov: FieldOfView, kind: VisitKind) -> tuple[useq.MDAEvent, ...]:
    """The events of one visit at `fov`, absolute in x, y and z (um).

    A reaction images `reaction.channels` and the planes of `reaction.z_plan` where the plan gives
    them; every other kind of visit images the baseline's. `index` has ``c`` (the store's channel
    index) and ``z``.
    """
    slots = _slots(plan, reaction=kind is VisitKind.REACTION)
    return tuple(_event(slot, fov) for slot in slots)


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


def _z_plan(plan: Plan, *, reaction: bool) -> useq.AnyZPlan | None:
    if reaction and plan.reaction.z_plan is not None:
        return plan.reaction.z_plan
    return plan.baseline.z_plan


@lru_cache(maxsize=8)
def _slots(plan: Plan, *, reaction: bool) -> tuple[_Slot, ...]:
    """The images of one visit in useq's order: channels x planes or planes x channels."""
    baseline = plan.baseline
    z_plan = _z_plan(plan, reaction=reaction)
    wanted = (plan.reaction.channels if reaction else ()) or baseline.channels
    axis = channels(plan)
    middle = z_plan.num_positions() // 2 if z_plan else 0
    relative = z_plan is None or z_plan.is_relative
    order = baseline.axis_order
    z_first = Axis.Z in order and order.index(Axis.Z) < order.index(Axis.CHANNEL)
    numbered = list(enumerate(planes(plan, reaction=reaction)))
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
        offset = channel.z_offset if z_plan else 0.0  # as useq does
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
