"""Pairs to train a small language model on: instructions with other numbers, and descriptions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.bench.readers_roles import amounts, is_value
from agent.planner.describe import describe

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from agent.bench.plan import Line

DESCRIBED = 0.25  # share of pairs in MicroScout's own words


class Draws:
    """Training pairs, endless: instructions of the set with other numbers, or descriptions."""

    def __init__(self, plans: Sequence[Line], rng: random.Random) -> None:
        self.plans, self.rng = plans, rng
        self.places = {id(line): swaps(line) for line in plans}

    def __call__(self) -> tuple[str, dict[str, Any]]:
        """An instruction and its facts."""
        line = self.rng.choice(self.plans)
        if self.rng.random() < DESCRIBED:
            text, facts = described(line, self.rng)
            if text:
                return text, facts
        return swapped(line, self.places[id(line)], self.rng)


Swap = tuple[int, int, int, str, float]  # start, end, number, slot, value of 1


def swaps(line: Line) -> list[Swap]:
    """Whole numbers of an instruction that one fact alone rests on."""
    found = []
    for a in amounts([line]):
        start, end = a.quantity.span.start, a.quantity.span.end
        digits = list(re.finditer(r"\d+", line.instruction[start:end]))
        names = [n for n, v in line.facts.items() if is_value(v, a.quantity, n)]
        if len(digits) == 1 and len(names) == 1 and int(digits[0].group()) > 1:
            n = int(digits[0].group())
            at = start + digits[0].start()
            found.append((at, at + len(digits[0].group()), n, names[0], line.facts[names[0]] / n))
    return found


def swapped(line: Line, places: Sequence[Swap], rng: random.Random) -> tuple[str, dict[str, Any]]:
    """The instruction with other numbers in it, and the facts that follow."""
    text, facts = line.instruction, dict(line.facts)
    for start, end, n, slot, one in sorted(places, reverse=True):
        new = rng.randint(2, 60) if n <= 60 else rng.randint(61, 500)
        text = f"{text[:start]}{new}{text[end:]}"
        facts[slot] = one * new
    return text, facts


def described(line: Line, rng: random.Random) -> tuple[str, dict[str, Any]]:
    """MicroScout's own words for facts with other times; "" where they are too few for a plan."""
    facts = {k: v for k, v in line.facts.items() if v is not None}
    for name in ("interval_s", "duration_s", "reaction.interval_s", "reaction.duration_s"):
        if name in facts:
            facts[name] = rng.choice((1, 60, 3600)) * rng.randint(2, 50)
    try:
        return describe(facts), facts
    except (KeyError, TypeError, ValueError):
        return "", {}
