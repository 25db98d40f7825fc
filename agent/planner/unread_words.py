"""What the searches for lost words share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from agent.planner.clause import About
from agent.planner.reading.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable


Place: TypeAlias = "tuple[int, int]"
LeftOver: TypeAlias = "tuple[str, int, int]"  # slot of the question, place of the words

SILENT = (About.STORY, About.NOTIFY)


AND = r"(?:and|und|et|e|ed|y|plus|sowie|&|\+)"


DURATION = (Kind.DURATION, Kind.RATE)


def free(a: int, b: int, taken: Iterable[Place]) -> bool:
    """Whether none of the places `taken` overlaps characters `a` to `b`."""
    return not any(x < b and a < y for x, y in taken)


COUNTING = (About.TRIGGER, About.REACTION)


BESIDE = 12  # characters between a channel and a word of time that is about it
