"""The lights of the page: service, light, focus, judge, messages. Pure.

Each has a shape and a word beside its colour. Grey means: nothing is known, not that all is well.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.service.states import ExperimentState, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.service.views import (
        CheckView,
        ExperimentView,
        HealthView,
        MessageView,
        RunView,
        StatusView,
    )
    from agent.view.stagemap import StageMap

Colour = Literal["good", "warning", "bad", "none"]
SHAPES: dict[Colour, str] = {"good": "●", "warning": "▲", "bad": "■", "none": "○"}
COMPARING = "comparing"  # why an experiment is prepared, in the supervisor's word
_WORDS = {Level.GOOD: "all well", Level.WARNING: "look at it", Level.BAD: "trouble"}


@dataclass(frozen=True, slots=True)
class Light:
    """One light."""

    name: str
    colour: Colour
    word: str
    text: str = ""

    @property
    def shape(self) -> str:
        """Differs by colour, for those who do not see it."""
        return SHAPES[self.colour]


def lights(
    status: StatusView, health: HealthView, stage: StageMap, messages: Sequence[MessageView]
) -> tuple[Light, ...]:
    """All five, the worst news of each."""
    return (
        Light("Service", _colour(status.level), _WORDS[status.level], _problems(status)),
        _light(status, health),
        _focus(stage),
        _judge(health, stage),
        _messages(health, messages),
    )


def _light(status: StatusView, health: HealthView) -> Light:
    check = _check(health, "light", "deadman", "dead-man")
    if check is not None and check.level is not Level.GOOD:
        return Light("Light", _colour(check.level), check.text)
    if status.run is not None:
        return _of_run(status.run, status.current)
    if check is not None:
        return Light("Light", "good", check.text)
    return Light("Light", "none", "no run")


def _of_run(run: RunView, one: ExperimentView | None) -> Light:
    if one is not None and one.state is ExperimentState.HELD and "light off" in one.why:
        return Light("Light", "good", "off", "looked at after the interruption")
    if one is not None and one.state is ExperimentState.STARTING and one.why == COMPARING:
        return Light("Light", "warning", "not known yet", "instrument and journal are compared")
    if run.light == "unknown":
        return Light("Light", "bad", "unknown", "look at the lamp")
    return Light("Light", "good", run.light)  # one word: the page shall not jump with each visit


def _focus(stage: StageMap) -> Light:
    seen = [field for field in stage.fields if field.focus]
    out = [f.name for f in seen if f.focus == "out"]
    soft = [f.name for f in seen if f.focus == "soft"]
    if not seen:
        return Light("Focus", "none", "not looked yet")
    if out:
        colour: Colour = "bad" if len(out) > len(seen) / 2 else "warning"
        return Light("Focus", colour, f"{len(out)} of {len(seen)} fields out", _names(out))
    if soft:
        return Light("Focus", "warning", f"{len(soft)} of {len(seen)} fields soft", _names(soft))
    return Light("Focus", "good", "in focus")


def _judge(health: HealthView, stage: StageMap) -> Light:
    check = _check(health, "judge", "model", "worker")
    if check is not None and check.level is not Level.GOOD:
        return Light("Judge", _colour(check.level), check.text)
    states = Counter(f.verdict for f in stage.fields if f.verdict)
    if not states:
        return Light("Judge", "none", "no verdict yet")
    troubled = [f"{n} {state}" for state, n in states.items() if state != "given"]
    if not troubled:
        return Light("Judge", "good", "answers")
    silent = states["failed"] + states["unjudged"]
    colour: Colour = "bad" if silent == sum(states.values()) else "warning"
    return Light("Judge", colour, ", ".join(troubled), f"of {sum(states.values())} last looks")


def _messages(health: HealthView, messages: Sequence[MessageView]) -> Light:
    check = _check(health, "messages", "messenger", "message", "outbox")
    if check is not None:
        return Light("Messages", _colour(check.level), check.text)
    lost = [m for m in messages if m.state in ("failed", "gave up", "given up", "lost")]
    waiting = [m for m in messages if m.state in ("waiting", "retrying", "held")]
    if lost:
        return Light("Messages", "bad", f"{len(lost)} not sent")
    if waiting:
        return Light("Messages", "warning", f"{len(waiting)} waiting")
    return Light("Messages", "good" if messages else "none", "sent" if messages else "none yet")


def _check(health: HealthView, *names: str) -> CheckView | None:
    """The worst check of these names."""
    found = [check for check in health.checks if check.name.lower() in names]
    order = list(Level)
    return max(found, key=lambda check: order.index(check.level), default=None)


def _colour(level: Level) -> Colour:
    return level.value


def _problems(status: StatusView) -> str:
    n = len(status.problems)
    return f"{n} thing{'s' * (n > 1)}, see below" if n else ""


def _names(fields: Sequence[str]) -> str:
    return ", ".join(fields[:6]) + (f" and {len(fields) - 6} more" if len(fields) > 6 else "")
