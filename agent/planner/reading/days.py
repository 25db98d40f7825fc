"""Days as said: "tomorrow", "Friday", "25 Nov", "2026-11-26", and parts of a day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.clock_words import Day

if TYPE_CHECKING:
    from agent.planner.reading.clock_words import Phrases
    from agent.planner.reading.fold import Folded

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:t|(?=\D|$))")
_DOTTED = re.compile(r"([0-3]?[0-9])\.([01]?[0-9])\.([0-9]{4}|[0-9]{2})?(?![0-9])")
_SLASHED = re.compile(r"([0-3]?[0-9])/([01]?[0-9])(?:/([0-9]{4}|[0-9]{2}))?(?![0-9/])")


def part_at(f: Folded, at: int, p: Phrases) -> tuple[str, int] | None:
    """ "am", "pm" or "night" for the part of a day at a place, and its end."""
    best: tuple[str, int] | None = None
    for phrase, half in p.parts:
        match = phrase.match(f.low, at)
        if match and (best is None or match.end() > best[1]):
            best = half, match.end()
    return best


def day_at(f: Folded, at: int, p: Phrases) -> Day | None:
    """The day that is said at a place, None if none is."""
    low = f.low
    best: Day | None = None
    for phrase, offset in p.days:
        match = phrase.match(low, at)
        if match and (best is None or match.end() > best.end):
            best = Day(match.end(), offset=offset)
    evening = p.evening.match(low, at)
    if evening and (best is None or evening.end() >= best.end):
        best = Day(evening.end(), offset=0, evening=True)
    if best:
        return best
    for phrase, number in p.weekdays:
        match = phrase.match(low, at)
        if match:
            comma = re.compile(r",?\s*").match(low, match.end())
            dated = _date(low, comma.end() if comma else match.end(), p)
            return dated or Day(match.end(), weekday=number)
    return _date(low, at, p)


def _date(low: str, at: int, p: Phrases) -> Day | None:
    iso = _ISO.match(low, at)
    if iso:
        return Day(iso.end(), date=(int(iso[1]), int(iso[2]), int(iso[3])))
    dotted = _DOTTED.match(low, at)
    if dotted and 1 <= int(dotted[2]) <= 12 and 1 <= int(dotted[1]) <= 31:
        return Day(dotted.end(), date=(_year(dotted[3]), int(dotted[2]), int(dotted[1])))
    slashed = _SLASHED.match(low, at)
    if slashed and slashed[3]:
        day, month = int(slashed[1]), int(slashed[2])
        return Day(slashed.end(), date=(_year(slashed[3]), month, day), doubtful=day <= 12)
    named = p.dates[0].match(low, at)
    if named:
        return Day(named.end(), date=(_year(named[3]), _month(named[2], p), int(named[1])))
    american = p.dates[1].match(low, at)
    if american and american[1] != "may":
        return Day(
            american.end(), date=(_year(american[3]), _month(american[1], p), int(american[2]))
        )
    return None


def _year(text: str | None) -> int:
    number = int(text or 0)
    return number + 2000 if 0 < number < 100 else number


def _month(name: str, p: Phrases) -> int:
    return next(i + 1 for phrase, i in p.month_of if phrase.fullmatch(name))
