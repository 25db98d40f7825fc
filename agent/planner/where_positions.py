"""Which marked positions the mentions of a text come to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.position_names import named, numbered_as
from agent.planner.reading.names import (
    Said,
    numbered,
)
from agent.planner.reading.wells import GONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.names import Numbered


def read_positions(
    said: tuple[Numbered, ...],
    known: tuple[str, ...],
    clause_of: Callable[[int], Clause],
    near: Nearby,
    found: Found,
) -> None:
    """Give the positions that are meant their slot; later ones correct earlier ones."""
    told: list[str] = []
    gone: set[str] = set()
    every: tuple[tuple[str, ...], int, int] | None = None  # of "all positions"
    first = last = 0
    known_named = any(set(one.names) & set(known) for one in said)
    for one in said:
        a, b = one.span.start, one.span.end
        about = clause_of(a).about
        if about is About.STORY or (one.said is Said.ALL and about is About.BUDGET):
            continue
        gone_after = GONE.match(near.text, b) is not None
        parts = re.split(r",\s*", near.text[a:b])
        if gone_after and one.said is Said.NAMES and len(parts) > 1 and re.search(_SPANS, parts[0]):
            tail = {named(w, known) for w in re.findall(r"\w+", parts[-1])}  # "P1-P4, P2 is dead"
            listed = _names(one, known) or ()
            gone |= tail & set(known)
            told += [name for name in listed if name not in told]
            first, last = (a if len(told) == len(listed) else first), b
            continue
        denied = near.denied(a, words=1) or gone_after
        if denied and one.said is Said.ALL:
            continue
        if one.unclear:
            found.unclear.append((a, b))
            continue
        names = _names(one, known)
        if names is None:
            if (
                one.said is Said.COUNT
                and about is About.SEARCH
                and one.count
                and (
                    not one.mine
                    or near.right(b, "best", "by_count", "by_confluence", words=3) is not None
                    or near.left(a, "best", words=1) is not None
                )
            ):
                found.say("search.best", one.count, a, b)
                continue
            if one.count is not None and not told:
                found.say("positions.count", one.count, a, b)
            continue
        stranger = one.said is Said.NAMES and known_named and not set(names) & set(known)
        if stranger and not _INSTEAD.match(near.text, b):
            continue  # P18 is a passage where P1 is a position
        if denied:
            gone |= set(names)
            continue
        best = about is About.SEARCH and _BEST.search(near.text[:a])
        if one.said is Said.ALL and _SOME.search(near.text[:a]) and not best:
            continue
        many = one.said is Said.ALL and one.count and told and len(told) != one.count
        if many and not found.corrected(last, a):
            found.open_positions = (a, b)  # "P1, P2, P3, all six of them"
            continue
        if one.said is Said.ALL and told and found.corrected(last, a):
            told, first, last = list(names), a, b
            continue
        if one.said is Said.ALL:
            every = names, a, b
            if one.mine and one.count and told and set(told) != set(names):
                found.open_positions = (a, b)
            continue
        if told and found.corrected(last, a) and not _ALSO.search(near.text[max(0, a - 12) : a]):
            told = []
        first = a if not told else first
        last = b
        told += [name for name in names if name not in told]
        if one.said is Said.NUMBERS and _ONE_MORE.match(near.text, b):
            found.unclear.append((a, b))  # "positions one two and six": where does the list end?
    if not told and every is not None:
        told, first, last = list(every[0]), every[1], every[2]
    told = [name for name in told if name not in gone]
    told, last = _listed_later(told, last, known, near, found)
    if not told and "positions.count" not in found.said:
        every_mark = (m for m in near.marks if m.concept == "all_positions")
        mark = next(
            (
                m
                for m in every_mark
                if not _SOME.search(near.text[: m.start])
                and not _NAMED.match(near.text, m.end)
                and clause_of(m.start).about is not About.STORY
            ),
            None,
        )
        if mark is not None and not near.denied(mark.start, words=1):
            if gone:
                told, first, last = [n for n in known if n not in gone], mark.start, mark.end
            else:
                found.say("positions.all", True, mark.start, mark.end)
    if told:
        _count_beside(said, told, first, near, found)
        found.said.pop("positions.count", None)
        found.clashes.pop("positions.count", None)
        found.say("positions", tuple(told), first, last, "positions")


def _count_beside(
    said: tuple[Numbered, ...], told: list[str], first: int, near: Nearby, found: Found
) -> None:
    """ "Two positions: P1, P2, P3": the number and the list do not fit."""
    for one in said:
        gap = near.text[one.span.end : first] if one.span.end <= first else "?"
        beside = one.said is Said.COUNT and re.fullmatch(r"[\s:,(]*", gap) is not None
        if beside and one.count != len(told) and not found.corrections:
            found.open_positions = (one.span.start, one.span.end)


_BEST = re.compile(
    r"\b(?:best|most|top|beste[nr]?|meilleure?s?|miglior[ei]|mejor(?:es)?)\b[^.;]*$", re.I
)


_SPANS = re.compile(r"\w\s*(?:-|to|bis|à|a|hasta|through)\s*\w", re.I)


_INSTEAD = re.compile(
    r"\s*(?:instead of|rather than|statt|anstelle|au lieu|invece|en (?:lugar|vez))\b", re.I
)


_NAMED = re.compile(r"[\s:]*p?\d", re.I)  # "the points P1, P3": not all of them


_ALSO = re.compile(r"\b(also|and|plus|too|auch|und|aussi|et|anche|e|también|y)\s*$", re.I)


_ONE_MORE = re.compile(r"\s+(one|two|three|four|five|six|eins|zwei|drei|vier|fünf|sechs)\b", re.I)


_SOME = re.compile(
    r"\b(some|a few|several|two|three|four|five|[2-9]|zwei|drei|vier|fünf|deux|trois|quatre|cinq"
    r"|due|tre|quattro"
    r"|cinque|dos|tres|cuatro|cinco|half|most|any two|any three|einige[nr]?|ein paar|quelques"
    r"|alcun[ei]|algun[oa]s)( (of|von|der|de|des|delle|di|dei|de las|de mis))?"
    r"( my| the| meinen?r?| den| mes| las| mis| le mie)?\s*$",
    re.I,
)


_LIST = re.compile(r"[\s,:.-]*(?:only |just |nur |seulement |solo |sólo )?(?=p?\d)", re.I)


def _listed_later(
    told: list[str], last: int, known: tuple[str, ...], near: Nearby, found: Found
) -> tuple[list[str], int]:
    """ "Positions 1 to 4, sorry, 1 to 5": a list after a correction, without the word again."""
    places = [m.end for m in near.marks if m.concept == "correction" and 0 <= m.start - last <= 6]
    if not told:
        only = re.finditer(r"\b(only|just|nur|seulement|solo|sólo)\b", near.text, re.I)
        places += [match.end() for match in only]
    for at in places:
        lead = _LIST.match(near.text, at)
        if lead is None:
            continue
        rest = "positions " + near.text[lead.end() :]
        read = numbered(rest, "en", known)
        if read and read[0].span.start == 0 and read[0].said in (Said.NUMBERS, Said.NAMES):
            end = lead.end() + read[0].span.end - len("positions ")
            if re.match(r"\s*(min|s\b|sec|h\b|hour|ms|um|µm|x\b|%)", near.text[end:], re.I):
                continue
            names = _names(read[0], known)
            if names:
                return list(names), end
    return told, last


def _names(one: Numbered, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """Names of the microscope's positions; None where only a number is said."""
    match one.said:
        case Said.NAMES:
            return tuple(named(name, known) for name in one.names)
        case Said.NUMBERS:
            return tuple(numbered_as(n, known) for n in one.numbers)
        case Said.ALL:
            out = {numbered_as(n, known) for n in one.excluded} | set(one.excluded_names)
            return tuple(name for name in known if name not in out)
        case Said.FIRST:
            return known[: one.count] if one.count and one.count <= len(known) else None
        case Said.LAST:
            return known[-one.count :] if one.count and one.count <= len(known) else None
        case _:
            return None
