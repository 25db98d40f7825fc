"""What tools are asked: one model each. An unknown argument is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field, FiniteFloat, StringConstraints, model_validator

from agent.live.command import MOST_WORDS, Name, Positive
from agent.view.timeline import EventKind
from agent.web.api.asked import Asked, Id, Slot, ThreadName, Words

if TYPE_CHECKING:
    from typing import Self

MOST_PLAN = 100_000
MOST_PX = 1024
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=MOST_WORDS)]


class Nothing(Asked):
    """No arguments."""


class OfOne(Asked):
    """About one experiment."""

    experiment: Id | None = None
    """Number of the experiment; left out: the current one."""


class Listed(Asked):
    """Of the queue."""

    over: bool = True
    """Also those that are over."""
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class When(OfOne):
    """Of the timeline."""

    before: Annotated[str, Field(max_length=40)] | None = None
    """Id of an event: what was before it."""
    kinds: Annotated[tuple[EventKind, ...], Field(min_length=1, max_length=8)] | None = None
    """Only these kinds."""
    everything: bool = False
    """Also decisions that ask for nothing, and autofocus that found focus."""
    limit: Annotated[int, Field(ge=1, le=50)] = 20


class Stored(OfOne):
    """Of the frames."""

    before_visit: Id | None = None
    """Of visits below that number."""
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class OneFrame(OfOne):
    """A frame."""

    visit: Id
    index: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Within the visit."""
    max_px: Annotated[int, Field(ge=32, le=MOST_PX)] = 384
    """Longest edge of the picture."""


class Open(OfOne):
    """Of the questions."""

    open_only: bool = True
    """Only those nobody has answered."""


class Instruction(Asked):
    """An experiment in plain words."""

    words: Words


class Answers(Asked):
    """To what the words left open."""

    thread: ThreadName
    """Of the proposal."""
    answers: Annotated[dict[Slot, Words], Field(min_length=1, max_length=50)]
    """Slot of the question -> answer in words."""


class PlanText(Asked):
    """A plan."""

    yaml: Annotated[str, Field(min_length=1, max_length=MOST_PLAN)]


class Wanted(OfOne):
    """A change in plain words."""

    words: Words


class Act(OfOne):
    """Something to be done."""

    why: Why
    """The person's instruction, or the frames or events, that this rests on. It is kept."""


class OfField(Act):
    """In one field of view."""

    fov: Name
    """Its name in the plan."""


class Skipped(Act):
    """A visit that is left out: by field (its next one) or by number."""

    fov: Name | None = None
    visit: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.fov is None) == (self.visit is None):
            raise ValueError("give fov or visit, one of them")
        return self


class Added(OfField):
    """One more visit."""

    delay_s: Annotated[FiniteFloat, Field(ge=0, le=604_800, strict=True)] = 0.0
    """From now, in seconds of run time."""


class Exposed(Act):
    """An exposure."""

    channel: Name
    """Channel preset of the plan."""
    exposure_ms: Positive


class Submitted(Asked):
    """A proposal that shall become an experiment."""

    thread: ThreadName
    """Of the proposal."""
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    start_utc: AwareDatetime | None = None
    """Not before this."""
    after: Id | None = None
    """Not before this experiment is over."""
    why: Why
    """The person's instruction that this rests on."""


class OfHeld(Asked):
    """An interrupted experiment."""

    experiment: Id
    why: Why
    """The person's instruction that this rests on."""


class OfChange(Act):
    """A change that was asked for."""

    change: Id


class Stops(OfOne):
    """A stop needs no reason."""

    why: Annotated[str, Field(max_length=MOST_WORDS)] = ""


class StopsNow(Asked):
    """A stop needs no reason."""

    why: Annotated[str, Field(max_length=MOST_WORDS)] = ""
