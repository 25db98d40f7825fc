"""The words of marked positions, and what is made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.fold import folded
from agent.planner.reading.tables import alternatives, words

if TYPE_CHECKING:
    from agent.planner.reading.kinds import Span

NAME = re.compile(r"(pos|p|xy|site|fov|s)[_-]?([0-9]{1,3})(?![\w]|[.,][0-9])")
ARTICLE = re.compile(r"(?:the|die|den|der|les|las?|los|el|le|il?|gli)\s+")
ALL_WORD = re.compile(
    r"(?:all|everything|everywhere|alles?|uberall|tout|toutes|tous|partout|tutt[eio]|tod[ao]s?)"
    r"(?:\s+of (?:them|these|those|it))?(?=\s)"
)


class Said(StrEnum):
    """How positions are said."""

    NUMBERS = "numbers"  # positions 1, 4 and 7
    NAMES = "names"  # P1 and P4
    ALL = "all"  # all positions, all but 2, all six positions
    COUNT = "count"  # six positions
    FIRST = "first"  # the first three positions
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Numbered:
    """One mention of positions.

    Attributes
    ----------
    numbers : of NUMBERS, in the order said.
    names : of NAMES, as written (ranges spelled out); P1 for "p1".
    count : of COUNT, FIRST and LAST; of ALL where the words say it ("all six positions").
    mine : the words mean certain ones: "my six positions", "the six positions".
    excluded, excluded_names : of ALL.
    unclear : an exception follows that names none ("all positions except the bad ones").
    """

    said: Said
    span: Span
    numbers: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    count: int | None = None
    mine: bool = False
    excluded: tuple[int, ...] = ()
    excluded_names: tuple[str, ...] = ()
    unclear: bool = False


@dataclass(frozen=True)
class PositionWords:
    """Patterns of marked positions in one language and English."""

    nouns: re.Pattern[str]
    all: re.Pattern[str]
    mine: re.Pattern[str]
    first: re.Pattern[str]
    last: re.Pattern[str]
    except_: re.Pattern[str]
    adjectives: re.Pattern[str]
    number_sign: re.Pattern[str]
    ordinals: tuple[tuple[re.Pattern[str], int], ...]
    ordinal_ending: re.Pattern[str]
    well: re.Pattern[str]
    any: re.Pattern[str]  # what a mention can begin with


@lru_cache(maxsize=8)
def position_words(language: str) -> PositionWords:
    """The patterns of a language."""
    table = words(language)

    def one(key: str, after: str = "") -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){alternatives(table.listed('numbered', key))}{after}")

    ordinals = tuple(
        (re.compile(folded(k) + r"(?!\w)"), int(v))
        for k, v in table.mapped("ordinals").items()
        if k not in ("other", "andere")
    )
    begin = (
        one("nouns"),
        one("all", r"\s*"),
        one("mine", r"\s+"),
        one("first", r"\s+"),
        one("last", r"\s+"),
        one("except"),
    )
    any_ = [r"[0-9]", NAME.pattern, ARTICLE.pattern, ALL_WORD.pattern]
    any_ += [phrase.pattern for phrase in (*begin, *(o for o, _ in ordinals))]
    return PositionWords(
        *begin,
        one("adjectives", r"\s*"),
        re.compile(
            r"\s*(?:(?:#|no\.?|nr\.?|n°|numbers?|nummer|numero|from|von|da|dalla|de|de la|du)"
            r"(?![a-z]))?\s*[:=]?\s*"
        ),
        ordinals,
        re.compile(alternatives(table.listed("ordinal_endings"))),
        re.compile(rf"(?<!\w){alternatives(table.listed('wells', 'wells'))}\s*$"),
        re.compile("|".join(any_)),
    )


def spread(items: list[tuple[int, int | None]]) -> tuple[int, ...]:
    """Numbers with their ranges filled in; of a range too long to be meant, its ends."""
    out: list[int] = []
    for low, high in items:
        if high is None or high - low > 2000:
            out += [low] if high is None else [low, high]
        else:
            out += range(min(low, high), max(low, high) + 1)
    return tuple(dict.fromkeys(out))


def spelled_out(items: list[tuple[str, str | None]]) -> tuple[str, ...]:
    """Names with their ranges; a bare number takes the letters of the name before it."""
    out: list[str] = []
    prefix = ""
    for low, high in items:
        head = re.match(r"(.*?)([0-9]+)$", low)
        if head and head[1]:
            prefix = head[1]
        name = low if head is None or head[1] else prefix + low
        tail = re.match(r".*?([0-9]+)$", high) if high else None
        if head is None or tail is None:
            out += [name] if high is None else [name, high]
            continue
        first, last = int(head[2]), int(tail[1])
        wide = len(head[2]) if head[2].startswith("0") else 0
        out += [f"{prefix}{n:0{wide}d}" for n in range(min(first, last), max(first, last) + 1)]
    return tuple(dict.fromkeys(out))
