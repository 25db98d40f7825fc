"""Places that are said by where they lie: "and the three wells next to it"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.unread_words import LeftOver, Place

_RELATIVE = re.compile(
    r"(?<!\w)(?:(?:the |and )?(?:(?:two|three|four|five|six|seven|eight|nine|ten|\d+|next|other"
    r"|one) )?(?:ones?|wells?|positions?|fields?)?\s?"
    r"(?:next to (?:it|them|that)|right of (?:it|them)|left of (?:it|them)|around (?:it|them))"
    r"|(?:the )?(?:two|three|four|five|six|\d+|next|ones?|wells?|positions?|fields?) (?:right "
    r"|just |directly )?"
    r"(?:after|before|above|below|beside|behind|following) (?:it|them|that)"
    r"|onwards?|neighbou?r(?:s|ing)?|adjacent|and (?:the )?last(?: one)?|and so on|etc\.?"
    r"|and the like"
    r"|(?:even|odd)(?:[- ]numbered)?(?: (?:ones|numbers|columns|rows|wells|positions|fields))?(?= "
    r"|,|;|$)"
    r"|(?:the )?(?:other|remaining|outer|inner|middle|central) (?:ones|two|three|four|five|six"
    r"|wells|positions|fields)|(?:and )?the (?:rest|others)"
    r"|daneben|danach folgend\w*|benachbart\w*|nachbar\w*|(?:die |und )?(?:übrigen|restlichen"
    r"|anderen)(?: (?:wells|positionen|felder|näpfchen))?"
    r"|usw\.?|(?:un)?gerade[nrs]?|voisin\w*|d'à côté|les autres(?: positions| puits| champs)?"
    r"|le reste|(?:im)?pairs?|(?:im)?paires?"
    r"|vicin[aeio]|accanto|adiacent\w*|le (?:altre|restanti|rimanenti)|(?:dis)?pari|vecin[ao]s?"
    r"|de al lado|contigu\w+|las (?:demás|otras|restantes)"
    r"|pares|impar(?:es)?)(?!\w)",
    re.I,
)


_OF_TIME = re.compile(
    r"\s*(?:of (?:a |the |my )?(?:total|time|night|day|run|hours?|\d)|time|h\b|hours?|min|frames?"
    r"|rounds?|channels?|kanäle|canaux|canali|canales)",
    re.I,
)


_BETWEEN = re.compile(
    r"(?<!\w)(?:between|zwischen|entre|tra|fra)\s+(?:positions? |position(?:en)? )?$", re.I
)


_BY_PLACE = 28  # characters from a place to words that say more places


def more_by_relation(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby, found: Found
) -> Iterator[LeftOver]:
    """ "A1 and the three wells next to it": places that are said by where they lie."""
    if "watch" in found.said or "search.best" in found.said:
        return  # "the others go on as before"
    slot = "wells" if "plate" in found.said else "positions"
    for a, b in places:
        if _BETWEEN.search(near.text[:a]) and re.search(r"\d.*\d", near.text[a:b]):
            yield slot, a, b  # "between P2 and P5": with these two, or without?
            return
    held = [*places, *found.where.values()] if slot == "positions" else list(places)
    for match in _RELATIVE.finditer(near.text):
        a, b = match.span()
        clause = clause_of(a)
        if clause.about is not About.BASELINE or _OF_TIME.match(near.text, b):
            continue
        if any(x < b and a < y for x, y in places) or near.denied(a, words=1):
            continue
        whole = found.where.get(slot)
        inside = whole is not None and whole[0] <= a and b <= whole[1]
        if whole and inside and not any(whole[0] <= x < whole[1] for x, _ in places):
            continue  # "positions with odd numbers", read as such
        beside = any(0 <= a - y <= _BY_PLACE or 0 <= x - b <= _BY_PLACE for x, y in held)
        if beside or slot == "wells":
            yield slot, a, b
            return
