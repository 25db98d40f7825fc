"""Parts of a plan that most plans leave out: search, stop, messages, camera."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

Positive = Annotated[FiniteFloat, Field(gt=0)]
Probability = Annotated[FiniteFloat, Field(gt=0, lt=1)]


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    # the text under each key goes into the JSON Schema (editors show it) and into docs/plans.md
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class SearchConfig(Model):
    """Look at every field first, then go on with the best ones only."""

    best: Annotated[int, Field(ge=1)]
    """So many fields are kept; the others are not imaged again."""

    by: Literal["target", "count", "confluence"] = "target"
    """What makes a field good: probability of the target, number of objects, or covered area."""

    rounds: Annotated[int, Field(ge=1)] = 1
    """Rounds of the baseline that the survey takes; the mean over them counts."""

    target: Annotated[str, Field(min_length=1)] | None = None
    """What is searched for, with `by: target`. Left out: what `decide` watches for."""


class StopConfig(Model):
    """What ends the run, in order, before the time plan does."""

    after_events: Annotated[int, Field(ge=1)] | None = None
    """So many bursts, over all fields. The last one is finished first."""

    confluence: Probability | None = None
    """Covered area, as a share of the image, averaged over the last verdict of each field."""


class NotifyConfig(Model):
    """Who is told what."""

    on: tuple[Literal["event", "trouble", "question", "done"], ...] = ()
    """What is worth a message: a burst that starts, trouble, a question, the end."""

    to: tuple[Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")], ...] = ()
    """Addresses: mail, or a URL of a messenger. Secrets belong into the environment."""


class CameraConfig(Model):
    """The camera."""

    binning: Literal[1, 2, 4, 8] = 1
    """Pixels added up along each edge."""


Mode = Literal["auto", "ask", "refuse"]


class Consequences(Model):
    """What becomes of an action of the agent, by what it means for sample and instrument."""

    reversible: Mode = "auto"
    """One more visit, refocus, recentre, wait, end a burst: the next decision can take it back."""

    costly: Mode = "auto"
    """A burst, a longer exposure, the end of the run: light, disk or time that do not come back."""

    irreversible: Mode = "ask"
    """Fields given up, a turn of the turret outside of bursts. What the plan orders by a key of its
    own (`search`, `stop`) was approved with the plan, and is done."""


class AutonomyConfig(Model):
    """What the agent may do by itself. `ask` waits for a person; without one the action is not
    done. A run that nobody can be asked in (`run`, `rehearse`) does not do it either.
    """

    attended: Consequences = Consequences()
    """While somebody is there."""

    unattended: Consequences = Consequences(irreversible="refuse")
    """While nobody is: the state in which a run begins."""

    ask_timeout_s: Positive = 300.0
    """A question that nobody answers so long is over, and its action is not done."""
