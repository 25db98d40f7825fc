"""Kinds of well plates in words: "96-well", "96er-Platte", "plaque 96 puits"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.fold import fold
from agent.planner.reading.numbers import number_at
from agent.planner.reading.tables import alternatives, language_of, words

if TYPE_CHECKING:
    from agent.planner.reading.kinds import Span

SHAPES = {  # wells -> rows, columns of the usual plate
    6: (2, 3),
    12: (3, 4),
    24: (4, 6),
    48: (6, 8),
    96: (8, 12),
    384: (16, 24),
    1536: (32, 48),
}
LEAST_WHOLE = 96  # "all 96 wells" is a plate, "24 wells" may be some of them


@dataclass(frozen=True, slots=True)
class Plate:
    """A plate as said. `name` is useq's for a usual one ("96-well").

    `known` is False where it is no usual plate (an 8-well slide): where its wells lie is unknown.
    """

    name: str
    wells: int
    known: bool
    span: Span


@dataclass(frozen=True)
class _Phrases:
    wells: re.Pattern[str]
    plates: re.Pattern[str]
    plates_before: re.Pattern[str]
    unknown: re.Pattern[str]
    unknown_before: re.Pattern[str]


@lru_cache(maxsize=8)
def _phrases(language: str) -> _Phrases:
    table = words(language)
    plates = alternatives(table.listed("plates", "plates"), whole=False)
    unknown = alternatives(table.listed("plates", "unknown"), whole=False)
    return _Phrases(
        re.compile(alternatives(table.listed("plates", "wells"))),
        re.compile(rf"[\s-]*(?:format\s+)?{plates}(?!\w)"),
        re.compile(rf"(?<!\w){plates}\s*[:(]?\s*(?:with\s+|mit\s+)?$"),
        re.compile(rf"[\s-]*{unknown}(?!\w)"),
        re.compile(rf"(?<!\w){unknown}\s*$"),
    )


def plate(text: str, language: str | None = None) -> Plate | None:
    """The first kind of plate that a text names, None where it names none."""
    f = fold(text)
    language = language or language_of(f.low)
    p = _phrases(language)
    for match in re.finditer(r"(?<![\w.,-])(?:[0-9]{1,4}(?![0-9]|[.,][0-9])|[^\W\d_]+)", f.low):
        at = match.start()
        number = number_at(f.low, at, words(language))
        if not number or not number.value.is_integer() or not 1 <= number.value <= 1536:
            continue
        count = int(number.value)
        found = _at(f.low, at, number.end, count, p)
        if found:
            start, end, usual = found
            return Plate(f"{count}-well", count, usual, f.span(start, end))
    return None


def _at(low: str, at: int, end: int, count: int, p: _Phrases) -> tuple[int, int, bool] | None:
    """Start and end of the words, and whether it is a usual plate."""
    word = p.wells.match(low, end)
    before = p.plates_before.search(low[max(0, at - 24) : at])
    behind = p.plates.match(low, word.end() if word else end)
    slide = p.unknown.match(low, word.end() if word else end) or p.unknown_before.search(
        low[max(0, at - 24) : at]
    )
    if word and slide:
        return at, max(word.end(), slide.end() if slide.re is p.unknown else 0), False
    start = at - (len(before.group()) if before else 0)
    usual = count in SHAPES
    if behind and (word or usual):
        return start, behind.end(), usual
    if word is None:
        return (start, end, True) if before and usual else None
    if before or "-" in word.group() or "platte" in word.group():
        return start, word.end(), usual
    many = word.group().rstrip().endswith(("s", "i", "en")) and "er" not in word.group()[:2]
    if usual and (not many or count >= LEAST_WHOLE):
        return start, word.end(), True
    return None
