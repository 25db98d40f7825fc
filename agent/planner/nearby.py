"""What stands next to a quantity: the signs within a few words, with no other quantity between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.marks import Mark

_OF = re.compile(r"\b(of|de|di|von|by|da|zu|at|about|:|=)\b|[\s:=]", re.I)
_UNLESS = re.compile(
    r"\b(unless|except|au(ß|ss)er|sei denn|sauf|excepté|tranne|salvo|a meno|a menos|excepto)\b",
    re.I,
)
_ENDS_DENIAL = re.compile(  # "not DAPI but GFP", "no mail unless it fails"
    rf"{_UNLESS.pattern}|(?<!\w)(?:but|rather|sondern|aber|mais|plutôt|ma|bensì|sino|pero)(?!\w)",
    re.I,
)
_THINGS = ("autofocus", "stack", "grid", "notify", "objective", "binning", "if")
_STOPS = re.compile(r"[.;!?\n]")


@dataclass(frozen=True, slots=True)
class Nearby:
    """Looks around places of one normal text.

    `held` are the places of all quantities and lists: none may lie between a sign and what it is
    a sign of.
    """

    text: str
    marks: Sequence[Mark]
    held: Sequence[tuple[int, int]]
    exposures: frozenset[int] = frozenset()  # places of seconds that are exposures: "GFP 2 s"

    def left(self, start: int, *concepts: str, words: int = 3) -> Mark | None:
        """The nearest such sign before `start`, at most `words` other words away."""
        fitting = [
            m
            for m in self.marks
            if m.concept in concepts
            and m.end <= start
            and self._clear(m.end, start, words)
            and not self._inside(m)
        ]
        return max(fitting, key=lambda m: (m.end, m.end - m.start), default=None)

    def right(self, end: int, *concepts: str, words: int = 3) -> Mark | None:
        """The nearest such sign after `end`."""
        fitting = [
            m
            for m in self.marks
            if m.concept in concepts
            and m.start >= end
            and self._clear(end, m.start, words)
            and not self._inside(m)
            and not self._of_next(end, m)
        ]
        return min(fitting, key=lambda m: (m.start, m.start - m.end), default=None)

    def near(self, start: int, end: int, *concepts: str, words: int = 3) -> Mark | None:
        """On either side; the right one first ("10 um range"), then the left one."""
        return self.right(end, *concepts, words=words) or self.left(start, *concepts, words=words)

    def denied(self, start: int, words: int = 2) -> bool:
        """Whether a "no", "without" stands before a place, in the same part of the sentence."""
        mark = self.left(start, "not", words=words)
        if mark is None:
            return False
        between = self.text[mark.end : start]
        if self.text[mark.start : mark.end].lower() in ("no", "non", "nein", "ne", "nee") and any(
            m.concept == "correction" and m.start <= mark.start and mark.start - m.end <= 2
            for m in self.marks
        ):
            return False  # "P3, sorry, no, P4" takes P3 back
        return "," not in between and _ENDS_DENIAL.search(between) is None

    def declined(self, end: int, words: int = 4) -> bool:
        """Whether "is not needed", "will fry them" says after a name that it is not wanted."""
        mark = self.right(end, "unneeded", words=words)
        if mark is None or re.search(r"[,(]", self.text[end : mark.start]):
            return False
        between = [m for m in self.marks if end < m.start and m.end < mark.start]
        return not any(m.concept in _THINGS for m in between)

    def within(self, clause: Clause, *concepts: str) -> Mark | None:
        """The first such sign in a clause."""
        return next((m for m in clause.marks if m.concept in concepts), None)

    def _of_next(self, end: int, mark: Mark) -> bool:
        """ "16 um in steps of 2 um": steps belong to what follows them at once."""
        owned = re.search(
            r"\b(of|de|di|von|da|by)$", self.text[mark.start : mark.end].rstrip(), re.I
        )
        if not self.text[end : mark.start].strip() and owned is None:
            return False
        return any(
            start >= mark.end and not _OF.sub("", self.text[mark.end : start])
            for start, _ in self.held
        )

    def _inside(self, mark: Mark) -> bool:
        """Whether it is part of another quantity: "per" of "once per hour"."""
        return any(start <= mark.start and mark.end <= end for start, end in self.held)

    def _clear(self, a: int, b: int, words: int) -> bool:
        between = self.text[a:b]
        if _STOPS.search(between) or len(between.split()) > words:
            return False
        return not any(a <= start and end <= b for start, end in self.held)
