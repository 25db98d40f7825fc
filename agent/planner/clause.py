"""A clause of an instruction, and what it can be about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.planner.marks import Mark


class About(StrEnum):
    """What a clause is about."""

    BASELINE = "baseline"
    TRIGGER = "trigger"  # as soon as a cell divides
    REACTION = "reaction"
    SEARCH = "search"
    STOP = "stop"
    NOTIFY = "notify"
    FOCUS = "focus"
    BUDGET = "budget"
    STORY = "story"  # what happened before; its numbers are of no concern


@dataclass(slots=True)
class Clause:
    """Characters `start` to `end` of the normal text, in sentence number `sentence`."""

    start: int
    end: int
    sentence: int
    marks: tuple[Mark, ...]
    quantities: int = 0  # how many quantities and lists of names are in it
    about: About = About.BASELINE
    conditional: bool = False  # begins with "if", "as soon as", ...
    bare: bool = False  # nothing but one quantity: "5 ms"
    watches: bool = False  # about the time lapse, and says what is watched for
    places: int = 0  # how many names of positions or wells are in it
    concepts: frozenset[str] = field(default_factory=frozenset)

    def has(self, *concepts: str) -> bool:
        """Whether any of them is in the clause."""
        return not self.concepts.isdisjoint(concepts)


def target_of(clause: Clause) -> Mark | None:
    """What is watched for in a clause, not counting plain cells."""
    targets = [m for m in clause.marks if m.concept == "target" and m.name not in PLAIN]
    return targets[0] if targets else None


PLAIN = ("cell", "nucleus")
