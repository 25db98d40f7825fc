"""Wishes for some of the places only, or for some of the events."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.wells import GONE
from agent.planner.unread_words import AND, BESIDE, COUNTING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.unread_words import LeftOver, Place

_ONLY_PLACE = re.compile(
    r"(?<!\w)(?:only|just|nur|seulement|uniquement|solo|soltanto|sólo|solamente)\s+"
    r"(?:(?:at|on|use|an|auf|in|sur|à|su|en|image|take) )?(?:the |die |la |las "
    r"|le )?(?:(?:position|field|posizion|posición|feld)\w* )?$",
    re.I,
)


def only_there(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "Only P2 ... at P1 to P6": which?"""
    here = [p for p in sorted(places) if clause_of(p[0]).about is About.BASELINE]
    named = [p for p in here if re.search(r"\d", near.text[p[0] : p[1]])]
    if any(named[0][0] <= at <= named[-1][1] for at in found.corrections if named):
        return
    for a, b in named:
        if not _ONLY_PLACE.search(near.text[:a]):
            continue
        others = {near.text[c:d].lower() for c, d in named} - {near.text[a:b].lower()}
        if others and not any(near.denied(c) for c, _ in named):
            yield "positions", a, b
            return


def then_there(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "P1 every 2 min for 1 h, then P2": one place after the other."""
    here = [p for p in sorted(places) if clause_of(p[0]).about is About.BASELINE]
    for mark in near.marks:
        if mark.concept != "then":
            continue
        before = [p for p in here if p[1] <= mark.start]
        after = [p for p in here if 0 <= p[0] - mark.end <= BESIDE]
        if not (before and after) or "." in near.text[mark.end : after[0][0]]:
            continue
        if near.text[slice(*before[-1])].lower() != near.text[slice(*after[0])].lower():
            yield "positions", mark.start, after[0][1]
            return


_SEVERAL = re.compile(
    r"(?<!\w)(?:[2-9]|\d\d+|two|three|four|five|six|ten|several|many|zwei|drei|vier|fünf|mehrere"
    r"|viele"
    r"|deux|trois|quatre|cinq|plusieurs|due|tre|quattro|cinque|diverse|dos|tres|cuatro|cinco"
    r"|varias)"
    r" (?:or more |oder mehr |ou plus |o más |o più )?(?:of the |of |the )?(?:cells?|nuclei"
    r"|divisions|mitoses|events"
    r"|zellen|kerne|teilungen|mitosen|cellules|noyaux|divisions|cellule|nuclei|divisioni|mitosi"
    r"|células"
    r"|núcleos|divisiones|mitosis)(?!\w)",
    re.I,
)


_OR_ELSE = re.compile(
    r"\s*(?:,\s*)?(?:or|and|/|oder|und|ou|et|o|e|y)\s*(?:a |an |the |is |one |se |si |sich )?", re.I
)


def counts_of_events(clause_of: Callable[[int], Clause], near: Nearby) -> Iterator[LeftOver]:
    """ "When two cells divide at once": one is enough for a reaction."""
    told = [m for m in near.marks if m.concept == "target" and m.name not in ("cell", "nucleus")]
    for one, two in pairwise(told):
        joined = _OR_ELSE.fullmatch(near.text[one.end : two.start])
        if joined and one.name != two.name and clause_of(one.start).about is About.TRIGGER:
            yield "target", one.start, two.end
    for match in _SEVERAL.finditer(near.text):
        clause = clause_of(match.start())
        if clause.about is About.TRIGGER and clause.conditional:
            yield "target", *match.span()


def places_of_events(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "When a cell divides at P2": a reaction in some of the places only."""
    about = [(p, clause_of(p[0])) for p in sorted(places)]
    base = [near.text[a:b] for (a, b), c in about if c.about in (About.BASELINE, About.SEARCH)]
    for (a, b), clause in about:
        if clause.about not in COUNTING or near.text[a:b] in base or not base:
            continue
        acts = clause.about is About.REACTION or (
            clause.conditional and clause.quantities > clause.places
        )
        everywhere = acts and _EVERYWHERE.match(near.text, a)
        if re.search(r"\d", near.text[a:b]) or everywhere:
            yield "positions", a, b
            return


_EVERYWHERE = re.compile(r"(?:all|every|alle[nr]?|toutes|tous|tutt|tod[ao]s)", re.I)


_IS = re.compile(  # "P4 is the important one": nothing is wished
    r"\s+(?:is|are|was|were|ist|sind|est|sont|è|sono|es|son)\s+(?:the|my|our|a|an|where|die|der"
    r"|das|meine?|le|la|les|il|lo|gli|el|las|los)\s",
    re.I,
)


def named_again(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "P1 to P3 ..., 40x for P2": something is said of one of the places only."""
    names = found.said.get("positions")
    if names is None or found.corrections:
        return
    seen: list[set[str]] = []
    for a, b in sorted(places):
        clause = clause_of(a)
        if clause.about not in (About.BASELINE, About.FOCUS) or near.denied(a):
            continue
        own = _numbers_of(near.text[a:b])
        if not own or GONE.match(near.text, b) or _IS.match(near.text, b):
            continue
        if any(own < earlier for earlier in seen) or _twice(near.text[a:b]):
            yield "positions", a, b
            return
        seen.append(own)


_SPAN = r"(\d+)\s*(?:-|–|to|through|thru|bis|à|a|al|hasta|\.\.+)\s*\w?\s*(\d+)"


def _twice(words: str) -> bool:
    """ "P1-P3, P2": one of a range named once more."""
    joined = re.search(_SPAN, words, re.I)
    if joined is None:
        return False
    rest = words[: joined.start()] + words[joined.end() :]
    return any(int(joined[1]) < int(n) <= int(joined[2]) for n in re.findall(r"\d+", rest))


def _numbers_of(words: str) -> set[str]:
    """The numbers of a mention, ranges filled in."""
    numbers = [int(n) for n in re.findall(r"\d+", words)]
    joined = re.search(_SPAN, words, re.I)
    if joined and len(numbers) == 2 and 0 < numbers[1] - numbers[0] < 100:
        return {str(n) for n in range(numbers[0], numbers[1] + 1)}
    return {str(n) for n in numbers}


def in_stories(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "Controls at P1, treated at P2": a place in words about what was done before."""
    said = found.said.get("positions")
    if said is None:
        return
    known = {"".join(ch for ch in name if ch.isdigit()) for name in said.value}
    for a, b in sorted(places):
        own = _numbers_of(near.text[a:b])
        at = re.search(r"\b(?:at|on|in|bei|an|auf|à|sur|en|su)\s+$", near.text[:a], re.I)
        story = clause_of(a).about is About.STORY and not near.denied(a)
        if story and at and own and not own & known:
            yield "positions", a, b


_UNNAMED = re.compile(
    rf"\s*(?:,\s*)?{AND}\s+(?:the |a |an |one |its |my |another |two |some )?(?:\w+ )?"
    r"(?:neighbou?r\w*|adjacent|next|nearby|more|other|further|another)\s+(?:\w+ )?(?:positions?"
    r"|fields?|spots?|sites?|one)\b",
    re.I,
)


def unnamed(places: Sequence[Place], near: Nearby) -> Iterator[LeftOver]:
    """ "P1 and the neighbouring position": which is that?"""
    for _, end in places:
        match = _UNNAMED.match(near.text, end)
        if match is not None:
            yield "positions", end, match.end()


_TIES = re.compile(
    r"\s*[,:=(]?\s*(?:is|are|gets?|only|in|with|at|on|for|using|im|mit|bei|an|auf|für|en|sur|avec"
    r"|à|au"
    r"|pour|in|su|con|per|a|de)?\s*(?:the|die|der|den|le|la|il|el|channel|kanal|canal)?\s*\(?",
    re.I,
)


def paired(
    channels: Sequence[Channel],
    places: Sequence[Place],
    clause_of: Callable[[int], Clause],
    near: Nearby,
    found: Found,
) -> Iterator[LeftOver]:
    """ "P1 in GFP and P2 in DAPI": channels of some places only."""
    kept = [c for c in channels if not c.no and clause_of(c.start).about is About.BASELINE]
    spots = [p for p in sorted(places) if clause_of(p[0]).about is About.BASELINE]
    for order in (1, -1):  # the place first, the channel first
        tied: list[tuple[Place, Channel]] = []
        groups: dict[Place, set[str]] = {}
        for place in spots:
            for n, channel in enumerate(kept):
                a, b = (place[1], channel.start) if order > 0 else (channel.end, place[0])
                if a <= b and _TIES.fullmatch(near.text[a:b]):
                    tied.append((place, channel))
                    groups.setdefault(place, set()).update(_group(kept, n, order, near.text))
        differ = len({frozenset(g) for g in groups.values()}) > 1 and len(groups) > 1
        if differ and len(tied) > 1:
            first, last = tied[0], tied[-1]
            edges = [*first[0], first[1].start, first[1].end, *last[0], last[1].start, last[1].end]
            if not any(min(edges) <= at <= max(edges) for at in found.corrections):
                yield "channels", min(edges), max(edges)
                return
        if len({p for p, _ in tied}) > 1 and len({c.preset for _, c in tied}) > 1:
            first, last = tied[0], tied[-1]
            edges = [*first[0], first[1].start, first[1].end, *last[0], last[1].start, last[1].end]
            if not any(min(edges) <= at <= max(edges) for at in found.corrections):
                yield "channels", min(edges), max(edges)
                return


_WITH = re.compile(r"\s*(?:,|and|und|et|e|y|&|\+|/|plus)\s*", re.I)


def _group(kept: Sequence[Channel], n: int, order: int, text: str) -> set[str]:
    """The channels listed with one, away from its place."""
    out = {kept[n].preset}
    i = n
    while 0 <= i + order < len(kept):
        one, two = sorted((kept[i], kept[i + order]), key=lambda c: c.start)
        if not _WITH.fullmatch(text[one.end : two.start]):
            break
        i += order
        out.add(kept[i].preset)
    return out
