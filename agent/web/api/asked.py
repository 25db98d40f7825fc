"""What the API is sent."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import Path, Query
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from agent.live.command import whole

MOST_WORDS = 4000
MOST_PLAN = 262_144
LARGEST_ID = 2**53 - 1

Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Id = Annotated[int, Field(ge=1, le=LARGEST_ID, strict=True), BeforeValidator(whole)]
Limit = Annotated[int, Query(ge=1, le=500)]
Thread = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
ThreadName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_WORDS),
    Field(json_schema_extra={"pattern": r"\S"}),  # so that the description says it, too
]
Slot = Annotated[str, Field(min_length=1, max_length=100)]


class Asked(BaseModel):
    """An unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Instruction(Asked):
    """What is wanted, in plain words."""

    words: Words


class PlanText(Asked):
    """A plan."""

    yaml: Annotated[str, Field(min_length=1, max_length=MOST_PLAN)]


class Answers(Asked):
    """Answers to what the words left open."""

    answers: Annotated[dict[Slot, Words], Field(min_length=1, max_length=50)]
    """Slot of the question -> answer in words."""


class Submission(Asked):
    """Approve a proposal's plan."""

    thread: ThreadName
    """Of the proposal."""
    name: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    ] = None
    start_utc: AwareDatetime | None = None
    """Not before this."""
    after: Id | None = None
    """Not before this experiment is over."""

    def start(self) -> dt.datetime | None:
        """In UTC."""
        return None if self.start_utc is None else self.start_utc.astimezone(dt.UTC)


class Attendance(Asked):
    """Whether somebody is there."""

    attended: Annotated[bool, Field(strict=True)]
