"""What carries a meaning and found no slot: it becomes a question, and never vanishes.

One function for each way in which words can be lost: a number that stands alone, a wish for a part
of the time or of the places, one thing or another, a comparison, a wish whose value was not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.kinds import Kind
from agent.planner.unread_places import (
    counts_of_events,
    in_stories,
    named_again,
    only_there,
    paired,
    places_of_events,
    then_there,
    unnamed,
)
from agent.planner.unread_relations import more_by_relation
from agent.planner.unread_settings import (
    addresses,
    again,
    focus_both,
    limits,
    only_focus,
    settings,
    until_what,
)
from agent.planner.unread_times import channels_apart, late, phases_of_what, phrases
from agent.planner.unread_wishes import (
    conditions,
    either,
    maybe,
    no_stack_with_planes,
    once_and_more,
    wishes,
)
from agent.planner.unread_words import AND, COUNTING, DURATION, SILENT, free

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity
    from agent.planner.unread_words import LeftOver, Place

_LINKED = re.compile(rf"(?:[,;(]|(?<!\w){AND}|\b(?:uh|uhm|um|eh|äh|ähm|euh|ehm))\s*$", re.I)


_ENDS = re.compile(
    rf"\s*(?:$|[,;/|)\n]|\.(?!\d)|{AND}\s|(?:in|at|with|im|mit|bei|en|avec|nel|nella|con)\s)", re.I
)


def _plain_lapse(clause: Clause) -> bool:
    """Whether its places are imaged, and not looked at for "any of P1, P2 or P3"."""
    return clause.about is About.BASELINE and not clause.watches


_LISTS = ("channels", "reaction.channels", "positions", "wells", "phases", "notify.to", "notify.on")


def unread(
    pairs: Sequence[tuple[Quantity, Clause]],
    channels: Sequence[Channel],
    places: Sequence[Place],
    where: Sequence[Place],
    parts: Sequence[Clause],
    near: Nearby,
    found: Found,
) -> list[LeftOver]:
    """Questions for what was lost: their slots, and the places of the words.

    `places`: of names of positions; `where`: of everything that says where.
    """
    wide = {found.where[slot] for slot in _LISTS if slot in found.where}  # from first to last
    used = [place for place in (*found.where.values(), *found.used) if place not in wide]
    used += [*found.unclear, *found.bare_clocks, *places]

    def clause_of(at: int) -> Clause:
        return next((c for c in reversed(parts) if c.start <= at), parts[0])

    out = [("unclear", a, b) for a, b in _numbers(pairs, used, near, found.corrections, channels)]
    out += [("positions", a, b) for a, b in _more_places(pairs, used, places, near)]
    out += either(channels, [p for p in places if _plain_lapse(clause_of(p[0]))], near)
    out += [one for one in phrases(clause_of, near) if free(one[1], one[2], used)]
    out += channels_apart(channels, clause_of, near)
    out += counts_of_events(clause_of, near)
    out += places_of_events(places, clause_of, near)
    out += named_again(places, clause_of, near, found)
    out += unnamed(places, near)
    out += more_by_relation(where, clause_of, near, found)
    out += in_stories(places, clause_of, near, found)
    out += conditions(parts, near, found)
    out += phases_of_what(near, found)
    out += once_and_more(found)
    out += wishes(parts, near, found)
    out += maybe(places, channels, clause_of, near)
    out += then_there(places, clause_of, near)
    out += only_there(places, clause_of, near, found)
    out += no_stack_with_planes(clause_of, near, found)
    out += late(pairs, near)
    out += paired(channels, places, clause_of, near, found)
    out += settings(clause_of, near, found)
    out += again(clause_of, near, found)
    out += until_what(clause_of, near, found)
    out += limits(clause_of, near, found)
    out += addresses(near, found)
    out += focus_both(near, found)
    out += only_focus(clause_of, near, found)
    return list(dict.fromkeys(out))


def _numbers(
    pairs: Sequence[tuple[Quantity, Clause]],
    used: Sequence[Place],
    near: Nearby,
    corrections: Sequence[int],
    channels: Sequence[Channel],
) -> Iterator[Place]:
    """Numbers that no slot was found for, and that stand alone, or are counts of a reaction."""
    text = near.text
    for q, clause in pairs:
        a, b = q.span.start, q.span.end
        if clause.about in SILENT or not free(a, b, used):
            continue
        if q.kind is Kind.PAIR or (
            q.kind is Kind.PERCENT
            and (
                near.near(a, b, "overlap", words=2) is not None
                or _OF_LIGHT.match(near.text, b) is not None
            )
        ):
            yield a, b
        elif q.kind in (Kind.COUNT, Kind.ORDINAL) and q.every:
            later = (p.span.start for p, _ in pairs if p.kind in DURATION)
            taken_back = any(b <= at <= b + 24 for at in (*corrections, *later))
            if not taken_back and clause.about is not About.FOCUS:
                yield a, b
        elif q.kind is Kind.COUNT and not q.every and q.value >= 2:
            said_again = re.search(r"\b(?:yes|ja|oui|s[iì]|sí|genau)[,:]?\s*$", text[:a], re.I)
            channel = any(c.end <= a and not text[c.end : a].strip(" :@=(") for c in channels)
            if channel and _ENDS.match(text, b):
                yield a, b  # "FITC 30"
                continue
            if _NOT_THIS.search(text[:a]) and _ENDS.match(text, b):
                yield a, b  # "P1 to P4 but not 2"
                continue
            alone = _LINKED.search(text[:a]) and _ENDS.match(text, b) and not said_again
            if alone or (clause.about in COUNTING and _COUNTED.match(text, b)):
                yield a, b


_AND_ALSO = re.compile(rf"\s*{AND}\s*", re.I)


def _more_places(
    pairs: Sequence[tuple[Quantity, Clause]],
    used: Sequence[Place],
    places: Sequence[Place],
    near: Nearby,
) -> Iterator[Place]:
    """ "Position 1 and 6 whatever": a number that is joined to places and was not read as one."""
    for q, _ in pairs:
        a, b = q.span.start, q.span.end
        joined = any(end <= a and _AND_ALSO.fullmatch(near.text[end:a]) for _, end in places)
        if joined and q.kind is Kind.COUNT and not q.every and free(a, b, used):
            yield a, b


_NOT_THIS = re.compile(
    r"\b(?:not|except|without|but|skip|omit|außer|ohne|nicht|sauf|sans|pas|tranne|senza|non"
    r"|excepto|sin|menos"
    r"|salvo)\s+(?:the |la |le |die |number |#)?$",
    re.I,
)


_OF_LIGHT = re.compile(
    r"[^.;,\n]{0,24}(?:exposure|light|power|intensity|brightness|belichtung|licht|intensität"
    r"|leistung"
    r"|lumière|puissance|intensité|luce|potenza|intensità|luz|potencia|intensidad)",
    re.I,
)


_COUNTED = re.compile(
    r"\s*(?:times?|x\b|cells?|events?|divisions?|mitoses|movies?|bursts?|mal\b|zellen|ereignisse"
    r"|teilungen|mitosen|fois|cellules|événements|divisions|volte|cellule|eventi|divisioni|mitosi"
    r"|veces"
    r"|células|eventos|divisiones|mitosis)",
    re.I,
)
