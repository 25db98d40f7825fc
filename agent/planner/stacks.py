"""z stacks: range, step, planes; of the time lapse or of the reaction."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.quantity import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity

LONGEST_UM = 1000.0  # a longer length without a word that says so is no stack: "35 mm dish"
WIDE_UM = 5.0  # a step that wide is said to be one
_BOTH = re.compile(r"(±|\+\s*/?\s*-)\s*$|^\W*(±|\+\s*/?\s*-)")


def read_stacks(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby, found: Found
) -> set[int]:
    """Lengths and numbers of planes; returns the places of the quantities it took."""
    taken: set[int] = set()
    for prefix, abouts in (
        ("stack.", (About.BASELINE, About.SEARCH)),
        ("reaction.stack.", (About.REACTION, About.TRIGGER)),
    ):
        here = [q for q, clause in quantities if clause.about in abouts]
        ends = _from_to(here, prefix, near, found)
        taken |= ends
        here = [q for q in here if q.span.start not in ends]
        here.sort(key=lambda q: (q.kind is not Kind.COUNT, not _planes(q, near)))  # planes first
        bare: list[Quantity] = []
        for q in here:
            if q.kind is Kind.LENGTH:
                if not _length(q, prefix, near, found) and q.value <= LONGEST_UM:
                    bare.append(q)
                taken.add(q.span.start)
            elif q.kind is Kind.COUNT and _unitless_step(q, prefix, near, found):
                _say(found, f"{prefix}step_um", float(q.value), q)
                taken.add(q.span.start)
            elif q.kind is Kind.COUNT and _planes(q, near):
                _say(found, f"{prefix}planes", int(q.value), q)
                taken.add(q.span.start)
        _both_sides(prefix, found)
        _bare(bare, prefix, found)
    return taken


def _both_sides(prefix: str, found: Found) -> None:
    """ "3 um up and 3 um down" is a range of 6 um."""
    above, below = (found.said.get(f"{prefix}{side}_um") for side in ("above", "below"))
    width = f"{prefix}range_um"
    if above is None or below is None or above.value != below.value or width in found.said:
        return
    places = [found.where[f"{prefix}{side}_um"] for side in ("above", "below")]
    del found.said[f"{prefix}above_um"], found.said[f"{prefix}below_um"]
    found.say(width, above.value + below.value, min(places)[0], max(places)[1], "range_um")


_FROM_TO = re.compile(  # "from -5 to 5 um", "[-6 um, +6 um]"
    r"[-−]\s?(\d+(?:[.,]\d+)?)\s*(?:um|µm|μm|microns?)?\s*(?:to|through|bis|à|a|hasta|fino a|\.\.+"
    r"|,|and|-)\s*"
    r"\+?\s*(\d+(?:[.,]\d+)?)\s*(?:um|µm|μm|microns?)",
    re.I,
)


def _from_to(here: Sequence[Quantity], prefix: str, near: Nearby, found: Found) -> set[int]:
    """A stack by its two ends round the focus: its width, or its parts where these differ."""
    taken: set[int] = set()
    for match in _FROM_TO.finditer(near.text):
        a, b = match.span()
        inside = {q.span.start for q in here if a <= q.span.start < b}
        if not inside:
            continue
        below, above = (float(part.replace(",", ".")) for part in match.groups())
        if below == above or prefix != "stack.":
            found.say(f"{prefix}range_um", below + above, a, b, "range_um")
        else:
            found.say(f"{prefix}above_um", above, a, b, "above_um")
            found.say(f"{prefix}below_um", below, a, b, "below_um")
        taken |= inside
    return taken


_APART = re.compile(
    r"\s*(?:apart|spacing|spaced|steps?|step size|abstand|d'écart|distanti|separados)\b", re.I
)
_STEP = re.compile(
    r"\b(?:spacing|spaced(?: by)?|step(?: size)?|dz|delta ?z|apart by|abstand)\s*[:=]?\s*$", re.I
)


def _unitless_step(q: Quantity, prefix: str, near: Nearby, found: Found) -> bool:
    """ "7 z planes 1.5 apart": micrometres, where the number of planes was said."""
    if f"{prefix}planes" not in found.said or f"{prefix}step_um" in found.said or q.every:
        return False
    a, b = q.span.start, q.span.end
    behind = _APART.match(near.text, b)
    return behind is not None or _STEP.search(near.text[max(0, a - 20) : a]) is not None


def _planes(q: Quantity, near: Nearby) -> bool:
    return (
        q.kind is Kind.COUNT
        and float(q.value).is_integer()
        and q.value > 1
        and not q.every
        and (
            near.right(q.span.end, "planes", words=1) is not None
            or re.search(r"(?<!\w)N_?z\s*=\s*$", near.text[: q.span.start], re.I) is not None
        )
    )


def _length(q: Quantity, prefix: str, near: Nearby, found: Found) -> bool:
    """Give a length its slot by the words next to it."""
    a, b = q.span.start, q.span.end
    if q.upper is not None:
        _say(found, f"{prefix}range_um", abs(q.upper - q.value), q)
        return True
    if (
        _BOTH.match(q.text)
        or _BOTH.search(near.text[max(0, a - 4) : a])
        or near.left(a, "either_side", words=0)
        or near.right(b, "either_side", words=1)
    ):
        _say(found, f"{prefix}range_um", 2 * q.value, q)
        return True
    for side in ("above", "below"):
        mark = near.left(a, side, words=0)
        spans = near.left(a, "range", words=0)  # "über 20 um" is a width
        if mark is not None and (spans is None or spans.start != mark.start) and prefix == "stack.":
            _say(found, f"{prefix}{side}_um", q.value, q)
            return True
    for side in ("above", "below"):
        mark = near.right(b, side, words=0)
        if mark is not None and prefix == "stack." and "," not in near.text[b : mark.start]:
            _say(found, f"{prefix}{side}_um", q.value, q)
            return True
    after_planes = near.left(a, "planes", words=1)
    if (
        after_planes is not None
        and f"{prefix}planes" in found.said
        and (
            _BETWEEN_PLANES.fullmatch(near.text[after_planes.end : a])
            or (near.right(b, "range", words=1) is None and near.left(a, "range", words=0) is None)
        )
    ):
        listed = near.text[after_planes.end : a].strip() == ","
        if listed and q.value >= WIDE_UM and near.right(b, "step", words=1) is None:
            return False  # "11 planes, 10 um": of each, or of all?
        _say(found, f"{prefix}step_um", q.value, q)
        return True
    step = near.right(b, "step", words=1) or near.left(a, "step", words=1)
    wide = near.right(b, "range", words=1) or near.left(a, "range", words=1)
    if q.every or (step is not None and (wide is None or _closer(step, wide, a, b))):
        _say(found, f"{prefix}step_um", q.value, q)
        return True
    if wide is not None:
        _say(found, f"{prefix}range_um", q.value, q)
        return True
    if near.right(b, "stack", words=1) or near.left(a, "stack", words=2):
        slot = f"{prefix}range_um"
        if slot not in found.said:
            _say(found, slot, q.value, q)
            return True
    return False


_BETWEEN_PLANES = re.compile(
    r"\s*(?:at|@|à|a|zu je|je|mit je|de|di|of)\s*", re.I
)  # "15 piani a 0,8 um"


def _closer(one: object, other: object, a: int, b: int) -> bool:
    def gap(mark: object) -> int:
        start, end = mark.start, mark.end  # type: ignore[attr-defined]
        return int(start - b) if start >= b else int(a - end)

    return gap(one) <= gap(other)


def _bare(bare: list[Quantity], prefix: str, found: Found) -> None:
    """Lengths without a word: the larger one is the range, the smaller one the step."""
    width, step = f"{prefix}range_um", f"{prefix}step_um"
    if len(bare) == 2 and width not in found.said and step not in found.said:
        small, large = sorted(bare, key=lambda q: q.value)
        _say(found, width, large.value, large)
        _say(found, step, small.value, small)
        return
    sides = any(f"{prefix}{side}_um" in found.said for side in ("above", "below"))
    for q in bare:
        if (sides and step not in found.said) or (
            width in found.said and step not in found.said and q.value < found.said[width].value
        ):
            _say(found, step, q.value, q)
        elif step in found.said and width not in found.said and q.value > found.said[step].value:
            _say(found, width, q.value, q)
        else:
            found.unclear.append((q.span.start, q.span.end))


def _say(found: Found, slot: str, value: float, q: Quantity) -> None:
    found.say(slot, value, q.span.start, q.span.end, slot.rpartition(".")[2])


_STACK_WORDS = r"(?:z[- ]?stack|z[- ]?stapel|stack|stapel|planes|slices|ebenen|pile|pila|\bz\b)"
_FLAT = r"(?:middle|central|single|one|centre|center|focal) (?:plane|slice|z)"
_ONLY = r"(?:only|just|nur|lediglich|seulement|uniquement|solo|sólo|soltanto|alone)"


def read_stack_channels(channels: Sequence[Channel], near: Nearby, found: Found) -> None:
    """ "A stack only in GFP", "GFP as a stack, DAPI in a single plane"."""
    text = near.text
    only, flat = [], []
    for n, channel in enumerate(channels):
        before = text[channels[n - 1].end if n else 0 : channel.start][-40:].lower()
        after = text[channel.end : channels[n + 1].start if n + 1 < len(channels) else None][
            :40
        ].lower()
        before, after = re.split(r"[.;\n]", before)[-1], re.split(r"[.;\n]", after)[0]
        flat_only = re.match(rf"\s*(channel\s+)?{_ONLY}?\s*(the |in the |in )?{_FLAT}", after)
        if flat_only is None and (
            re.search(
                rf"{_STACK_WORDS}.*\b{_ONLY}\b[^,]*$|\b{_ONLY}\b[^,]*{_STACK_WORDS}[^,]*$", before
            )
            or (re.match(rf"\s+(channel\s+)?{_ONLY}\b", after) and re.search(_STACK_WORDS, before))
            or (
                re.search(rf"\b{_ONLY}( for| in)?( the)?\s*$", before)
                and "stack." in "".join(found.said)
                and re.search(r"step|plane|um|µm|range", text[: channel.start][-60:].lower())
            )
        ):
            only.append(channel)
        for mark in near.marks:
            if mark.concept == "single_plane" and (
                0 <= mark.start - channel.end <= 14 or 0 <= channel.start - mark.end <= 10
            ):
                between = text[min(channel.end, mark.end) : max(channel.start, mark.start)]
                a, b = min(channel.end, mark.end), max(channel.start, mark.start)
                other = any(a <= c.start < b for c in channels if c is not channel)
                listed = other or (channel.start >= mark.end and "," in between)
                if not listed and not re.search(r"[.;\n]|\band\b|\bund\b", between):
                    flat.append(channel)
                    break
    if not any(slot.startswith("stack.") for slot in found.said):
        return
    if flat and not only:
        flats = _with_listed(flat, channels, text)
        only = [c for c in channels if c.preset not in flats]
    if only and {c.preset for c in channels} != {c.preset for c in only}:
        names = tuple(dict.fromkeys(c.preset for c in only))
        found.say("stack.channels", names, only[0].start, only[-1].end)


def _with_listed(flat: Sequence[Channel], channels: Sequence[Channel], text: str) -> set[str]:
    """ "DAPI and GFP flat": those listed with a flat one are flat as well."""
    names = {c.preset for c in flat}
    for one, two in pairwise(channels):
        if (
            text[one.end : two.start].strip() in ("and", "&", "+", "und", "et", "e", "y")
            and two in flat
        ):
            names.add(one.preset)
    return names
