"""The closed vocabulary of what the agent may ask for. Nothing else ever becomes a command."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from policies.verdict import Record

Positive = Annotated[FiniteFloat, Field(gt=0)]


class Burst(Record):
    """Image a field at the reaction's interval until released, at most `duration_s`."""

    action: Literal["burst"] = "burst"
    fov: str


class EndBurst(Record):
    """Fall back to the baseline: the burst's remaining visits are cancelled."""

    action: Literal["end_burst"] = "end_burst"
    fov: str


class Revisit(Record):
    """One more visit, `delay_s` from now (to confirm what one frame suggested)."""

    action: Literal["revisit"] = "revisit"
    fov: str
    delay_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0


class Refocus(Record):
    """Run the plan's autofocus at the start of the field's next visit."""

    action: Literal["refocus"] = "refocus"
    fov: str


class ChangeExposure(Record):
    """Set a channel's exposure for the field's next visits (the gate checks it)."""

    action: Literal["change_exposure"] = "change_exposure"
    fov: str
    channel: str
    exposure_ms: Positive


class ChangeObjective(Record):
    """Turn the turret. Irreversible enough to be refused unless the microscope allows it."""

    action: Literal["change_objective"] = "change_objective"
    objective: str


class Wait(Record):
    """Leave a field alone for a while: its pending visits before then are skipped."""

    action: Literal["wait"] = "wait"
    fov: str
    duration_s: Positive


class Ask(Record):
    """Put a question to a person; without an answer the default applies."""

    action: Literal["ask"] = "ask"
    question: str
    default: str


class Stop(Record):
    """End the run in order."""

    action: Literal["stop"] = "stop"


Action = Annotated[
    Burst | EndBurst | Revisit | Refocus | ChangeExposure | ChangeObjective | Wait | Ask | Stop,
    Field(discriminator="action"),
]


class Decision(Record):
    """A policy's answer to one verdict.

    `reason` is one line a biologist understands; `cites` are the visits whose frames it rests on.
    An empty tuple of actions means: carry on.
    """

    visit_id: int
    policy: str
    actions: tuple[Action, ...] = ()
    reason: str
    cites: tuple[int, ...] = ()
