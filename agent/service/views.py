"""What the service answers, the same through every door. Times: run time in s, or aware UTC."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.service.states import Door, ExperimentState, Level


class View(BaseModel):
    """Frozen answer."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class RefusalView(View):
    """Why something was not done. Nothing was sent and nothing was changed."""

    refused: Literal[True] = True
    rule: str
    """Short name of the rule that refused."""
    what: str
    """What was wanted."""
    limit: str
    """What stands against it."""
    remedy: str
    """What to do instead."""


class QuestionView(View):
    """Something that the words leave open."""

    slot: str
    text: str
    choices: tuple[str, ...] = ()
    proposed: str | None = None


class SourceView(View):
    """Where a value of a plan comes from."""

    slot: str
    value: str
    source: str


class ProposalView(View):
    """What became of an instruction."""

    thread: str
    """Id of the conversation: answer and submit with it."""
    outcome: Literal["plan", "ask", "refuse", "answer"]
    words: str
    described: tuple[str, ...] = ()
    """The plan in words, costs and trouble included, one sentence each."""
    plan_yaml: str = ""
    sources: tuple[SourceView, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    refusals: tuple[RefusalView, ...] = ()
    answer: str = ""
    warnings: tuple[str, ...] = ()


class ExperimentView(View):
    """One experiment of the queue."""

    id: int
    name: str
    goal: str
    words: str = ""
    """The instruction it was made of, if any."""
    who: str
    door: Door
    submitted_utc: dt.datetime
    start_utc: dt.datetime | None = None
    """Not before this; None: as soon as the instrument is free."""
    after: int | None = None
    """Not before this experiment is over."""
    state: ExperimentState
    why: str = ""
    """Why it is in this state, in one line."""
    run: str | None = None
    """Its run's directory, by name; None before it began."""
    differences: tuple[str, ...] = ()
    """Held: how the instrument differs from the journal."""
    attended: bool = False


class RunView(View):
    """How the run of an experiment stands, from its journal."""

    experiment: int
    time_s: float
    """Run time."""
    end_s: float
    """Planned end."""
    simulated: bool
    light: Literal["off", "on", "unknown"]
    visits: dict[str, int]
    """Visits by state."""
    late: int
    bursts: tuple[str, ...]
    """Fields that are imaged fast now."""
    held: dict[str, str]
    """Fields that are left alone, and why."""
    exposures_set: dict[str, str]
    """Channels whose exposure a person has set: "20 ms by Ada"."""
    dose_max_fov: float
    dose_total: float
    dose_unit: Literal["J/cm2", "s"]
    errors: int
    refusals: int
    last_visit: int | None
    next_due_s: float | None


class AskView(View):
    """A question of the run; without an answer the default applies."""

    id: int
    experiment: int
    visit: int
    fov: str
    action: str
    """What it wants to do, in words."""
    reason: str
    consequence: Literal["reversible", "costly", "irreversible"]
    default: str
    asked_s: float
    expires_s: float
    state: Literal["asked", "approved", "denied", "expired", "done", "failed"]
    who: str = ""


class DiffView(View):
    """One key that changes."""

    key: str
    old: str
    new: str


class ChangeView(View):
    """A change of a running plan."""

    id: int
    experiment: int
    words: str
    who: str
    utc: dt.datetime
    diff: tuple[DiffView, ...]
    effect: tuple[DiffView, ...] = ()
    """On time, light and disk: old -> new, in words."""
    state: Literal["asked", "confirmed", "applied", "refused", "undone"]
    why: str = ""
    refusals: tuple[RefusalView, ...] = ()
    questions: tuple[QuestionView, ...] = ()


class CommandView(View):
    """A live command as the journal has it."""

    id: int
    experiment: int
    command: dict[str, Any]
    who: str
    door: Door
    utc: dt.datetime
    state: Literal["waiting", "done", "refused"]
    why: str = ""
    """What became of it, in words."""
    applied_s: float | None = None


class StopView(View):
    """What a stop at once did."""

    stopped: bool
    light_off: Literal["confirmed", "not confirmed"]
    could_not_stop: tuple[str, ...] = ()
    took_s: float


class CheckView(View):
    """One line of /health."""

    name: str
    level: Level
    text: str


class HealthView(View):
    """Whether something is wrong. `level` is the worst of its checks."""

    level: Level
    checks: tuple[CheckView, ...]


class StatusView(View):
    """Everything a person wants to know at a glance."""

    utc: dt.datetime
    version: str
    microscope: str
    simulated: bool
    attended: bool
    queue_held: str = ""
    """Why nothing begins by itself (after a stop at once); "" while the queue goes on."""
    level: Level
    headline: str
    """One sentence: what the service is doing, truthfully."""
    current: ExperimentView | None
    run: RunView | None
    waiting: tuple[ExperimentView, ...]
    asks: tuple[AskView, ...]
    problems: tuple[str, ...]


class MessageView(View):
    """A message that was, or is to be, sent."""

    id: int
    utc: dt.datetime
    kind: str
    title: str
    text: str
    state: str
    target: str = ""
    attempts: int = 0


class EventView(View):
    """One line of the timeline: something that happened, in run time."""

    id: str
    """Unique within the run, for paging: kind and number."""
    time_s: float
    kind: Literal["decision", "refusal", "error", "note", "command", "change", "ask", "focus"]
    fov: str = ""
    visit: int | None = None
    title: str
    detail: str = ""
    level: Level = Level.GOOD


class DecisionView(EventView):
    """A decision with what it rests on and what it cost."""

    verdict: str = ""
    """In words: focus, target probability, count."""
    became: tuple[str, ...] = ()
    cost: str = ""
    """Visits, frames and light of what it started."""
    cites: tuple[int, ...] = ()


Limit = Annotated[int, Field(ge=1, le=500)]
