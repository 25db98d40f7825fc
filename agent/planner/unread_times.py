"""Wishes for a part of the time, and comparisons: no slot holds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.kinds import Kind
from agent.planner.unread_words import BESIDE, COUNTING, DURATION, SILENT, free

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity
    from agent.planner.unread_words import LeftOver

_PARTLY = re.compile(
    r"(?<!\w)(?:"
    r"(?:only|just|nur|seulement|solo|sólo|soltanto) (?:in|on|at|for|during|with|bei|beim|im|in"
    r"|während"
    r"|au|à|dans|lors|al|all|alla|nel|nella|en|durante) (?:the |der |dem |den |die |la |le |el "
    r"|il |l')?"
    r"(?:very )?(?:first|last|final|erste[nrm]?|letzte[nrm]?|premi[eè]re?|derni[eè]re?|prim[oa]"
    r"|ultim[oa]"
    r"|primer[ao]?|últim[ao]) (?:round|time ?point|frame|image|visit|cycle|runde|bild|zeitpunkt"
    r"|durchgang"
    r"|tour|image|passage|point|giro|immagine|turno|ronda|imagen|punto)"
    r"|on (?:weekdays|weekends|working days)|(?:only|just|but) (?:at night|by day|during the day"
    r"|by night)"
    r"|(?:außer|ausser|nicht|nie) (?:nachts|tagsüber|am wochenende|werktags)|(?:except|not"
    r"|never) (?:at night|by day"
    r"|during the (?:day|night)|on weekends)|sauf la nuit|(?:tranne|eccetto) di notte|(?:excepto"
    r"|salvo) de noche"
    r"|(?:nur|aber) (?:nachts|tagsüber|werktags)|from (?:hour|day|round|time ?point"
    r"|frame) \w+ (?:on|onwards?)"
    r"|ab (?:der |dem )?(?:\w+ )?(?:stunde|runde|tag)(?: \w+)?"
    r"|(?:make |take )?(?:a )?(?:pause|break) (?:between|from|of|for|at|after|zwischen|von|nach"
    r"|entre|de|tra)"
    r"|repeat (?:this|it|that|everything|the whole \w+)(?! every \S+ (?:s|sec|min|h|hour|second"
    r"|minute)\w*\b)(?! every (?:hour|minute)\b)|wiederhole (?:das|dies|alles)|répète[zr]? (?:ça"
    r"|cela|tout)"
    r"|ripeti tutto|repite (?:esto|todo)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days? (?:to|through|until|-|and) (?:mon|tues|wednes"
    r"|thurs|fri|satur|sun)days?"
    r"|(?:montag|dienstag|mittwoch|donnerstag|freitag)s? bis \w+tag|(?:du )?lundi au \w+di"
    r"|alternat\w+|abwechselnd|en alternance|alternand\w+|intercal\w+"
    r"|(?:for |noch |encore |per |durante )?(?:another|noch ?mals?|weitere|encore|altr[ei]"
    r"|otr[ao]s) \S+ ?\S* (?:tomorrow|morgen|demain|domani|mañana)"
    r"|pause (?:it |the (?:run|imaging) )?(?:between|from|for|at|after)"
    r"|(?:pausier\w+|unterbrich|unterbrechen|interromp\w+|interrump\w+|fai una pausa|haz una pausa"
    r"|fais une pause|mach(?:e|t)? (?:eine )?pause)"
    r")(?!\w)",
    re.I,
)


_COMPARED = re.compile(
    r"(?<!\w)(?:"
    r"(?:brighter|dimmer|darker|stronger|weaker) (?:than|images?|light|exposure)"
    r"|(?<!no )(?<!not )longer (?:if|than|exposure)"
    r"|more light|(?:higher|shorter|longer|reduced|increased|lower) (?:exposure|light|intensity)\w*"
    r"|heller als|länger als|mehr licht|plus de lumière|più luce|más luz|(?:längere?|kürzere?"
    r"|höhere?) belichtung\w*"
    r"|"
    r"(?:half|twice|double|triple|three times|four times) (?:as |the |that |so )(?!time|day|hour"
    r"|minute)"
    r"|(?:halbe[rnm]?|doppelte[rnm]?|metà|doppia|mitad|doble|moitié|double|half|twice) (?:der "
    r"|dell'|de |d')?"
    r"(?:belichtung|esposizione|exposición|exposition|exposure|licht|luce|luz|lumière|light)\w*"
    r"|half of (?:the|that|them|those|my)|(?:halb|doppelt) so \w+|die (?:hälfte|doppelte)"
    r"|(?:deux|trois) fois (?:plus|moins)|la moitié (?:de|du|des)|(?:il|al) doppio|la metà (?:di"
    r"|de[il]|dell)"
    r"|la mitad (?:de|del)|el doble|(?:dos|tres) veces (?:más|menos)|(?:due|tre) volte (?:più|meno)"
    r"|every other|every second (?=position|field|well|point|site)"
    r"|jede[nr]? zweite[nr]? (?=position|feld|stelle)"
    r"|une (?:position|image) sur (?:deux|trois)|una posizione (?:sì e una no|su (?:due|tre))"
    r"|una de cada (?:dos|tres)|uno sí y otro no|as (?:long|often|many|much|fast) as (?!possible"
    r"|you|it|the)"
    r")",
    re.I,
)


_UNLESS = re.compile(
    r"(?<!\w)(?:unless|es sei denn|außer wenn|ausser wenn|à moins|sauf si|a meno che|salvo se"
    r"|a menos que"
    r"|salvo (?:que|si)|excepto (?:si|cuando)|except (?:if|when))(?!\w)",
    re.I,
)


def phrases(clause_of: Callable[[int], Clause], near: Nearby) -> Iterator[LeftOver]:
    """Wishes for some rounds or hours only, comparisons, exceptions: no slot holds them."""
    for pattern in (_PARTLY, _COMPARED, _UNLESS):
        for match in pattern.finditer(near.text):
            a, b = match.span()
            clause = clause_of(a)
            if clause.about in SILENT or clause.about is About.FOCUS:
                continue
            if pattern is _COMPARED and (clause.has("nth") or not free(a, b + 1, near.held)):
                continue
            if pattern is _COMPARED and clause.about in COUNTING:
                continue  # how often is asked there anyway
            if clause.has("notify"):
                continue
            yield "unclear", a, b


_LATER = re.compile(
    r"(?<!\w)(?:(?:in|during|for|over|in den|während der|pendant|durant|dans|nelle|durante|en) )?"
    r"(?:the |les |le |las |los )?(?:last|final|letzten?|dernières?|derniers?|ultim[eoi]"
    r"|últim[ao]s)\s+$",
    re.I,
)


_EARLIER = re.compile(
    r"\s*(?:earlier|sooner|before (?:that|then)|früher|vorher|eher|plus tôt|avant(?! )|prima(?! )"
    r"|antes(?! de))(?!\w)",
    re.I,
)
_AFTER = re.compile(
    r"(?<!\w)(?<!latest )(?<!spätestens )(?<!tard )(?<!tardi )(?<!tardar )(?<!stop )"
    r"(?<!give up )(?:after"
    r"|nach|après|au bout de|dopo|después de|tras|al cabo de)"
    r"(?: the first| the| den ersten| les| le)?\s+$",
    re.I,
)


def late(pairs: Sequence[tuple[Quantity, Clause]], near: Nearby) -> Iterator[LeftOver]:
    """ "After 3 h add DAPI", "in the last two hours": a time within the run."""
    for n, (q, clause) in enumerate(pairs):
        clock = q.kind is Kind.CLOCK and near.text[: q.span.end].rstrip().endswith("h")
        if not (q.kind is Kind.DURATION or clock) or q.every:
            continue
        if _EARLIER.match(near.text, q.span.end) and clause.has("stop_run"):
            yield "unclear", q.span.start, q.span.end
            continue
        if clause.about is not About.BASELINE:
            continue
        a, b = q.span.start, q.span.end
        before = near.text[max(0, a - 40) : a]
        if _LATER.search(before) and not clause.has("past"):
            yield "unclear", a, b
        elif _AFTER.search(before) and near.right(b, "past", words=3) is None:
            times = [p for p, c in pairs[n + 1 :] if p.kind in DURATION and c is clause]
            if not times and not clause.has("stop_run"):
                yield "unclear", a, b


_EDGE = re.compile(
    r"(?<!\w)(?:before and after|vorher und nachher|avant et après|prima e dopo|antes y después"
    r"|at the (?:very )?(?:end|beginning|start)|in the (?:end|beginning)|(?:am|zum) (?:schluss|ende"
    r"|anfang|beginn)|à la (?:toute )?fin|au début|alla fine|all'inizio|al (?:final|principio"
    r"|inicio)"
    r"|(?:start|begin|beginne|starte) (?:with|mit)|(?:commence[zr]?|débute[zr]?) par|(?:inizia"
    r"|comincia) con"
    r"|(?:empieza|comienza) con|in between|zwischendurch|dazwischen|entre[- ]temps|now and then"
    r"|ab und zu"
    r"|de temps en temps|ogni tanto|de vez en cuando|occasionally|gelegentlich"
    r"|from time to time)(?!\w)",
    re.I,
)


_LAPSE = (About.BASELINE, About.STOP)


def channels_apart(
    channels: Sequence[Channel], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "DAPI at the end", "DAPI every 6th round": a channel that is not always taken."""
    kept = [c for c in channels if not c.no and clause_of(c.start).about in _LAPSE]
    if len({c.preset for c in kept}) < 2:
        return
    for channel in kept:
        clause = clause_of(channel.start)
        nth = next((m for m in clause.marks if m.concept == "nth"), None)
        if nth is not None and not clause.has("autofocus"):
            yield "channels", min(channel.start, nth.start), max(channel.end, nth.end)
            return
        if clause.has("notify", "autofocus"):
            continue
        for edge in _EDGE.finditer(near.text, clause.start, clause.end):
            a, b = min(channel.end, edge.end()), max(channel.start, edge.start())
            if b - a <= BESIDE and "," not in near.text[a:b]:
                yield "channels", min(channel.start, edge.start()), max(channel.end, edge.end())
                return


_PHASED = ("then", "first", "after", "until", "overnight", "otherwise", "correction")


_PHASE = re.compile(
    r"phas[ei]|fase|back to back|sequen|block|stage|slow|fast|langsam|schnell|lent|rapid"
    r"|\b[ab1-4][).:]|;\s*next|->|=>|→|@[^@]*@",
    re.I,
)


def phases_of_what(near: Nearby, found: Found) -> Iterator[LeftOver]:
    """Two intervals and two lengths without a word that says one comes after the other."""
    place = found.where.get("phases")
    if place is None or any(m.concept in _PHASED for m in near.marks):
        return
    if not _PHASE.search(near.text):
        yield "unclear", *place
