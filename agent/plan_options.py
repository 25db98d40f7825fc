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
