"""The facts of a plan under the names of the slots: to compare plans, and to say them in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import useq

from agent.planner.assemble import FULL_PLATE

if TYPE_CHECKING:
    from agent.plan import Plan


def facts_of(plan: Plan) -> dict[str, Any]:
    """Slot -> value, in the units of the slots; only what differs from saying nothing."""
    base = plan.baseline
    facts = {**_where(base), **_channels(base), **_time(base), **_stack(base.z_plan, "stack.")}
    if only := [c.config for c in base.channels if not c.do_stack]:
        facts["stack.channels"] = tuple(c.config for c in base.channels if c.config not in only)
    facts |= _reaction(plan) | _focus(plan)
    if plan.search is not None:
        facts |= {
            "search.best": plan.search.best,
            "search.by": plan.search.by,
            "search.rounds": plan.search.rounds,
        }
        if plan.search.target is not None:
            facts["target"] = plan.search.target
    for prefix, part in (("stop", plan.stop), ("budget", plan.budget)):
        facts |= {f"{prefix}.{k}": v for k, v in part.model_dump().items() if v is not None}
    facts |= {f"notify.{k}": tuple(v) for k, v in plan.notify.model_dump().items() if v}
    if plan.camera.binning != 1:
        facts["binning"] = plan.camera.binning
    if plan.coupling == "synchronized":
        facts["coupling"] = "synchronized"
    if plan.objective is not None:
        facts["objective"] = plan.objective
    if plan.start_at is not None:
        facts["start_at"] = plan.start_at.isoformat(timespec="minutes")
    return facts


def _where(base: useq.MDASequence) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    places = base.stage_positions
    if isinstance(places, useq.WellPlatePlan):
        facts["wells"] = tuple(str(p.name) for p in places.image_positions)
        facts["plate"] = places.plate.name
    else:
        names = tuple(str(p.name) for p in places)
        plate = base.metadata.get(FULL_PLATE)
        facts |= {"wells": names, "plate": plate} if plate else {"positions": names}
    grid = base.grid_plan
    if isinstance(grid, useq.GridRowsColumns):
        facts |= {
            "grid.rows": grid.rows,
            "grid.columns": grid.columns,
            "grid.overlap_percent": grid.overlap[0],
        }
    return facts


def _channels(base: useq.MDASequence) -> dict[str, Any]:
    facts: dict[str, Any] = {"channels": tuple(c.config for c in base.channels)}
    return facts | {f"exposure_ms.{c.config}": c.exposure for c in base.channels}


def _time(base: useq.MDASequence) -> dict[str, Any]:
    time = base.time_plan
    if time is None:
        return {"once": True}
    phases = time.phases if isinstance(time, useq.MultiPhaseTimePlan) else [time]
    told = [_phase(phase) for phase in phases]
    if len(told) == 1:
        return told[0]
    return {"phases": tuple((p["interval_s"], p["duration_s"]) for p in told)}


def _phase(phase: Any) -> dict[str, Any]:
    seconds: dict[str, Any] = {}
    for key, slot in (("interval", "interval_s"), ("duration", "duration_s")):
        value = getattr(phase, key, None)
        if value is not None and key in type(phase).model_fields:
            seconds[slot] = value.total_seconds()
    if "loops" in type(phase).model_fields:
        seconds["rounds"] = phase.loops
    return seconds


def _stack(plan: Any, prefix: str) -> dict[str, Any]:
    if isinstance(plan, useq.ZRangeAround):
        return {f"{prefix}range_um": plan.range, f"{prefix}step_um": plan.step}
    if isinstance(plan, useq.ZAboveBelow):
        return {
            f"{prefix}above_um": plan.above,
            f"{prefix}below_um": plan.below,
            f"{prefix}step_um": plan.step,
        }
    return {}


def _reaction(plan: Plan) -> dict[str, Any]:
    if plan.decide.policy != "watch":
        return {}
    reaction = plan.reaction
    facts: dict[str, Any] = {
        "watch": True,
        "target": plan.decide.target,
        "reaction.interval_s": reaction.interval_s,
        "reaction.duration_s": reaction.duration_s,
        "reaction.repeat": reaction.repeat,
        **_stack(reaction.z_plan, "reaction.stack."),
    }
    if plan.decide.min_dwell_s < reaction.duration_s:
        facts["reaction.until_gone"] = True
    if reaction.objective is not None:
        facts["reaction.objective"] = reaction.objective
    if reaction.follow:
        facts["reaction.follow"] = True
    if reaction.channels:
        facts["reaction.channels"] = tuple(c.config for c in reaction.channels)
        facts |= {f"reaction.exposure_ms.{c.config}": c.exposure for c in reaction.channels}
    return facts


def _focus(plan: Plan) -> dict[str, Any]:
    focus = plan.autofocus
    if focus is None:
        return {}
    facts: dict[str, Any] = {
        "autofocus.when": focus.when,
        "autofocus.channel": focus.channel,
        "autofocus.exposure_ms": focus.exposure_ms,
        "autofocus.range_um": focus.range_um,
        "autofocus.on_failure": focus.on_failure,
    }
    if focus.when == "every_nth_round":
        facts["autofocus.every_n_rounds"] = focus.every_n_rounds
    return facts
