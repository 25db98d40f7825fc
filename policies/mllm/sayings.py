"""Sentences about what was seen, and the check that they say nothing else.

The decoder writes the sentence from facts that are given to it as words; `faithful` reads the
sentence back. One that names a thing, a number or a state that the facts do not have is thrown
away, and the plain sentence is used instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

PLURALS = {
    "cell": "cells",
    "mitosis": "mitoses",
    "prophase": "prophases",
    "metaphase": "metaphases",
    "anaphase": "anaphases",
    "telophase": "telophases",
    "dead cell": "dead cells",
    "debris": "pieces of debris",
    "bubble": "bubbles",
    "target": "target objects",
}
FLAG_WORDS = {
    "saturated": "saturated",
    "dim": "dim",
    "uneven": "unevenly lit",
    "bubble": "crossed by a bubble",
    "debris": "littered with debris",
    "motion": "smeared by motion",
    "empty": "empty",
}
FOCUS_WORDS = {
    "in": "in focus",
    "soft": "slightly out of focus",
    "out": "out of focus",
    "unknown": "without anything to focus on",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence may say. `seen`: thing -> how many; `focus` and `flags` as in a verdict."""

    seen: tuple[tuple[str, int], ...]
    focus: str
    flags: tuple[str, ...] = ()

    def words(self) -> str:
        """As the decoder is given them."""
        parts = [f"{thing} {count}" for thing, count in self.seen]
        return " ; ".join(
            [*parts, f"focus {self.focus}", f"flags {' '.join(self.flags) or 'none'}"]
        )


def plain(facts: Facts) -> str:
    """The sentence that is always right."""
    return _sentence(facts, 0)


def varied(facts: Facts, rng: Generator) -> str:
    """One of several ways to say the same, to learn from."""
    return _sentence(facts, int(rng.integers(0, 4)))


def _sentence(facts: Facts, way: int) -> str:
    things = [_counted(thing, count) for thing, count in facts.seen if count > 0]
    listed = _listed(things) if things else "nothing"
    focus = FOCUS_WORDS[facts.focus]
    flags = _listed([FLAG_WORDS[flag] for flag in facts.flags])
    also = f"; the image is {flags}" if flags else ""
    return (
        f"I see {listed}, {focus}{also}.",
        f"The field is {focus} and shows {listed}{also}.",
        f"There is {listed} in view, {focus}{also}.",
        f"In view: {listed}; {focus}{also}.",
    )[way]


def _counted(thing: str, count: int) -> str:
    return f"1 {thing}" if count == 1 else f"{count} {PLURALS.get(thing, thing)}"


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def faithful(sentence: str, facts: Facts) -> bool:
    """Whether the sentence is one of those that the facts allow: same things, numbers, states."""
    return " ".join(sentence.split()) in {_sentence(facts, way) for way in range(4)}


def numbers_in(sentence: str) -> tuple[int, ...]:
    """Every whole number in a sentence, in order."""
    return tuple(int(found) for found in re.findall(r"\d+", sentence))
