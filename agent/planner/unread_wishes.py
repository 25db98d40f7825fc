"""Wishes whose value was not read, things that exclude each other, what is perhaps wanted."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.unread_words import SILENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.marks import Mark
    from agent.planner.nearby import Nearby
    from agent.planner.unread_words import LeftOver, Place

_OR = re.compile(r"\s*(?:,\s*)?(?:or|oder|bzw\.?|ou|o|oppure)\s+(?:at |in |bei |an |maybe )?", re.I)


_NEEDS = {  # concept -> slots of which one is filled where it was read; the first is asked about
    "binning": ("binning",),
    "objective": ("objective", "reaction.objective"),
    "overlap": ("grid.overlap_percent",),
    "grid": ("grid.rows",),
    "once_per_field": ("reaction.repeat",),
    "until_gone": ("reaction.until_gone",),
    "af_fail": ("autofocus.on_failure", "autofocus.when"),
    "hold_last": ("autofocus.on_failure",),
    "hold_position": ("autofocus.on_failure",),
    "synchronized": ("coupling",),
    "by_count": ("search.by",),
    "either_side": ("stack.range_um", "stack.above_um", "reaction.stack.range_um"),
    "notify": ("notify.on", "notify.to"),
    "stop_run": ("stop.after_events", "stop.confluence", "duration_s", "rounds", "phases", "once"),
    "confluence": ("stop.confluence", "search.by"),
    "target": ("target",),
}


_ONLY_IN = {  # signs that mean nothing elsewhere
    "notify": (About.NOTIFY,),
    "stop_run": (About.STOP,),
    "confluence": (About.STOP, About.TRIGGER),
}


_STUDY = re.compile(  # "to see whether they divide": why it is done, and no wish
    r"(?:\b(?:see|study|stud(?:y|ies|ying)|know|learn|whether|how|why|if they|about|assay|project"
    r"|paper|schauen"
    r"|sehen|wissen|ob|wie|untersuch\w+|voir|savoir|si|comment|étud\w+|vedere|sapere|se|come"
    r"|studi\w*|ver"
    r"|saber|cómo|estudi\w+)\b[^.;,:!?\n]{0,24})$",
    re.I,
)


_PROTOCOL = re.compile(  # "our mitosis protocol": a name
    r"[\s-]*(?:\w+ )?(?:protocol\w*|protokoll\w*|assay|recipe|settings?|experiment\w*"
    r"|esperiment\w*|study|project"
    r"|screen|sop|paper|plan|run|studie|projekt|projet|étude|progetto|studio|proyecto|estudio)\b",
    re.I,
)


def wishes(parts: Sequence[Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """Signs of a wish none of whose slots was filled: "use the lens", "film dividing cells"."""
    for clause in parts:
        if clause.about is About.STORY:
            continue
        for mark in clause.marks:
            slots = _NEEDS.get(mark.concept, ())
            if not slots or any(slot in found.said for slot in slots):
                continue
            if clause.about not in _ONLY_IN.get(mark.concept, (clause.about,)):
                continue
            if near.denied(mark.start, words=2) or near.declined(mark.end, words=2):
                continue
            if _settled(mark, near, found):
                continue
            yield slots[0], mark.start, mark.end


def _settled(mark: Mark, near: Nearby, found: Found) -> bool:
    """Whether the sign is asked about elsewhere, or says no more than why it is done."""
    if mark.concept == "target":
        story = _STUDY.search(near.text[max(0, mark.start - 48) : mark.start])
        named = _PROTOCOL.match(near.text, mark.end) is not None
        return mark.name in ("cell", "nucleus", "debris") or story is not None or named
    if mark.concept == "af_fail":
        told = found.said.get("notify.on")
        asked = any(m.concept == "autofocus" for m in near.marks)
        return told is not None and "trouble" in told.value and not asked
    if mark.concept == "notify":
        sent = re.match(r"\s*(?:from|von|de|da)\s+[A-Z]", near.text[mark.end :]) is not None
        return found.message is not None or sent
    return False


def either(
    channels: Sequence[Channel], places: Sequence[Place], near: Nearby
) -> Iterator[LeftOver]:
    """ "P1 or P2", "GFP or DAPI": nobody said which."""
    for one, two in pairwise(channels):
        joined = _OR.fullmatch(near.text[one.end : two.start])
        if joined and one.preset != two.preset and not (one.no or two.no):
            yield "channels", one.start, two.end
    for (a, b), (c, d) in pairwise(sorted(places)):
        if b <= c and _OR.fullmatch(near.text[b:c]) and not near.denied(a):
            yield "positions", a, d
    for a, b in places:
        if re.search(r"\w\s+(?:or|oder|ou|o)\s+\w", near.text[a:b]) and not near.denied(a):
            yield "positions", a, b


_OTHER_STACKS = re.compile(
    r"\b(?:otherwise|else|sonst|sinon|altrimenti|si no|for|in|bei|on)\b", re.I
)


def no_stack_with_planes(
    clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "No z stack. 21 planes, 1 um": with or without?"""
    if not any(slot.startswith("stack.") for slot in found.said) or found.corrections:
        return
    for mark in near.marks:
        if mark.concept != "stack" or clause_of(mark.start).about is not About.BASELINE:
            continue
        after = near.text[mark.end : mark.end + 16]
        if near.denied(mark.start, words=1) and not _OTHER_STACKS.search(after):
            yield "stack.range_um", mark.start, mark.end
            return


_MAYBE = re.compile(
    r"(?<!\w)(?:maybe|perhaps|possibly|optionally|vielleicht|eventuell|evtl\.?|womöglich"
    r"|gegebenenfalls|ggf\.?"
    r"|peut-être|éventuellement|forse|magari|eventualmente|quizás?|tal vez|a lo mejor)(?!\w)",
    re.I,
)


_SMALL = re.compile(
    r"\s*(?:(?:in|at|on|for|also|the|an|bei|für|auch|en|aussi|pour|à|le|la|anche|per|a|también|el"
    r"|por)\s+)*",
    re.I,
)


def maybe(
    places: Sequence[Place],
    channels: Sequence[Channel],
    clause_of: Callable[[int], Clause],
    near: Nearby,
) -> Iterator[LeftOver]:
    """ "Maybe DAPI": is it wanted?"""
    things = sorted([*places, *near.held, *((c.start, c.end) for c in channels)])
    for match in _MAYBE.finditer(near.text):
        if clause_of(match.start()).about in SILENT:
            continue
        for a, b in things:
            if a >= match.end() and _SMALL.fullmatch(near.text[match.end() : a]):
                yield "unclear", match.start(), b
                break


def conditions(parts: Sequence[Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "If there is room also DAPI": a condition of nothing that was read."""
    for clause in parts:
        if not clause.conditional or clause.about not in (About.BASELINE, About.BUDGET):
            continue
        inside = any(clause.start <= a < clause.end for a, _ in found.where.values())
        if not inside:
            yield "unclear", clause.start, clause.end


def once_and_more(found: Found) -> Iterator[LeftOver]:
    """ "Only once" beside "every 5 min for 6 h": of what?"""
    alone = not {"search.best", "interval_s", "duration_s"} & set(found.said)
    if alone and {"once", "rounds"} <= set(found.said):
        yield "unclear", *found.where["rounds"]
    if "search.best" in found.said or not {"once", "interval_s", "duration_s"} <= set(found.said):
        return
    a, b = found.where["once"]
    if _ONLY_ONCE.search(str(found.words(a, b))):
        yield "unclear", a, b


_ONLY_ONCE = re.compile(
    r"(?:only|just) once|once only|nur (?:ein ?mal|einmalig)|une seule fois|una sola (?:volta|vez)",
    re.I,
)
