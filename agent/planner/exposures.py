"""Exposures, and the channels that they belong to."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.channels import Channel, listed
from agent.planner.clause import About
from agent.planner.reading.quantity import Kind
from agent.planner.times import SECONDS, is_exposure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity

_RIGHT_AFTER = re.compile(r"\s*(?:,|:|@|at|with|for|mit|à|avec|con|a|\(|=)?\s*", re.I)


def seconds_after_channels(
    quantities: Sequence[tuple[Quantity, Clause]], channels: Sequence[Channel], text: str
) -> frozenset[int]:
    """ "GFP 2 s, every 5 min": seconds right after a channel, where an interval is said."""
    periods = {c.about for q, c in quantities if q.kind is Kind.RATE or q.every}
    return frozenset(
        q.span.start
        for q, clause in quantities
        if q.kind is Kind.DURATION
        and q.unit == "s"
        and not q.every
        and (clause.about in periods or q.value < 1)
        and any(
            c.end <= q.span.start and _RIGHT_AFTER.fullmatch(text[c.end : q.span.start])
            for c in channels
        )
    )


def read_exposures(
    quantities: Sequence[tuple[Quantity, Clause]],
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    near: Nearby,
    found: Found,
) -> None:
    """Give each exposure to its channel, or to those named before it without one."""
    quantities = _with_units(quantities, near)
    without_owner = []
    listed = _respectively(quantities, channels, near)
    last: tuple[str, int] | None = None
    for q, clause in quantities:
        if not is_exposure(q, near) or clause.about in (About.STORY, About.NOTIFY, About.BUDGET):
            continue
        a, b = q.span.start, q.span.end
        if q.upper is not None and q.upper != q.value:
            found.unclear.append((a, b))  # "50 to 100 ms"
            continue
        if clause.about is About.FOCUS:
            found.say("autofocus.exposure_ms", q.value * 1000, a, b)
            continue
        if last is not None and found.corrected(last[1], a) and a - last[1] < 24:
            found.say(last[0], q.value * 1000, a, b, "exposure")
            last = last[0], b
            continue
        owner = listed.get(a) or _owner(q, channels, near)
        if owner is None:
            without_owner.append((q, clause))
        else:
            slot = _slot(clause_at[owner.start].about)
            found.say(f"{slot}.{owner.preset}", q.value * 1000, a, b, "exposure")
            last = f"{slot}.{owner.preset}", b
    for q, clause in without_owner:
        _share(q, clause, channels, clause_at, found)


_JOINED = re.compile(r"\s*,\s*|\s+(and|und|et|e|y)\s+|\s*[&/]\s*", re.I)


def _with_units(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby
) -> list[tuple[Quantity, Clause]]:
    """ "50 and 100 ms": a plain number that is joined to an exposure has its unit."""
    out = list(quantities)
    for i in range(len(out) - 2, -1, -1):
        (q, clause), (later, _) = out[i], out[i + 1]
        size = SECONDS.get(later.unit)
        gap = near.text[q.span.end : later.span.start]
        binned = near.left(q.span.start, "binning", words=0) is not None
        listed = size and is_exposure(later, near) and _JOINED.fullmatch(gap)
        if q.kind is Kind.COUNT and listed and not binned:
            value = q.value * SECONDS[later.unit]
            out[i] = replace(q, kind=Kind.DURATION, unit=later.unit, value=value), clause
    return out


_AND = re.compile(r"\s*(,|and|&|/|\+|und|et|e|y|resp\.?|or)*\s*", re.I)


def _respectively(
    quantities: Sequence[tuple[Quantity, Clause]], channels: Sequence[Channel], near: Nearby
) -> dict[int, Channel]:
    """ "GFP and mCherry, 50 and 100 ms": as many exposures in a row as channels before them."""
    text = near.text
    exposures = [q for q, _ in quantities if is_exposure(q, near)]
    out: dict[int, Channel] = {}
    for first in exposures:
        row = [first]
        while True:
            later = [q for q in exposures if q.span.start >= row[-1].span.end]
            if not later or not _AND.fullmatch(text[row[-1].span.end : later[0].span.start]):
                break
            row.append(later[0])
        before = [c for c in channels if c.end <= first.span.start]
        names = before[-len(row) :]
        if len(row) < 2 or len(names) < len(row) or first.span.start in out:
            continue
        joined = all(_AND.fullmatch(text[a.end : b.start]) for a, b in pairwise(names))
        gap = text[names[-1].end : first.span.start]
        close = len(re.findall(r"\w+", gap)) <= 3 and not re.search(r"[.;]", gap)
        ordered = _IN_ORDER.match(text, row[-1].span.end) is not None
        if joined and (close or (ordered and len(before) == len(row))):
            out |= {q.span.start: c for q, c in zip(row, names, strict=True)}
    return out


_IN_ORDER = re.compile(
    r"\s*,?\s*(?:exposures? )?\(?(?:in (?:that|this|the same|the given) order|respectively|resp\."
    r"|in dieser reihenfolge|jeweils|dans cet ordre"
    r"|respectivement|in quest'ordine|rispettivamente|en (?:ese|este) orden|respectivamente)",
    re.I,
)


def _slot(about: About) -> str:
    return "reaction.exposure_ms" if about in (About.REACTION, About.TRIGGER) else "exposure_ms"


_FOR_BOTH = re.compile(r"\b(?:both|beide|les deux|entramb[ie]|ambos)\b[^.;]*$", re.I)


def _owner(q: Quantity, channels: Sequence[Channel], near: Nearby) -> Channel | None:
    a, b = q.span.start, q.span.end
    best: tuple[float, Channel] | None = None
    for channel in channels:
        if channel.end <= a:
            gap, penalty = near.text[channel.end : a], 0.0
            if any(channel.end <= s and e <= a for s, e in near.held if (s, e) != (a, b)):
                continue
        elif channel.start >= b:
            gap, penalty = near.text[b : channel.start], 0.2
            if any(b <= s and e <= channel.start for s, e in near.held):
                continue
        else:
            continue
        words = re.findall(r"[^\W_]+", gap)
        if len(words) > 4 or re.search(r"[.;!?\n]", gap):
            continue
        cost = len(words) + penalty + 3 * len(re.findall(r",|\b(?:and|und|et|e|y)\b", gap))
        if best is None or cost < best[0]:
            best = cost, channel
    if best is None or best[0] > 4:
        return None
    several = bool(
        near.left(best[1].start, "each", words=0)
        or near.right(b, "each", words=1)
        or _FOR_BOTH.search(near.text[max(0, a - 24) : a])
    )
    beside = [
        c
        for c in channels
        if c is not best[1] and c.end <= best[1].start and listed(near.text[c.end : best[1].start])
    ]
    return None if several or (beside and best[1].end <= a) else best[1]


def _share(
    q: Quantity,
    clause: Clause,
    channels: Sequence[Channel],
    clause_at: Mapping[int, Clause],
    found: Found,
) -> None:
    """An exposure of several channels, or of all that have none."""
    slot = _slot(clause.about)
    a, b = q.span.start, q.span.end
    same = [c for c in channels if _slot(clause_at[c.start].about) == slot and not c.no]
    near_by = [c for c in same if c.end <= a and clause_at[c.start].sentence == clause.sentence]
    takers = [c.preset for c in (near_by or same)]
    if clause.has("all_channels") and "channels" in found.said:
        takers = list(found.said["channels"].value)
    if not takers and slot == "reaction.exposure_ms":
        takers = list(found.said["channels"].value) if "channels" in found.said else []
    free = [preset for preset in dict.fromkeys(takers) if f"{slot}.{preset}" not in found.said]
    for preset in free:
        found.say(f"{slot}.{preset}", q.value * 1000, a, b, "exposure")
    if takers and not free:  # of what, where each has one?
        same = [found.said[f"{slot}.{preset}"].value == q.value * 1000 for preset in takers]
        (found.used if any(same) else found.unclear).append((a, b))
    if not takers:
        found.open_exposures.append((slot, q.value * 1000, a, b))
