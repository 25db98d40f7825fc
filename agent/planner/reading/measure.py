"""A quantity on folded text, and the unit after a number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.reading.kinds import Kind
from agent.planner.reading.units import UNITS, Unit, unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar
    from agent.planner.reading.numbers import Number

GAP = re.compile(r"\s?-?\s?|\s+")  # between a number and its unit


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity on folded text, without the words around it. Values in base units."""

    kind: Kind
    value: float
    unit: str
    end: int
    upper: float | None = None
    other: float | None = None
    ambiguous: bool = False
    approximate: bool = False
    every: bool = False
    spelled: bool = False


def scaled(unit: Unit, number: float) -> float:
    """A number of a unit in the base unit of its kind; a rate as seconds from one to the next."""
    if unit.kind is Kind.RATE:
        return unit.size / number if number else float("inf")
    return number * unit.size


def unit_after(
    f: Folded, at: int, g: Grammar, number: Number
) -> tuple[Kind, Unit, str, int, bool] | None:
    """Kind, unit, its name, where it ends, whether it is doubtful."""
    gap = GAP.match(f.low, at)
    start = gap.end() if gap else at
    for place in (start, at):
        of = g.of_a_unit.match(f.low, at) if number.value < 1 or number.spelled else None
        found = unit_at(f.low, f.cased, of.end() if of else place)
        if found is None:
            continue
        unit, end = found
        written = f.low[place:end]
        if written[:1] in "'\"" and place != at:
            return None  # a quotation mark, no unit
        if written[:1] in "'\"" and _closes_quote(f.low, at, written[0]):
            return None
        if unit.name == "other":
            return Kind.OTHER, unit, f.cased[place:end], end, False
        return unit.kind, unit, unit.name, end, False
    if f.cased[start : start + 1] == "m" and not f.low[start + 1 : start + 2].isalnum():
        return Kind.DURATION, UNITS["min"], "m", start + 1, True  # metres are none of ours
    return None


def _closes_quote(low: str, at: int, mark: str) -> bool:
    return len(re.findall(rf"(?:^|[\s(]){mark}(?=\S)", low[:at])) > len(
        re.findall(rf"(?<=[^\s0-9]){mark}(?=$|[\s.,;)])", low[:at])
    )


def unit_follows(f: Folded, at: int) -> bool:
    """Whether a unit of time follows after a gap."""
    gap = GAP.match(f.low, at)
    found = unit_at(f.low, f.cased, gap.end() if gap else at)
    return bool(found and found[0].kind is Kind.DURATION)
