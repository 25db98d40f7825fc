"""Verdicts, actions and cost in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.report.unpack import as_text
from agent.report.words import duration, figure, many

if TYPE_CHECKING:
    from agent.report.record import Act, Seen

TITLES = {
    "burst": "fast imaging started",
    "end_burst": "back to the baseline",
    "revisit": "a second look",
    "refocus": "refocus",
    "change_exposure": "exposure changed",
    "change_objective": "objective change",
    "wait": "left alone for a while",
    "keep": "only the best fields go on",
    "recentre": "the stage follows the target",
    "ask": "a question",
    "stop": "stop",
}
FOCUS = {"in": "in focus", "soft": "soft", "out": "out of focus", "unknown": "focus unknown"}
J_CM2 = "J/cm²"
_LONG = 300


def verdict_in_words(seen: Seen | None) -> str:
    """What a judge said of a visit, in one line."""
    if seen is None:
        return "no verdict yet"
    if seen.state in ("abstained", "failed", "unjudged"):
        why = as_text(seen.why_abstained, _LONG)
        return f"{seen.state}: {why}" if why else str(seen.state)
    said = [FOCUS.get(seen.focus_state, seen.focus_state or "focus unknown")]
    if seen.p_target is not None:
        said.append(f"{seen.target or 'target'} {100 * seen.p_target:.0f} %")
    if seen.count is not None:
        said.append(many(seen.count, "object"))
    said += seen.flags
    text = ", ".join(said)
    return f"{text} (too late to act on)" if seen.state == "late" else text


def act_in_words(act: Act) -> str:
    """What was asked for, and what became of it."""
    details = ", ".join(
        f"{key.removesuffix('_s').removesuffix('_ms').replace('_', ' ')} {_value(key, value)}"
        for key, value in act.details.items()
        if key != "fov" and value not in ("", None)
    )
    name = f"{act.name.replace('_', ' ')} {as_text(act.details.get('fov'), 80)}".rstrip()
    text = f"{name} ({details})" if details else name
    return as_text(f"{text}: {act.became}" if act.became else text, 2 * _LONG)


def went_wrong(act: Act) -> bool:
    """Whether an action was not done."""
    return act.became.lower().startswith(("refused", "failed", "not "))


def light_in_words(amount: float, unit: str) -> str:
    """With the unit as people write it."""
    return f"{figure(amount)} {J_CM2 if unit == 'J/cm2' else 's of exposure'}"


def cost_in_words(visits: int, to_come: int, frames: int, light: float, unit: str) -> str:
    """What a decision has started."""
    if not visits + to_come:
        return ""
    made = f"{many(visits, 'visit')}, {many(frames, 'frame')}, {light_in_words(light, unit)}"
    return f"{made}; {to_come:,} to come" if to_come else made


def _value(key: str, value: object) -> str:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and key.endswith("_ms"):
        return f"{number:g} ms"
    if number is not None and key.endswith("_s"):
        return duration(float(number))
    if isinstance(value, list):
        return ", ".join(as_text(item, 80) for item in value)
    return as_text(value, _LONG)
