"""What tools answer, beside the service's own views."""

from __future__ import annotations

import datetime as dt
from typing import Generic, Literal, TypeVar

from pydantic import Field

from agent.service.views import (
    AskView,
    ChangeView,
    CommandView,
    DecisionView,
    EventView,
    ExperimentView,
    RefusalView,
    View,
)
from agent.web.frames import FrameView

V = TypeVar("V", bound=View)


class Refused(View):
    """Why it was not done. Nothing was sent and nothing was changed."""

    rule: str
    """Short name of the rule that refused."""
    what: str
    limit: str
    """What stands against it."""
    remedy: str
    """What to do instead."""

    @classmethod
    def of(cls, refusal: RefusalView) -> Refused:
        """A refusal of the service."""
        return cls.model_validate(refusal.model_dump(exclude={"refused"}))


class RequestView(View):
    """Something an assistant wants done, which a person has to approve."""

    id: int
    tool: str
    what: str
    """What would be done, in words."""
    why: str
    """The assistant's reason."""
    shown: tuple[str, ...] = ()
    """What the person should know: the plan in words, the differences, the change."""
    who: str
    """Who asks."""
    experiment: int | None = None
    asked_utc: dt.datetime
    expires_utc: dt.datetime
    """Then it is over, and nothing was done."""
    state: Literal["waiting", "approved", "done", "failed", "denied", "expired", "cancelled"]
    answered_by: str = ""
    became: str = ""
    """What became of it, in words."""


class Answer(View, Generic[V]):
    """What a tool answers."""

    outcome: Literal["done", "refused", "waits", "unknown"]
    """waits: for a person's approval, nothing was done. unknown: it was begun and not confirmed."""
    said: str
    """In one sentence."""
    result: V | None = None
    refusal: Refused | None = None
    request: RequestView | None = None


class ExperimentsView(View):
    """Latest first."""

    experiments: tuple[ExperimentView, ...]


class PlanView(View):
    """A plan as it is in force now."""

    words: tuple[str, ...]
    """One sentence each."""
    yaml: str


class TimelineView(View):
    """What happened, latest first."""

    events: tuple[DecisionView | EventView, ...]
    older: str | None = None
    """Give it as `before` for what was earlier; null: there is no more."""


class FramesView(View):
    """Stored frames, latest first."""

    frames: tuple[FrameView, ...]


class PictureView(View):
    """A frame, which comes as an image beside this. Contrast is stretched: not for measuring."""

    visit: int
    index: int
    max_px: int
    bytes: int


class AsksView(View):
    """Questions of the run. A person answers them, or the default applies."""

    questions: tuple[AskView, ...]


class ChangesView(View):
    """Changes asked for, latest first."""

    changes: tuple[ChangeView, ...]


class CommandsView(View):
    """Live commands and what became of them, latest first."""

    commands: tuple[CommandView, ...]


class RequestsView(View):
    """What waits, or waited, for a person's approval, latest first."""

    requests: tuple[RequestView, ...]


class ChannelLimits(View):
    """One channel."""

    name: str
    max_exposure_ms: float
    usual_exposure_ms: float | None
    light_measured: bool
    """False: dose is counted in seconds of exposure."""


class LimitsView(View):
    """What the gate lets through. It refuses what is outside; it never clamps."""

    microscope: str
    x_um: tuple[float, float]
    y_um: tuple[float, float]
    z_um: tuple[float, float]
    max_step_toward_sample_um: float
    max_moves_per_s: float
    may_change_objective: bool
    objectives: tuple[str, ...]
    channels: tuple[ChannelLimits, ...] = Field(default=())
