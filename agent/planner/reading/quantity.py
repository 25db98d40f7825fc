"""Quantities in an instruction: durations, rates, lengths, shares, counts, clock times."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from agent.planner.reading.clock import clock_at
from agent.planner.reading.dates import resolve
from agent.planner.reading.fold import fold
from agent.planner.reading.grammar import grammar
from agent.planner.reading.kinds import Kind, Quantity, Span
from agent.planner.reading.measures import measure_at
from agent.planner.reading.numbered import numbered
from agent.planner.reading.periods import interval_after, period_at, rate_at
from agent.planner.reading.plates import plate
from agent.planner.reading.special import special_at
from agent.planner.reading.tables import language_of
from agent.planner.reading.wells import wells

if TYPE_CHECKING:
    from datetime import datetime

    from agent.planner.reading.clock_words import Clock
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar
    from agent.planner.reading.measure import Measure

__all__ = ["Kind", "Quantity", "Span", "quantities"]

_STARTS = re.compile(r"[^\W\d_]+|[0-9½¼¾⅓⅔⅛]|\.(?=[0-9])")
_LABEL = re.compile(  # the number after these is a name
    r"(?<!\w)(?:alexa(?: ?fluor)?|atto|dylight|hoechst|cf|af|janelia(?: fluor)?|jf|passage|room"
    r"|raum|salle|passaggio|#|mito ?tracker|cell ?mask|sir|strain|clone|catalog(?:ue)?)\s?-?\s*$"
)
_PRONOUN = re.compile(r"(?<!\w)(?:the|this|that|each|every|any|no|which|another|first|last)\s+$")
_NOUN = re.compile(r"\s(?!that|which|with|when|where|then|after|more|every|each)[^\W\d_]{4,}")
_FOLLOWED = re.compile(r"(?:followed|spaced|separated|spread|increased|reduced) (?:by )?$")
_LIST = re.compile(r"[0-9]+(?:,[0-9]+)+")


def quantities(
    text: str, now: datetime | None = None, language: str | None = None
) -> tuple[Quantity, ...]:
    """The quantities of a text, in order, not overlapping; of two readings the longest.

    `now` (local time) makes dates of clock times. `language` (en, de, fr, it, es) says whose words
    the number words are; without it the words of the text tell.
    """
    f = fold(text)
    language = language or language_of(f.low)
    g = grammar(language)
    names = _names(text, language)
    out: list[Quantity] = []
    cursor = 0
    for match in _STARTS.finditer(f.low):
        at = match.start()
        if at < cursor or any(span.start <= f.at[at] < span.end for span in names):
            continue
        vague = g.vague.match(f.low, at)
        if vague and not _inside(f, at):
            cursor = _past_vague(f, vague.end(), g)
            continue
        found = _longest(f, at, g)
        clock = None if _FOLLOWED.search(f.low, max(0, at - 16), at) else clock_at(f, at, g)
        if clock and (found is None or clock.end >= found.end):
            read = _clock(f, at, clock, now, out)
            cursor = clock.end
            out += [read] if read else []
            continue
        if found is None:
            skip = _LIST.match(f.low, at)
            cursor = skip.end() if skip else cursor
            continue
        cursor = found.end
        if _label(f, at, found) or _no_count(f, at, found, g):
            continue
        out.append(_quantity(f, at, found, g))
    return tuple(out)


def _names(text: str, language: str) -> list[Span]:
    """Places whose numbers are names: of wells, of marked positions, of a kind of plate."""
    plates, its_wells = plate(text, language), wells(text, language)
    spans = [plates.span] if plates else []
    spans += its_wells.spans if its_wells else ()
    for mention in numbered(text, language):
        if mention.numbers or mention.names or mention.excluded:
            spans.append(mention.span)
    return spans


def _clock(
    f: Folded, at: int, clock: Clock, now: datetime | None, before: list[Quantity]
) -> Quantity | None:
    when = other = None
    if now:
        read = resolve(clock, now)
        if read is None:
            return None
        when, other = read
        near = [q for q in before[-1:] if _joined(f.text[q.span.end : f.at[at]])]
        last = near[0].when if near else None
        while clock.day is None and last and when < last:  # from 10 pm until 8 am
            when += timedelta(days=1)
            other = other and other + timedelta(days=1)
    return Quantity(
        f.span(at, clock.end),
        Kind.CLOCK,
        (when - now).total_seconds() if when and now else math.nan,
        "clock",
        f.said(at, clock.end),
        ambiguous=clock.ambiguous,
        other=(other - now).total_seconds() if other and now else None,
        when=when,
    )


def _joined(between: str) -> bool:
    """Whether the words between two clock times are those of "from 10 pm until 8 am"."""
    return len(between) <= 24 and not re.search(r"[.;,!?]", between)


def _inside(f: Folded, at: int) -> bool:
    return bool(at) and f.low[at - 1].isalnum()


def _past_vague(f: Folded, at: int, g: Grammar) -> int:
    """A few hundred, ein paar Minuten: nothing of it is a value."""
    found = measure_at(f, at, g)
    return found.end if found else at


def _longest(f: Folded, at: int, g: Grammar) -> Measure | None:
    best: Measure | None = None
    for read in (period_at, rate_at, special_at, measure_at):
        if read is period_at and _inside(f, at):
            continue
        found = read(f, at, g)
        if found and (best is None or found.end > best.end):
            best = found
    return best and interval_after(f, best, g)


def _label(f: Folded, at: int, found: Measure) -> bool:
    return found.kind in (Kind.COUNT, Kind.RATE) and bool(
        _LABEL.search(f.low[max(0, at - 24) : at])
    )


def _no_count(f: Folded, at: int, found: Measure, g: Grammar) -> bool:
    """Articles and pronouns that are number words too."""
    if found.kind is not Kind.COUNT or found.every:
        return False
    word = f.low[at : found.end]
    if word not in g.no_counts:
        return False
    if word != "one" or _PRONOUN.search(f.low[max(0, at - 9) : at]):
        return True
    return not _NOUN.match(f.low, found.end)


def _quantity(f: Folded, at: int, found: Measure, g: Grammar) -> Quantity:
    end = found.end
    if found.value < 0 and f.low[at - 1 : at] == "-":
        at -= 1
    about = found.approximate or bool(g.about_before.search(f.low[max(0, at - 24) : at]))
    behind = g.about_after.match(f.low, end)
    if behind and found.kind is not Kind.PAIR:
        about = True
    return Quantity(
        f.span(at, end),
        found.kind,
        found.value,
        found.unit,
        f.said(at, end),
        about,
        found.every or found.kind is Kind.RATE,
        found.upper,
        found.ambiguous,
        found.other,
    )
