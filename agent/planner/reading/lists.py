"""Lists and ranges of names or numbers: "1, 4 and 7", "A1-A6, B3"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from agent.planner.reading.tables import alternatives, words

if TYPE_CHECKING:
    from collections.abc import Callable

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """Items with the ends of ranges: (first, last), or (one, None)."""

    items: tuple[tuple[Item, Item | None], ...]
    end: int


@dataclass(frozen=True)
class Joints:
    """What stands between items. `to`: of a range; `also`: of a list."""

    to: re.Pattern[str]
    also: re.Pattern[str]


@lru_cache(maxsize=8)
def joints(language: str) -> Joints:
    """The joints of a language and of English."""
    table = words(language)
    to = alternatives(table.listed("wells", "to"))
    also = alternatives(table.listed("wells", "and"))
    return Joints(
        re.compile(rf"\s*(?:-|:|\.\.\.?|(?<=\W){to}|\s{to})\s*"),
        re.compile(rf"\s*(?:,\s*(?:{also}\s+)?|/|&\s*|\+\s*|\s{also}\s+)\s*|\s+(?=#?\w*[0-9])"),
    )


def read_list(
    low: str, at: int, j: Joints, read: Callable[[int, bool], tuple[Item, int] | None]
) -> Listed[Item] | None:
    """The longest list from a place on. `read(place, later)` gives an item and its end, or None;
    `later` for all but the first."""
    first = read(at, False)
    if first is None:
        return None
    items: list[tuple[Item, Item | None]] = []
    item, end = first
    while True:
        to = j.to.match(low, end)
        last = read(to.end(), True) if to and to.end() > end else None
        if last:
            items.append((item, last[0]))
            end = last[1]
        else:
            items.append((item, None))
        also = j.also.match(low, end)
        following = read(also.end(), True) if also else None
        if following is None:
            return Listed(tuple(items), end)
        item, end = following
