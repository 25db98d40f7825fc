"""What a judge says of one visit's frames. Keyed by visit; never applied to another one."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

Probability = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Record(BaseModel):
    """Frozen, closed, and written to the journal as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FocusState(StrEnum):
    """How sharp the visit's frames are."""

    IN = "in"
    SOFT = "soft"
    OUT = "out"
    UNKNOWN = "unknown"  # nothing in view to focus on


class Flag(StrEnum):
    """What is wrong with a frame."""

    SATURATED = "saturated"
    DIM = "dim"
    UNEVEN = "uneven"
    BUBBLE = "bubble"
    DEBRIS = "debris"
    MOTION = "motion"
    EMPTY = "empty"


class Focus(Record):
    """Focus of the visit. `score` is the judge's own sharpness measure (higher is sharper)."""

    state: FocusState
    score: FiniteFloat
    defocus_um: FiniteFloat | None = None  # signed (positive: stage z too high), where knowable


class SeenObject(Record):
    """One object, in stage micrometres."""

    x_um: FiniteFloat
    y_um: FiniteFloat
    area_um2: FiniteFloat
    label: str  # "nucleus", "mitosis", ...
    score: Probability  # how much it looks like the target


class Verdict(Record):
    """A judge's answer.

    Attributes
    ----------
    target : what was asked for ("mitosis").
    p_target : probability that the target is in view; None when the judge abstained.
    count : objects found; None when it could not count.
    confluence : covered share of the field, 0 to 1.
    abstained : true when the judge does not know; then the plan's default action applies.
    why_abstained : one line.
    rationale : one sentence for people; never parsed.
    latency_s : time the judge took.
    """

    visit_id: int
    fov: str
    judge: str
    target: str
    focus: Focus
    flags: tuple[Flag, ...] = ()
    objects: tuple[SeenObject, ...] = ()
    count: int | None = None
    confluence: Probability | None = None
    p_target: Probability | None = None
    anomaly: FiniteFloat | None = None
    abstained: bool = False
    why_abstained: str = ""
    rationale: str = ""
    latency_s: FiniteFloat = 0.0


def abstention(visit_id: int, fov: str, judge: str, target: str, why: str) -> Verdict:
    """A verdict that says only that there is none."""
    return Verdict(
        visit_id=visit_id,
        fov=fov,
        judge=judge,
        target=target,
        focus=Focus(state=FocusState.UNKNOWN, score=0.0),
        abstained=True,
        why_abstained=why,
    )
