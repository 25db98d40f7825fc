"""Periods and rates: "every 4 min", "hourly", "every other minute", "2 frames per second"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.reading.compounds import compound
from agent.planner.reading.kinds import Kind
from agent.planner.reading.measure import Measure
from agent.planner.reading.measures import measure_at
from agent.planner.reading.numbers import number_at
from agent.planner.reading.units import UNITS, unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_GAP = re.compile(r"[\s-]*")
_DIGITS = re.compile(r"[0-9]{1,4}")
_NOT_A_RATE = re.compile(
    r"\s*-?\s*(?:apart|later|ago|before|after|long|intervals?|earlier|old|each|auseinander)\b"
)


def period_at(f: Folded, at: int, g: Grammar) -> Measure | None:
    """What begins with "every", or is a period in one word."""
    if not g.period.match(f.low, at):
        return None
    for phrase, unit, count in g.adverbs:
        match = phrase.match(f.low, at)
        if match:
            value = UNITS[unit].size * count
            return Measure(Kind.DURATION, value, unit, match.end(), every=True, spelled=True)
    every = g.every.match(f.low, at)
    opener = every or g.each.match(f.low, at)
    if not opener:
        return None
    start = opener.end()
    about = g.about.match(f.low, start)
    if about:
        start = about.end()
    sign = re.compile(rf"-(?=[0-9])|{g.minus.pattern.removesuffix('$')}").match(f.low, start)
    if sign:
        start = sign.end()
    found = _ordinal(f, start, g) or _after_every(f, start, g)
    if found is None or (every is None and not _after_each(found)):
        return None
    return replace(found, approximate=True) if about else found


def _after_each(found: Measure) -> bool:
    """Whether "each" makes it a period: "DAPI and FITC each 50 ms" is none."""
    return found.kind is Kind.ORDINAL or (found.kind is Kind.DURATION and found.value >= 1)


def _after_every(f: Folded, at: int, g: Grammar) -> Measure | None:
    found = measure_at(f, at, g)
    if found and found.kind in (Kind.DURATION, Kind.COUNT):
        if found.kind is Kind.COUNT and found.spelled and found.value == 1:
            return None  # every one of them
        doubtful = found.ambiguous and found.unit != "m"
        return replace(found, every=True, ambiguous=doubtful)
    if found:
        return None
    unit = unit_at(f.low, f.cased, at, mistyped=False)
    if unit and unit[0].kind is Kind.DURATION and unit[1] - at > 2:
        value = unit[0].size
        one = Measure(Kind.DURATION, value, unit[0].name, unit[1], spelled=True)
        return replace(compound(f, one, g), every=True)
    return None


def _ordinal(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Every other minute, every 3rd round: so many units, or an ORDINAL."""
    value, end = 0.0, at
    digits = _DIGITS.match(f.low, at)
    if digits:
        ending = g.ordinal_ending.match(f.low, digits.end())
        if ending:
            value, end = float(digits.group()), ending.end()
    else:
        for phrase, number in g.ordinals:
            match = phrase.match(f.low, at)
            if match and match.end() > end:
                value, end = number, match.end()
    if end == at:
        return None
    gap = _GAP.match(f.low, end)
    after = gap.end() if gap else end
    unit = unit_at(f.low, f.cased, after)
    if unit and unit[0].kind is Kind.DURATION and after > end and unit[1] - after > 1:
        size = value * unit[0].size
        return Measure(Kind.DURATION, size, unit[0].name, unit[1], every=True, spelled=True)
    if g.rounds.match(f.low, end):
        return Measure(Kind.ORDINAL, value, "", end, every=True)
    return None


def rate_at(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Three times per hour, 12 images an hour, once a minute, 10/h."""
    number: float | None = None
    end, times, spelled, upper = at, False, False, None
    for phrase, value in g.times:
        match = phrase.match(f.low, at)
        if match:
            number, end, times, spelled = value, match.end(), True, True
    if number is None:
        read = number_at(f.low, at, g.words)
        if read and f.low[read.end : read.end + 1] == "'":
            read = None  # un'immagine
        article = None if read else g.article.match(f.low, at)
        if read and read.value < 1:
            return None  # 1/2 an hour
        if read:
            number, end, spelled = read.value, read.end, read.spelled
            top = g.ranges.match(f.low, end)
            second = number_at(f.low, top.end(), g.words) if top else None
            if second and second.value > number:
                upper, end = second.value, second.end
        elif article:
            number, end = 1.0, article.end()
        else:
            return None
        noun = g.rate_nouns.match(f.low, end)
        after = g.times_after.match(f.low, end)
        if noun or after:
            times = after is not None
            end = (noun or after).end()  # type: ignore[union-attr]
        elif article:
            return None
    per = (g.per_times if times else g.per).match(f.low, end)
    if not per:
        return None
    numbered = measure_at(f, per.end(), g)
    counted = numbered is not None and numbered.kind is Kind.DURATION and not numbered.spelled
    every = g.every.match(f.low, per.start() + _gap(f, per.start()))
    if times and number > MOST_TIMES and counted and every:
        return None  # "20 times every 30 s": rounds, and an interval
    return _per(f, per.end(), g, number, upper, spelled)


MOST_TIMES = 3  # "twice every 10 min" is a rate


def _gap(f: Folded, at: int) -> int:
    match = _GAP.match(f.low, at)
    return match.end() - at if match else 0


def _per(
    f: Folded, at: int, g: Grammar, number: float, upper: float | None, spelled: bool
) -> Measure | None:
    found = measure_at(f, at, g)
    if found and found.kind is Kind.DURATION and found.upper is None:
        size, name, end = found.value, found.unit, found.end
    elif found:
        return None
    else:
        unit = unit_at(f.low, f.cased, at)
        if not unit or unit[0].kind is not Kind.DURATION:
            return None
        size, name, end = unit[0].size, unit[0].name, unit[1]
    if _NOT_A_RATE.match(f.low, end) or (name in ("ms", "us") and number != 1):
        return None  # "40/120 ms" are two exposures
    value = size / number if number else float("inf")
    top = size / upper if upper else None
    return Measure(Kind.RATE, value, f"/{name}", end, top, every=True, spelled=spelled)


def interval_after(f: Folded, found: Measure, g: Grammar) -> Measure:
    """A duration that the words behind it make a period: 5 min intervals."""
    if found.kind is not Kind.DURATION or found.every:
        return found
    match = g.every_after.match(f.low, found.end)
    if match:
        doubtful = found.ambiguous and found.unit != "m"
        return replace(found, every=True, end=match.end(), ambiguous=doubtful)
    return found
