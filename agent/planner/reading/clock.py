"""Times of day and dates: "8 am", "tomorrow at 8:30", "20 Uhr", "demain à 8h", "25 Nov 22:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.numbers import number_at
from agent.planner.reading.tables import alternatives, pattern, words
from agent.planner.reading.units import unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_COLON = re.compile(r"([0-2]?[0-9]):([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])")
_DOT = re.compile(r"([0-2]?[0-9])\.([0-5][0-9])(?![0-9.])")
_FRENCH = re.compile(r"([0-2]?[0-9])\s?h\s?([0-5][0-9])?(?!\w)")
_HOUR = re.compile(r"([0-2]?[0-9])(?![0-9.,:/]*[0-9])")
_WORD = re.compile(r"[^\W\d_]+")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:t|(?=\D|$))")
_DOTTED = re.compile(r"([0-3]?[0-9])\.([01]?[0-9])\.([0-9]{4}|[0-9]{2})?(?![0-9])")
_SLASHED = re.compile(r"([0-3]?[0-9])/([01]?[0-9])(?:/([0-9]{4}|[0-9]{2}))?(?![0-9/])")


@dataclass(frozen=True, slots=True)
class Day:
    """A day as said: so many days from now, a weekday (Monday 0), or a date."""

    end: int
    offset: int | None = None
    weekday: int | None = None
    date: tuple[int, int, int] | None = None  # year (0: not said), month, day
    evening: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day as said. `half`: "am", "pm", "night" or ""."""

    end: int
    hour: int
    minute: int = 0
    second: int = 0
    half: str = ""
    padded: bool = False  # 08:30: of 24 hours
    named: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time with the day that was said with it."""

    end: int
    time: Time | None
    day: Day | None
    ambiguous: bool


@dataclass(frozen=True)
class _Phrases:
    at: re.Pattern[str]
    context: re.Pattern[str]
    bare: re.Pattern[str]
    hour_word: re.Pattern[str]
    am: re.Pattern[str]
    pm: re.Pattern[str]
    named: tuple[tuple[re.Pattern[str], int], ...]
    shifted: tuple[tuple[re.Pattern[str], int], ...]  # half past: 30
    days: tuple[tuple[re.Pattern[str], int], ...]
    evening: re.Pattern[str]
    parts: tuple[tuple[re.Pattern[str], str], ...]
    weekdays: tuple[tuple[re.Pattern[str], int], ...]
    month_of: tuple[tuple[re.Pattern[str], int], ...]
    between: re.Pattern[str]
    hours_24: bool
    any: re.Pattern[str]  # what a clock time can begin with
    numbers: frozenset[str]
    dates: tuple[re.Pattern[str], re.Pattern[str]]  # 25 Nov, Nov 25


@lru_cache(maxsize=8)
def _phrases(language: str) -> _Phrases:
    table = words(language)

    def listed(key: str) -> list[str]:
        return table.listed("clock", key)

    def numbered(key: str) -> tuple[tuple[re.Pattern[str], int], ...]:
        return tuple((_one(k), int(v)) for k, v in table.mapped("clock", key).items())

    def ranked(key: str) -> tuple[tuple[re.Pattern[str], int], ...]:
        rows = [table_["clock"][key] for table_ in table.tables]
        return tuple(
            (re.compile(alternatives([*{e: 0 for row in rows for e in row[i]}])), i)
            for i in range(len(rows[0]))
        )

    months = ranked("months")
    shifts = {"half_past": 30, "half_to": -30, "quarter_past": 15, "quarter_to": -15}
    before = [*listed("at"), *listed("until")]
    weekdays, named, days = ranked("weekdays"), numbered("named"), numbered("days")
    evening = re.compile(alternatives(listed("evening_days")))
    shifted = tuple(
        (re.compile(alternatives(listed(key))), minutes) for key, minutes in shifts.items()
    )
    begin = [evening, *(x for x, _ in (*weekdays, *named, *days, *shifted, *months))]
    return _Phrases(
        at=re.compile(rf"{alternatives(listed('at'), whole=False)}\s*"),
        context=re.compile(rf"(?<!\w){alternatives(before, whole=False)}\s*$"),
        bare=re.compile(rf"(?<!\w){alternatives(listed('bare_after'), whole=False)}\s+$"),
        hour_word=re.compile(rf"\s*{alternatives(listed('hour_word'))}"),
        am=re.compile(rf"\s*{alternatives(listed('am'), whole=False)}(?!\w)"),
        pm=re.compile(rf"\s*{alternatives(listed('pm'), whole=False)}(?!\w)"),
        named=named,
        shifted=shifted,
        days=days,
        evening=evening,
        parts=tuple((_one(k), str(v)) for k, v in table.mapped("clock", "parts").items()),
        weekdays=weekdays,
        month_of=months,
        between=re.compile(
            rf"\s*(?:{alternatives(listed('between'), whole=False)}(?:\s+|(?<='))|\s)?\s*"
        ),
        hours_24=table.tables[0]["clock"]["hour_24"] == "true",
        any=re.compile("|".join(["[0-9]", *(x.pattern for x in begin)])),
        numbers=frozenset(table.number_starts),
        dates=_dates("|".join(x.pattern for x, _ in months)),
    )


def _dates(months: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(
            rf"([0-3]?[0-9])(?:st|nd|rd|th|\.|er|°)?\s*(?:of\s+|de\s+|di\s+)?({months})"
            r"\.?(?:\s+(?:de\s+)?([0-9]{4}))?(?!\w)"
        ),
        re.compile(
            rf"({months})\.?\s+(?:the\s+)?([0-3]?[0-9])(?:st|nd|rd|th)?(?:,?\s+([0-9]{{4}}))?"
            r"(?![\w:])(?!\s*(?:am|pm)\b)"
        ),
    )


def _one(entry: str) -> re.Pattern[str]:
    return re.compile(pattern(entry) + r"(?!\w)")


def clock_at(f: Folded, at: int, g: Grammar) -> Clock | None:
    """The clock time that begins at a place, with its day; None if none does."""
    if at and f.low[at - 1].isalnum():
        return None
    p = _phrases(g.words.language)
    if not p.any.match(f.low, at):
        word = _WORD.match(f.low, at)
        if not word or word.group() not in p.numbers:
            return None
    head = f.low[max(0, at - 24) : at]
    day = _day(f, at, p)
    if day:
        return _after_day(f, day, p, g)
    part = _part(f, at, p)
    if part:  # in the evening at 8
        return None
    time = _time(f, at, p, g, context=bool(p.context.search(head)), bare=bool(p.bare.search(head)))
    if time is None:
        return None
    end = time.end
    for _ in range(3):
        gap = p.between.match(f.low, end)
        start = gap.end() if gap else end
        later = _day(f, start, p) if day is None else None
        half = _part(f, start, p)
        if later and (not half or later.end >= half[1]):
            day, end = later, later.end
        elif half and not time.half:
            time, end = replace(time, half=half[0]), half[1]
        else:
            break
    return Clock(end, time, day, _doubtful(time, day, p))


def _after_day(f: Folded, day: Day, p: _Phrases, g: Grammar) -> Clock | None:
    end, half = day.end, ""
    said_at = False
    for _ in range(4):
        gap = p.between.match(f.low, end)
        start = gap.end() if gap else end
        said_at = said_at or bool(gap and p.at.match(gap.group().strip() + " "))
        part = _part(f, start, p)
        time = _time(f, start, p, g, context=True, bare=said_at)
        if time:
            behind = p.between.match(f.low, time.end)
            later = _part(f, behind.end() if behind else time.end, p)
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


def _doubtful(time: Time, day: Day | None, p: _Phrases) -> bool:
    if day and day.doubtful:
        return True
    if time.named:
        return bool(day and time.hour == 0 and not day.evening)
    evening = day is not None and day.evening
    return not (p.hours_24 or time.half or time.padded or evening) and 1 <= time.hour <= 12


def _part(f: Folded, at: int, p: _Phrases) -> tuple[str, int] | None:
    best: tuple[str, int] | None = None
    for phrase, half in p.parts:
        match = phrase.match(f.low, at)
        if match and (best is None or match.end() > best[1]):
            best = half, match.end()
    return best


def _day(f: Folded, at: int, p: _Phrases) -> Day | None:
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


def _date(low: str, at: int, p: _Phrases) -> Day | None:
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


def _month(name: str, p: _Phrases) -> int:
    return next(i + 1 for phrase, i in p.month_of if phrase.fullmatch(name))


def _time(f: Folded, at: int, p: _Phrases, g: Grammar, *, context: bool, bare: bool) -> Time | None:
    """`context`: after "at", "until" or a day; `bare`: after words that an hour may follow."""
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
    return _digits(f, at, p, g, context=context, bare=bare)


def _digits(
    f: Folded, at: int, p: _Phrases, g: Grammar, *, context: bool, bare: bool
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
    if match and (context or _range_of_hours(f, at, match.end())):
        return _halved(f, Time(match.end(), int(match[1]), int(match[2] or 0), padded=True), p)
    match = _HOUR.match(low, at)
    hour, end = (int(match[1]), match.end()) if match else (-1, at)
    if match is None:
        number = number_at(low, at, g.words)
        if number is None or not number.spelled or number.value not in range(1, 25):
            return None
        hour, end = int(number.value), number.end
    return _hour(f, hour, end, p, context=context, bare=bare, padded=low[at] == "0")


def _hour(
    f: Folded, hour: int, end: int, p: _Phrases, *, context: bool, bare: bool, padded: bool
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
    alone = _stands_alone(f, end, p) if bare else context and _day_follows(f, end, p)
    alone = alone or (low[end : end + 1] == " " and _part(f, end + 1, p) is not None)
    if alone and 0 <= hour <= 24:
        return _halved(f, Time(end, hour, padded=padded), p)
    return None


def _day_follows(f: Folded, at: int, p: _Phrases) -> bool:
    gap = re.compile(r"\s+(?:in the\s+|on\s+|di\s+|de\s+)?").match(f.low, at)
    return bool(gap and (_day(f, gap.end(), p) or _part(f, gap.end(), p)))


def _stands_alone(f: Folded, at: int, p: _Phrases) -> bool:
    """Whether no noun or unit follows an hour: "until 8 tomorrow", not "until 8 divisions"."""
    follows = re.compile(r"\s*(?:$|[.,;:!?()]|-\s)").match(f.low, at)
    if follows:
        return True
    word = re.compile(r"\s+([^\W\d_]+)").match(f.low, at)
    if not word or unit_at(f.low, f.cased, word.start(1)):
        return False
    start = word.start(1)
    return bool(_day(f, start, p) or _part(f, start, p)) or word[1] in _SMALL


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


def _halved(f: Folded, time: Time, p: _Phrases) -> Time | None:
    """A time with "am" or "pm" behind it, if there is one; None for an hour that no clock has."""
    am, pm = p.am.match(f.low, time.end), p.pm.match(f.low, time.end)
    if am and am.group().strip() == "am" and re.compile(r"\s+[^\W\d_]").match(f.low, am.end()):
        rest = am.end() + 1
        if p.hours_24 and (_day(f, rest, p) or _part(f, am.end() - 2, p)):
            am = None  # German: um 8 am Freitag
    match = am or pm
    if match:
        if not 1 <= time.hour <= 12 and not p.hours_24:
            return None
        time = replace(time, end=match.end(), half="am" if am else "pm")
    return time if time.hour < 24 or (time.hour == 24 and not time.minute) else None


def _said(phrase: re.Pattern[str], low: str, at: int) -> bool:
    return bool(phrase.match(low, at))


def _unit_after(f: Folded, at: int, p: _Phrases) -> bool:
    place = at + (f.low[at : at + 1] == " ")
    found = unit_at(f.low, f.cased, place, mistyped=False)
    return bool(found) and not p.hour_word.match(f.low, at) and not p.am.match(f.low, at)


def _range_of_hours(f: Folded, at: int, end: int) -> bool:
    """De 22h à 8h."""
    joint = re.compile(r"\s*(?:-|a|jusqu'a)\s*").match(f.low, end)
    if joint and _FRENCH.match(f.low, joint.end()) and re.search(r"\bde\s+$", f.low[:at]):
        return True
    return bool(re.search(r"\bde\s+[0-9]{1,2}\s?h\s?(?:[0-9]{2})?\s+a\s+$", f.low[:at]))
