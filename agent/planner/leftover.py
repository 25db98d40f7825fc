"""What is left over when everything has been read: it is asked about, never left out in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.nearby import Nearby

_EXCEPT = re.compile(
    r"(?<!\w)(?:all but|except(?:ing)?|excluding|apart from|other than|save for|leave out"
    r"|leaving out"
    r"|leave those|skip(?:ping)?|omit(?:ting)?|außer|ausser|ausgenommen|abgesehen von|auslassen"
    r"|weglassen"
    r"|without (?:the )?(?:\w+ ){0,2}(?:ones|positions|fields|wells|columns|rows)"
    r"|ohne (?:die|den) (?:\w+ )?(?:positionen|felder|wells|spalten|reihen)"
    r"|sans les (?:\w+ )?(?:positions|puits)"
    r"|senza (?:le|i) (?:\w+ )?(?:posizioni|pozzetti)|sin l[ao]s (?:\w+ )?(?:posiciones|pocillos)"
    r"|sauf|excepté|hormis|tranne|eccetto|salvo|esclus[aoei]|excepto|excluyendo|every other"
    r"|every second"
    r"|every third)(?!\w)(?! (?:of (?:the|my) )?(?:marked |saved |stored )?(?:position|field|site"
    r"|point)s?\b)",
    re.I,
)
_VERB = re.compile(r"leave|leaving|skip|omit|aus|weg", re.I)
_OTHER_USES = (
    "skip",
    "nth",
    "per_event",
    "notify",
    "hold_position",
    "done",
    "trouble",
    "otherwise",
)
_WORD = r"[^\W\d_]{3,}"
_JOIN = r"\s*(?:,|and|&|\+|/|plus|und|et|e|y)\s*"


def exceptions(
    parts: Sequence[Clause], near: Nearby, places: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """ "Except", "skip" and the like that belong to no place, channel or wish that was read."""
    out = []
    for match in _EXCEPT.finditer(near.text):
        a, b = match.span()
        clause = next((c for c in reversed(parts) if c.start <= a), None)
        if clause is None or clause.about in (About.STORY, About.NOTIFY, About.FOCUS):
            continue
        if any(x < b and a < y for x, y in places) or clause.has(*_OTHER_USES):
            continue
        if any(x - 24 <= b and a <= y for x, y in places):
            continue
        verb = _VERB.match(near.text, a) is not None
        if verb and any(y <= a <= y + 24 for _, y in places):
            continue  # "P3 is empty, leave it out"
        out.append((a, b))
    return out


def strangers(
    near: Nearby, channels: Sequence[Channel], known: Collection[str]
) -> list[tuple[int, int]]:
    """Unknown words in a list of channels ("DAPPY and GFP"), or before a colour ("lejano rojo")."""
    out = []
    for channel in channels:
        before = near.text[max(0, channel.start - 24) : channel.start]
        match = re.search(rf"(?<![\w-])({_WORD}){_JOIN}$", before)
        if match is None or match[1].lower() in known:
            continue
        start = channel.start - len(before) + match.start(1)
        named = any(c.start <= start < c.end for c in channels)
        if match[1].isupper() and not named and not any(x <= start < y for x, y in near.held):
            out.append((start, channel.end))
    for match in _EXPOSED.finditer(near.text):  # "Rhod 40 ms" in a list of channels
        a, b = match.span(1)
        if match[1].lower() in known or any(c.start < b and a < c.end for c in channels):
            continue
        if channels and not any(x <= a < y for x, y in near.held):
            out.append((a, match.end()))
    return out


_EXPOSED = re.compile(rf"(?:^|[,;+(:]\s*)({_WORD})\s*[@(:]?\s*\d+(?:[.,]\d+)?\s?ms(?!\w)")
