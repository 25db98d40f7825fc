"""One number at a place of a folded text: digits, fractions, words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.planner.reading.tables import Words

_VULGAR = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3, "⅛": 0.125}
_DIGITS = re.compile(r"[0-9]+(?:[.,'\u00a0][0-9]+)*|\.[0-9]+")
_ZEROS = re.compile(r"[1-9][0-9]{0,2}(?: 000)+(?![0-9])")  # 10 000
_POWER = re.compile(r"e[+-]?[0-9]{1,3}(?![\w])")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?![\w/])")
_MIXED = re.compile(r" ?([½¼¾⅓⅔⅛])| +([1-9])/([2-9])(?![\w/])")
_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class Number:
    """A value and where its characters end. `other`: the value in the second of two readings."""

    value: float
    end: int
    spelled: bool = False
    approximate: bool = False
    other: float | None = None


@lru_cache(maxsize=4096)
def number_at(low: str, at: int, words: Words, *, glued: bool = False) -> Number | None:
    """The number that begins at a place, None if none does.

    The place must be no middle of a name ("B03", "MCF-7", "Alexa-488" hold no numbers) unless
    `glued`: the 30 of "1h30".
    """
    char = low[at : at + 1]
    if not char or (at and not glued and _inside_name(low, at)):
        return None
    if char in _VULGAR:
        return Number(_VULGAR[char], at + 1)
    if char.isdecimal() or char == ".":
        return _digits(low, at, words.language)
    return _spelled(low, at, words) if char.isalpha() else None


def _inside_name(low: str, at: int) -> bool:
    before = low[at - 1]
    if before.isalnum() or before == "_":
        return True
    digit = low[at].isdecimal()
    if before == "." and digit and at > 1 and low[at - 2].isalnum():
        return True
    return digit and before == "-" and at > 1 and low[at - 2].isalpha()


def _digits(low: str, at: int, language: str) -> Number | None:
    slashed = _SLASHED.match(low, at)
    if slashed:
        above, below = int(slashed[1]), int(slashed[2])
        return Number(above / below, slashed.end()) if 0 < above < below <= 10 else None
    zeros = _ZEROS.match(low, at)
    match = zeros or _DIGITS.match(low, at)
    if not match:
        return None
    read = interpret(match.group().replace(" ", "\u00a0"), language)
    if read is None:
        return None
    value, other = read
    end = match.end()
    power = _POWER.match(low, end)
    if power:
        factor = 10.0 ** min(int(power.group()[1:]), 300)  # larger ones are absurd anyway
        return Number(value * factor, power.end(), other=None if other is None else other * factor)
    mixed = _MIXED.match(low, end)
    if mixed and value.is_integer():
        part = _VULGAR[mixed[1]] if mixed[1] else int(mixed[2]) / int(mixed[3])
        return Number(value + part, mixed.end())
    return Number(value, end, other=other)


def interpret(digits: str, language: str) -> tuple[float, float | None] | None:
    """Value of digits with points and commas, and a second reading where there are two.

    "1,500" is 1500 to some and 1.5 to others. None for what is no number ("1,4,7").
    """
    marks = [char for char in digits if not char.isdecimal()]
    if not marks:
        return float(digits), None
    groups = re.split(r"[.,'\u00a0]", digits)
    last = marks[-1]
    thirds = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) in (1, 2, 3)
    if len(marks) == 1 and last in ".,":
        return _one_mark(groups, last, language, thirds=thirds)
    if len(set(marks)) == 1:
        return (float("".join(groups)), None) if thirds and not groups[0].startswith("0") else None
    inner, grouped = set(marks[:-1]), groups[:-1]
    right = all(len(group) == 3 for group in grouped[1:]) and 1 <= len(grouped[0]) <= 3
    if len(inner) == 1 and last in ".," and last not in inner and right:
        return float(f"{''.join(grouped)}.{groups[-1]}"), None
    return None


def _one_mark(
    groups: list[str], mark: str, language: str, *, thirds: bool
) -> tuple[float, float | None]:
    decimal = float(f"{groups[0] or 0}.{groups[1]}")
    if not thirds or groups[0].startswith("0"):
        return decimal, None
    whole = float("".join(groups))
    if language == "en" and mark == "," and groups[1] == "000":
        return whole, None
    thousands = mark == ("," if language == "en" else ".")
    return (whole, decimal) if thousands else (decimal, whole)


def _spelled(low: str, at: int, words: Words) -> Number | None:
    first = _WORD.match(low, at)
    if first is None:
        return None
    most = words.number_starts.get(first.group(), 0)
    found: Number | None = None
    key: tuple[str, ...] = ()
    end = at
    while most and len(key) < most:
        word = _WORD.match(low, end)
        if not word:
            break
        key = (*key, word.group())
        end = word.end()
        hit = words.numbers.get(key)
        if hit and not low[end : end + 1].isalnum():
            found = Number(hit.value, end, True, hit.approximate)
        gap = _GAP.match(low, end)
        if not gap:
            break
        end = gap.end()
    return found and _thousands(low, found, words)


def _thousands(low: str, found: Number, words: Words) -> Number:
    gap = _GAP.match(low, found.end)
    word = _WORD.match(low, gap.end()) if gap else None
    if word and word.group() in words.listed("numbers", "thousand"):
        return Number(found.value * 1000, word.end(), True, found.approximate)
    return found
