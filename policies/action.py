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


class Recentre(Record):
    """Image the rest of a field's burst this far from its planned place (um, stage axes)."""

    action: Literal["recentre"] = "recentre"
    fov: str
    dx_um: FiniteFloat
    dy_um: FiniteFloat


class Keep(Record):
    """Go on with these fields only: the others are left alone from now on, for the reason `why`."""

    action: Literal["keep"] = "keep"
    fovs: Annotated[tuple[str, ...], Field(min_length=1)]
    why: str


class Ask(Record):
    """Put a question to a person; without an answer the default applies."""

    action: Literal["ask"] = "ask"
    question: str
    default: str


class Stop(Record):
    """End the run in order.

    `reached` says what the plan wanted and has ("after 10 events"): the run is complete then, and
    what is pending is no longer wanted. Empty: stopped before its end.
    """

    action: Literal["stop"] = "stop"
    reached: str = ""


Action = Annotated[
    Burst
    | EndBurst
    | Revisit
    | Refocus
    | Recentre
    | ChangeExposure
    | ChangeObjective
    | Wait
    | Keep
    | Ask
    | Stop,
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
