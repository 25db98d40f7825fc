"""Times of day and dates: "8 am", "tomorrow at 8:30", "20 Uhr", "demain à 8h", "25 Nov 22:00"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.reading.clock_words import Clock, Day, Phrases, Time, phrases
from agent.planner.reading.days import day_at, part_at
from agent.planner.reading.numbers import number_at
from agent.planner.reading.units import unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_COLON = re.compile(r"([0-2]?[0-9]):([0-5][0-9])(?::([0-5][0-9]))?(?![0-9]|:[0-9])")
_DOT = re.compile(r"([0-2]?[0-9])\.([0-5][0-9])(?![0-9.])")
_FRENCH = re.compile(r"([0-2]?[0-9])\s?h\s?([0-5][0-9])?(?!\w)")
_HOUR = re.compile(r"([0-2]?[0-9])(?![0-9.,:/]*[0-9])")
_WORD = re.compile(r"[^\W\d_]+")
_SPAN = re.compile(
    r"(?:after|nach|apres|dopo|despues de|tras|in|en|fra|tra|dans|pendant|durante|for|per)\s+$"
)


def clock_at(f: Folded, at: int, g: Grammar) -> Clock | None:
    """The clock time that begins at a place, with its day; None if none does."""
    if at and f.low[at - 1].isalnum():
        return None
    p = phrases(g.words.language)
    if not p.any.match(f.low, at):
        word = _WORD.match(f.low, at)
        if not word or word.group() not in p.numbers:
            return None
    head = f.low[max(0, at - 24) : at]
    day = day_at(f, at, p)
    if day:
        return _after_day(f, day, p, g)
    part = part_at(f, at, p)
    if part:  # in the evening at 8
        return None
    time = _time(f, at, p, g, context=bool(p.context.search(head)), bare=bool(p.bare.search(head)))
    if time is None:
        return None
    end = time.end
    for _ in range(3):
        gap = p.between.match(f.low, end)
        start = gap.end() if gap else end
        later = day_at(f, start, p) if day is None else None
        half = part_at(f, start, p)
        if later and (not half or later.end >= half[1]):
            day, end = later, later.end
        elif half and not time.half:
            time, end = replace(time, half=half[0]), half[1]
        else:
            break
    return Clock(end, time, day, _doubtful(time, day, p))


def _after_day(f: Folded, day: Day, p: Phrases, g: Grammar) -> Clock | None:
    end, half = day.end, ""
    said_at = False
    for _ in range(4):
        gap = p.between.match(f.low, end)
        start = gap.end() if gap else end
        said_at = said_at or bool(gap and p.at.match(gap.group().strip() + " "))
        part = part_at(f, start, p)
        time = _time(f, start, p, g, context=True, bare=said_at, sure=said_at)
        if time:
            behind = p.between.match(f.low, time.end)
            later = part_at(f, behind.end() if behind else time.end, p)
            half = half or (later[0] if later else "")
            stop = later[1] if later else time.end
            time = replace(time, half=time.half or half)
            return Clock(stop, time, day, _doubtful(time, day, p))
        if part:
            half, end = part[0], part[1]
            continue
        if start == end:
            break
        end = start
    return Clock(day.end, None, day, True) if day.date else None


def _doubtful(time: Time, day: Day | None, p: Phrases) -> bool:
    if day and day.doubtful:
        return True
    if time.named:
        return bool(day and time.hour == 0 and not day.evening)
    evening = day is not None and day.evening
    return not (p.hours_24 or time.half or time.padded or evening) and 1 <= time.hour <= 12


def _time(
    f: Folded, at: int, p: Phrases, g: Grammar, *, context: bool, bare: bool, sure: bool = False
) -> Time | None:
    """`context`: after "at", "until" or a day; `bare`: after words that an hour may follow;
    `sure`: after a day and "at", where any number without a unit is an hour."""
    low = f.low
    for phrase, hour in p.named:
        match = phrase.match(low, at)
        if match:
            return Time(match.end(), hour, named=True)
    for phrase, minutes in p.shifted:
        match = phrase.match(low, at)
        number = number_at(low, match.end() + 1, g.words) if match else None
        if number and number.value.is_integer() and 1 <= number.value <= 24:
            if unit_at(low, f.cased, number.end + 1):
                continue
            total = (int(number.value) * 60 + minutes) % (24 * 60)
            return _halved(f, Time(number.end, total // 60, total % 60), p)
    return _digits(f, at, p, g, context=context, bare=bare, sure=sure)


def _digits(
    f: Folded, at: int, p: Phrases, g: Grammar, *, context: bool, bare: bool, sure: bool
) -> Time | None:
    low = f.low
    match = _COLON.match(low, at)
    if match:
        if _unit_after(f, match.end(), p):
            return None
        time = Time(match.end(), int(match[1]), int(match[2]), int(match[3] or 0))
        return _halved(f, replace(time, padded=low[at] == "0"), p)
    match = _DOT.match(low, at)
    if match and (
        _said(p.hour_word, low, match.end())
        or _said(p.am, low, match.end())
        or _said(p.pm, low, match.end())
        or (context and p.hours_24 and bare)
    ):
        return _halved(f, Time(match.end(), int(match[1]), int(match[2])), p)
    match = _FRENCH.match(low, at)
    if match and not match[2] and (p.english or _SPAN.search(low, max(0, at - 24), at)):
        match = None  # "after 24 h", "for the last 2 h" are durations
    if match and (context or _range_of_hours(f, at, match.end())):
        return _halved(f, Time(match.end(), int(match[1]), int(match[2] or 0), padded=True), p)
    match = _HOUR.match(low, at)
    hour, end = (int(match[1]), match.end()) if match else (-1, at)
    if match is None:
        number = number_at(low, at, g.words)
        if number is None or not number.spelled or number.value not in range(1, 25):
            return None
        hour, end = int(number.value), number.end
    padded = low[at] == "0"
    return _hour(f, hour, end, p, context=context, bare=bare, padded=padded, sure=sure)


def _hour(
    f: Folded,
    hour: int,
    end: int,
    p: Phrases,
    *,
    context: bool,
    bare: bool,
    padded: bool,
    sure: bool,
) -> Time | None:
    low = f.low
    word = p.hour_word.match(low, end)
    halved = _halved(f, Time(end, hour), p)
    if word and (context or word.group().strip() in ("uhr", "o'clock", "oclock", "o clock")):
        minutes = re.compile(r"\s+([0-5][0-9])(?![\w:.,]*[0-9])(?!\s*\w)").match(low, word.end())
        made = Time(word.end(), hour, padded=padded)
        if minutes:
            made = replace(made, minute=int(minutes[1]), end=minutes.end())
        return _halved(f, made, p)
    if halved and halved.half:
        return halved if hour <= 12 or halved.end == end else None
    alone = (bare and _stands_alone(f, end, p)) or (context and _day_follows(f, end, p))
    alone = alone or (low[end : end + 1] == " " and part_at(f, end + 1, p) is not None)
    alone = alone or (sure and unit_at(low, f.cased, end + 1) is None)
    if alone and 0 <= hour <= 24:
        return _halved(f, Time(end, hour, padded=padded), p)
    return None


def _day_follows(f: Folded, at: int, p: Phrases) -> bool:
    gap = re.compile(
        r"\s+(?:in the\s+|on\s+|this\s+|di\s+|de\s+|ce\s+|heute\s+|questa\s+|esta\s+)?"
    ).match(f.low, at)
    return bool(gap and (day_at(f, gap.end(), p) or part_at(f, gap.end(), p)))


def _stands_alone(f: Folded, at: int, p: Phrases) -> bool:
    """Whether no noun or unit follows an hour: "until 8 tomorrow", not "until 8 divisions"."""
    follows = re.compile(r"\s*(?:$|[.,;:!?()]|-\s)").match(f.low, at)
    if follows:
        return True
    word = re.compile(r"\s+([^\W\d_]+)").match(f.low, at)
    if not word or unit_at(f.low, f.cased, word.start(1)):
        return False
    start = word.start(1)
    return bool(day_at(f, start, p) or part_at(f, start, p)) or word[1] in _SMALL


_SMALL = frozenset(
    word
    for text in (
        "and then with or when if in on the every take image check until till to",
        "und dann mit oder wenn am alle nimm bild bis",
        "et puis avec ou si toutes demain le prends a jusqu",
        "e poi con o se ogni di del domani della fino alle",
        "y luego con o si cada de del hasta a",
    )
    for word in text.split()
)


def _halved(f: Folded, time: Time, p: Phrases) -> Time | None:
    """A time with "am" or "pm" behind it, if there is one; None for an hour that no clock has."""
    am, pm = p.am.match(f.low, time.end), p.pm.match(f.low, time.end)
    if am and am.group().strip() == "am" and re.compile(r"\s+[^\W\d_]").match(f.low, am.end()):
        rest = am.end() + 1
        if p.hours_24 and (day_at(f, rest, p) or part_at(f, am.end() - 2, p)):
            am = None  # German: um 8 am Freitag
    match = am or pm
    if match:
        if not 1 <= time.hour <= 12 and not p.hours_24:
            return None
        time = replace(time, end=match.end(), half="am" if am else "pm")
    return time if time.hour < 24 or (time.hour == 24 and not time.minute) else None


def _said(phrase: re.Pattern[str], low: str, at: int) -> bool:
    return bool(phrase.match(low, at))


def _unit_after(f: Folded, at: int, p: Phrases) -> bool:
    place = at + (f.low[at : at + 1] == " ")
    found = unit_at(f.low, f.cased, place, mistyped=False)
    return bool(found) and not p.hour_word.match(f.low, at) and not p.am.match(f.low, at)


def _range_of_hours(f: Folded, at: int, end: int) -> bool:
    """De 22h à 8h."""
    joint = re.compile(r"\s*(?:-|a|jusqu'a)\s*").match(f.low, end)
    if joint and _FRENCH.match(f.low, joint.end()) and re.search(r"\bde\s+$", f.low[:at]):
        return True
    return bool(re.search(r"\bde\s+[0-9]{1,2}\s?h\s?(?:[0-9]{2})?\s+a\s+$", f.low[:at]))
