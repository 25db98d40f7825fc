"""Answers to pure questions: what something would need, what the microscope has. Plans nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.estimate import estimate
from agent.planner.assemble import assemble
from agent.planner.describe import number, seconds
from agent.planner.draft import Question
from hardware.disk import GB

if TYPE_CHECKING:
    from agent.check import InstrumentFacts
    from agent.estimate import Estimate
    from agent.planner.draft import Draft
    from hardware.data import Dose, MicroscopeConfig

_TOPICS = (
    (r"objective|magnification|objektiv|objectif|obiettiv|objetivo|lens", "objectives"),
    (r"channel|filter|fluoro|kanal|kanäle|canal|canaux|canali|canales|dye", "channels"),
    (r"position|punkt|posizion|posicion", "positions"),
    (r"plate|well|platte|plaque|piastra|placa", "plates"),
    (r"limit|how far|grenz|límite|limite|range of the stage|travel", "limits"),
)
_COST = re.compile(
    r"disk|space|storage|gb\b|gigabyte|light|dose|long|time|frames?|images?|visits?|speicher|platz|"
    r"licht|dauer|bilder|disque|lumière|temps|disco|luce|tempo|luz|tiempo|espacio|spazio|much|many|"
    r"fast|short",
    re.I,
)


def answer(draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None) -> str:
    """In words; says what is missing where the question leaves too much open."""
    told = _about(draft.instruction, config)
    amounts = any(slot in draft.said for slot in ("interval_s", "duration_s", "rounds", "phases"))
    if told and not amounts:
        return told
    if _COST.search(draft.instruction) and (amounts or not told):
        return _cost(draft, config, facts)
    return told or _help(config)


def _about(text: str, config: MicroscopeConfig) -> str:
    for pattern, topic in _TOPICS:
        if not re.search(pattern, text, re.I):
            continue
        match topic:
            case "objectives":
                turn = "may be turned" if config.objectives.allow_change else "may not be turned"
                names = ", ".join(config.objectives.items)
                return f"Microscope {config.name} has {names}; the turret {turn} by a run."
            case "channels":
                told = [
                    f"{name} (at most {number(c.max_exposure_ms)} ms)"
                    for name, c in config.channels.items()
                ]
                return f"Microscope {config.name} has the channels {', '.join(told)}."
            case "positions":
                marked = ", ".join(config.positions) or "none"
                return f"Marked positions of microscope {config.name}: {marked}."
            case "plates":
                return (
                    f"Plates known to microscope {config.name}: "
                    f"{', '.join(config.plates) or 'none'}."
                )
            case _:
                stage = config.stage
                told = [
                    f"{axis} {number(low)} to {number(high)} um"
                    for axis, (low, high) in (
                        ("x", stage.x_um),
                        ("y", stage.y_um),
                        ("z", stage.z_um),
                    )
                ]
                return f"Limits of microscope {config.name}: {', '.join(told)}."
    return ""


def _cost(draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None) -> str:
    if draft.questions:
        missing = "; ".join(q.text for q in draft.questions)
        return f"That depends on what is not said: {missing}"
    try:
        plan = assemble(replace(draft, instruction="a question"), config, facts)
    except ValueError as error:
        return f"That cannot be planned: {' '.join(str(error).split())}"
    if isinstance(plan, Question):
        return f"That depends: {plan.text}"
    frame = facts.frame.binned(plan.camera.binning) if facts and facts.frame else None
    frame_bytes = frame.bytes if frame else None
    objective = plan.objective or (facts.objective if facts else None)
    return (
        f"That would take "
        f"{cost_in_words(estimate(plan, config, objective, frame_bytes=frame_bytes))}."
    )


def cost_in_words(cost: Estimate) -> str:
    """Visits, frames, time, disk and light of the baseline in one line."""
    told = [
        f"{cost.visits:,} visits ({cost.frames:,} frames)",
        f"{seconds(round(cost.duration_s))}" if cost.duration_s < 60 else hours(cost.duration_s),
    ]
    if cost.disk_bytes is not None:
        told.append(f"up to {cost.disk_bytes / GB:.3g} GB of disk")
    told.append(f"{light(cost.per_fov)} of light on each field")
    return ", ".join(told)


def hours(value_s: float) -> str:
    """ "5 min 20 s", "2 h 30 min", "3 d 4 h"."""
    minutes, rest_s = divmod(round(value_s), 60)
    hour, minute = divmod(minutes, 60)
    days, hour = divmod(hour, 24)
    parts = (
        [f"{days} d"] * bool(days) + [f"{hour} h"] * bool(hour) + [f"{minute} min"] * bool(minute)
    )
    if not days and not hour and rest_s:
        parts.append(f"{rest_s} s")
    return " ".join(parts) or "0 s"


def light(dose: Dose) -> str:
    """In J/cm2 where it is calibrated, else in seconds of exposure."""
    if dose.j_cm2 is not None:
        return f"{dose.j_cm2:.3g} J/cm2"
    return f"{dose.seconds:.3g} s of exposure"


def _help(config: MicroscopeConfig) -> str:
    return (
        f"I can tell what an experiment would take (time, disk, light), and which channels, "
        f"objectives, positions and plates microscope {config.name} has."
    )
