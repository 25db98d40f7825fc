"""The words of clock times and dates, and what is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agent.planner.reading.tables import alternatives, pattern, words


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
class Phrases:
    """Patterns of clock times in one language and English."""

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
    english: bool
    any: re.Pattern[str]  # what a clock time can begin with
    numbers: frozenset[str]
    dates: tuple[re.Pattern[str], re.Pattern[str]]  # 25 Nov, Nov 25


@lru_cache(maxsize=8)
def phrases(language: str) -> Phrases:
    """The patterns of a language."""
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
    return Phrases(
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
        english=language == "en",
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
