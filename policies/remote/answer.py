"""The one form that every general model's answer must have, and the verdict that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from policies.verdict import Flag, Focus, FocusState, Verdict, abstention

if TYPE_CHECKING:
    from hardware.data import Frame

LONGEST_NOTE = 200  # characters
MOST_OBJECTS = 100_000
P_LIMITS = (0.001, 0.999)  # no model is surer than this

# A general model measures no sharpness; these only put its words in order.
FOCUS_SCORE = {
    FocusState.IN: 1.0,
    FocusState.SOFT: 0.5,
    FocusState.OUT: 0.0,
    FocusState.UNKNOWN: 0.0,
}


class Answer(BaseModel):
    """What you see in the microscope image."""

    # Docstring and descriptions go to the model with the JSON Schema. Limits are validators, not
    # constraints of the schema: some providers refuse schemas with those.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    focus: Literal["in", "soft", "out", "unknown"] = Field(
        description="in: sharp; soft: slightly blurred; out: blurred; unknown: nothing to judge by"
    )
    flags: list[Literal["saturated", "dim", "uneven", "bubble", "debris", "motion", "empty"]] = (
        Field(description="everything that is wrong with the image; empty list: nothing")
    )
    target_present: Literal["yes", "no", "unsure"] = Field(
        description="whether the target is in view"
    )
    count: int | None = Field(description="how many cells or objects are in view; null: unknown")
    note: str = Field(description="what you see, at most 200 characters")

    @field_validator("count")
    @classmethod
    def _countable(cls, value: int | None) -> int | None:
        if value is not None and not 0 <= value <= MOST_OBJECTS:
            raise ValueError(f"count must be 0 to {MOST_OBJECTS}")
        return value

    @field_validator("note")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > LONGEST_NOTE:
            raise ValueError(f"note must be at most {LONGEST_NOTE} characters long")
        return value


def to_verdict(
    answer: Answer, frame: Frame, *, judge: str, target: str, p_target: float | None
) -> Verdict:
    """The verdict on the frame's visit.

    `p_target` is measured from outside (label or token probabilities, votes), never a number that
    the model says of itself; None: it is not known. Focus, flags and count are kept in any case;
    the target alone is abstained on when `p_target` is None or the image is out of focus.
    """
    focus = FocusState(answer.focus)
    why_not = ""
    if focus is FocusState.OUT:
        why_not = "out of focus"
    elif p_target is None:
        why_not = f"unsure whether {target} is in view" if target else "there is no target"
    p = None if why_not or p_target is None else min(max(p_target, P_LIMITS[0]), P_LIMITS[1])
    return Verdict(
        visit_id=frame.visit_id,
        fov=frame.key.fov,
        judge=judge,
        target=target,
        focus=Focus(state=focus, score=FOCUS_SCORE[focus]),
        flags=tuple(dict.fromkeys(Flag(flag) for flag in answer.flags)),
        count=answer.count,
        p_target=None if p is None else round(p, 4),
        abstained=bool(why_not),
        why_abstained=why_not,
        rationale=_plain(answer.note),
    )


def no_verdict(frame: Frame, *, judge: str, target: str, why: str) -> Verdict:
    """An abstention on the frame's visit."""
    return abstention(frame.visit_id, frame.key.fov, judge, target, why)


def _plain(text: str) -> str:
    """A model's prose on one line, without control or direction characters."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
