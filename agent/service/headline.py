"""The one sentence that says what the service is doing; no more than is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.service.states import ExperimentState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.service.light import Light
    from agent.service.queue import Experiment

State = ExperimentState
_DOING = {
    State.STARTING: "is being prepared",
    State.RUNNING: "is running",
    State.PAUSED: "is paused; light off",
    State.STOPPING: "ends after the visit under way",
    State.HELD: "is held",
}


def of_experiment(one: Experiment) -> str:
    """What an experiment that has the instrument is doing."""
    if one.state is State.HELD and one.reason.to_be_compared:
        return f"{one.name} was interrupted; it is not known yet how the instrument stands."
    text = _DOING.get(one.state, str(one.state))
    return f"{one.name} {text}." + (f" {one.why}" if one.why else "")


def of_queue(waiting: Sequence[Experiment], queue_held: str, light: Light) -> str:
    """What comes next while none has it."""
    lamp = _sentence(light)
    if queue_held:
        return f"The queue is held: {queue_held}; {len(waiting)} waiting. {lamp}"
    if not waiting:
        return f"Nothing to do. {lamp}"
    first = waiting[0]
    when = first.start_utc
    then = f"from {when.astimezone():%a %H:%M} on" if when is not None else "next"
    return f"{len(waiting)} waiting; {first.name} begins {then}. {lamp}"


def _sentence(light: Light) -> str:
    if light.off:
        return "Light off."
    text = str(light)
    return f"{text[0].upper()}{text[1:]}."
