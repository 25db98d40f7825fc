"""Durations of several parts: "1 h 30 min", "an hour and a half", "1h30", "20 s - 30 s"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.reading.kinds import Kind
from agent.planner.reading.measure import Measure, scaled, unit_after, unit_follows
from agent.planner.reading.numbers import number_at
from agent.planner.reading.units import UNITS, Unit

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_BARE = re.compile(
    r"([0-5]?[0-9])(?![0-9.,:/]*[0-9])(?!\s*(?!(?:for|over|during|fur|uber|pendant|per|durante|und"
    r"|lang)\b)[^\W_])"
)
_GLUED_BARE = re.compile(r"([0-5][0-9])(?![\w.,:]*[0-9])")


def compound(f: Folded, first: Measure, g: Grammar) -> Measure:
    """A duration with its smaller parts: 1 h 30 min, an hour and a half, 1h30."""
    total, end, unit = first.value, first.end, UNITS.get(first.unit, UNITS["min"])
    smaller = unit
    while first.upper is None:
        half = next(((p, m) for p, x in g.plus if (m := x.match(f.low, end))), None)
        if half and smaller is unit and not unit_follows(f, half[1].end()):
            total, end = total + half[0] * unit.size, half[1].end()
            break
        part = _part(f, end, g, smaller)
        if part is None:
            break
        added, end, smaller = part
        total += added
    doubtful = first.ambiguous and not (first.unit == "m" and end != first.end)
    return replace(
        _ranged(f, first, g) if end == first.end else replace(first, value=total, end=end),
        ambiguous=doubtful,
    )


def _part(f: Folded, at: int, g: Grammar, above: Unit) -> tuple[float, int, Unit] | None:
    """The next smaller part of a duration: seconds, where it ends, its unit."""
    join = g.joins.match(f.low, at)
    for start in {join.end() if join else at, _skip(f.low, at)}:
        number = number_at(f.low, start, g.words, glued=f.low[start : start + 1].isdecimal())
        if number is None or number.other is not None:
            continue
        unit = unit_after(f, number.end, g, number)
        if unit and unit[0] is Kind.DURATION and unit[1].size < above.size:
            seconds = scaled(unit[1], number.value)
            if 0 < seconds < above.size:
                return seconds, unit[3], unit[1]
    if above.name in ("h", "min"):
        lower = UNITS["min" if above.name == "h" else "s"]
        bare = _GLUED_BARE.match(f.low, at) or (
            _BARE.match(f.low, at + 1) if f.low[at : at + 1] == " " else None
        )
        if bare:
            return scaled(lower, int(bare[1])), bare.end(), lower
        words_after = _skip(f.low, at)
        if g.words.language == "fr" and above.name == "h" and words_after > at:
            number = number_at(f.low, words_after, g.words)
            if number and number.spelled and 1 < number.value < 60:
                rest = unit_after(f, number.end, g, number)
                if rest is None and _BARE_END.match(f.low, number.end):
                    return number.value * 60, number.end, UNITS["min"]
    return None


_BARE_END = re.compile(r"\s*(?:$|[.,;!?)]|puis|toutes|avec|pour|et)")


def _skip(low: str, at: int) -> int:
    while low[at : at + 1].isspace():
        at += 1
    return at


def _ranged(f: Folded, first: Measure, g: Grammar) -> Measure:
    """20 s - 30 s: both ends with their units, a dash between."""
    dash = re.compile(r"\s*-\s*(?=[0-9])").match(f.low, first.end)
    if first.upper is not None or not dash:
        return first
    number = number_at(f.low, dash.end(), g.words)
    unit = unit_after(f, number.end, g, number) if number else None
    if not number or not unit or unit[0] is not first.kind:
        return first
    top = scaled(unit[1], number.value)
    return replace(first, upper=top, end=unit[3]) if top > first.value else first
