"""The closed vocabulary of live commands. Every door (terminal, HTTP, page, MCP) sends these.

A command is written into the run's journal with who sent it and through which door, and applied at
the next visit boundary; only `stop_now` goes past the journal as well. For example

    {"command": "pause", "why": "somebody opens the incubator"}
    {"command": "set_exposure", "channel": "DAPI", "exposure_ms": 20}

What a person has set (an exposure, a field held, a pause) stays until a person releases it; a
decision that conflicts with it is not done, and the journal says why.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)


def whole(value: object) -> object:
    """3.0 is a whole number in JSON. `true` and "3" are none, and are left to be refused."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Number = Annotated[int, Field(ge=1, le=2**53 - 1, strict=True), BeforeValidator(whole)]
Positive = Annotated[FiniteFloat, Field(gt=0, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
MOST_WORDS = 500  # characters of a reason


class LiveModel(BaseModel):
    """Frozen; an unknown key is an error. Strict: `true` is not 1 ms, and "20" is no number."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


def _tagged(schema: dict[str, Any]) -> None:
    """The description says that `command` is needed: by it one command is told from another."""
    schema["required"] = ["command", *schema.get("required", ())]


class _Command(LiveModel):
    model_config = ConfigDict(json_schema_extra=_tagged)

    why: Annotated[str, Field(max_length=MOST_WORDS)] = ""
    """In a person's own words; kept, never interpreted."""


class Pause(_Command):
    """Begin no visit until somebody resumes the run; the light stays off."""

    command: Literal["pause"] = "pause"


class Resume(_Command):
    """Go on after a pause. What fell due meanwhile is imaged late or skipped, as the plan says."""

    command: Literal["resume"] = "resume"


class Stop(_Command):
    """End the run in order, after the visit under way. It can be resumed."""

    command: Literal["stop"] = "stop"


class StopNow(_Command):
    """At once: refuse everything, camera stopped, light off. Takes no lock, waits for nobody."""

    command: Literal["stop_now"] = "stop_now"


class Skip(_Command):
    """Leave out the next pending visit of a field, or one visit by its number."""

    command: Literal["skip"] = "skip"
    fov: Name | None = None
    """Field of view; its next visit is meant."""
    visit: Number | None = None
    """Number of a pending visit."""


class Add(_Command):
    """One more visit of a field."""

    command: Literal["add"] = "add"
    fov: Name
    """Field of view."""
    delay_s: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    """From now, in seconds of run time."""


class StartBurst(_Command):
    """Image a field at the reaction's interval now, as if the target had been seen."""

    command: Literal["burst"] = "burst"
    fov: Name
    """Field of view."""


class EndBurst(_Command):
    """Back to the baseline in a field."""

    command: Literal["end_burst"] = "end_burst"
    fov: Name
    """Field of view."""


class HoldFov(_Command):
    """Leave a field alone until it is released."""

    command: Literal["hold"] = "hold"
    fov: Name
    """Field of view."""


class ReleaseFov(_Command):
    """Image a field again that was held; visits due from now on, not those of the past."""

    command: Literal["release"] = "release"
    fov: Name
    """Field of view."""


class Refocus(_Command):
    """Run the plan's autofocus at the start of a field's next visit."""

    command: Literal["refocus"] = "refocus"
    fov: Name
    """Field of view."""


class SetExposure(_Command):
    """Expose a channel so long from the next visit on, in all fields; locked against decisions."""

    command: Literal["set_exposure"] = "set_exposure"
    channel: Name
    """Channel preset of the plan."""
    exposure_ms: Positive
    """Milliseconds; the gate checks each exposure."""


class ReleaseExposure(_Command):
    """Back to the plan's exposure of a channel, free for decisions."""

    command: Literal["release_exposure"] = "release_exposure"
    channel: Name
    """Channel preset of the plan."""


class Approve(_Command):
    """Yes to what the run asks."""

    command: Literal["approve"] = "approve"
    ask: Number
    """Number of the question."""


class Deny(_Command):
    """No to what the run asks."""

    command: Literal["deny"] = "deny"
    ask: Number
    """Number of the question."""


class Attend(_Command):
    """Say whether somebody is there: the plan's autonomy may differ."""

    command: Literal["attend"] = "attend"
    attended: bool
    """True: somebody is there and answers questions."""


LiveCommand = Annotated[
    Pause
    | Resume
    | Stop
    | StopNow
    | Skip
    | Add
    | StartBurst
    | EndBurst
    | HoldFov
    | ReleaseFov
    | Refocus
    | SetExposure
    | ReleaseExposure
    | Approve
    | Deny
    | Attend,
    Field(discriminator="command"),
]

_ADAPTER: TypeAdapter[LiveCommand] = TypeAdapter(LiveCommand)


def parse(said: Any) -> LiveCommand:
    """A command from JSON (text, bytes or an object). Raises ValueError in one line."""
    try:
        if isinstance(said, str | bytes):
            return _ADAPTER.validate_json(said)
        return _ADAPTER.validate_python(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "command"
        raise ValueError(f"{place}: {fault['msg']}") from None
