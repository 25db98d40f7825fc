"""What carries a meaning and found no slot: it becomes a question, and never vanishes.

One function for each way in which words can be lost: a number that stands alone, a wish for a part
of the time or of the places, one thing or another, a comparison, a wish whose value was not read.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.clauses import About
from agent.planner.reading.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from agent.planner.clauses import Clause
    from agent.planner.found import Found
    from agent.planner.marks import Mark
    from agent.planner.nearby import Nearby
    from agent.planner.optics import Channel
    from agent.planner.reading.quantity import Quantity

    Place = tuple[int, int]
    LeftOver = tuple[str, int, int]  # slot of the question, place of the words

_SILENT = (About.STORY, About.NOTIFY)
_AND = r"(?:and|und|et|e|ed|y|plus|sowie|&|\+)"
_LINKED = re.compile(rf"(?:[,;(]|(?<!\w){_AND}|\b(?:uh|uhm|um|eh|äh|ähm|euh|ehm))\s*$", re.I)
_ENDS = re.compile(
    rf"\s*(?:$|[,;/\n]|\.(?!\d)|{_AND}\s|(?:in|at|with|im|mit|bei|en|avec|nel|nella|con)\s)", re.I
)
_OR = re.compile(r"\s*(?:,\s*)?(?:or|oder|bzw\.?|ou|o|oppure)\s+(?:at |in |bei |an |maybe )?", re.I)
_DURATION = (Kind.DURATION, Kind.RATE)


def unread(
    pairs: Sequence[tuple[Quantity, Clause]],
    channels: Sequence[Channel],
    places: Sequence[Place],
    parts: Sequence[Clause],
    near: Nearby,
    found: Found,
) -> list[LeftOver]:
    """Questions for what was lost: their slots, and the places of the words."""
    used = [*found.where.values(), *found.used, *found.unclear, *found.bare_clocks]

    def clause_of(at: int) -> Clause:
        return next((c for c in reversed(parts) if c.start <= at), parts[0])

    out = [("unclear", a, b) for a, b in _numbers(pairs, used, near, found.corrections)]
    out += [("positions", a, b) for a, b in _more_places(pairs, used, places, near)]
    out += _either(channels, [p for p in places if clause_of(p[0]).about is About.BASELINE], near)
    out += [one for one in _phrases(clause_of, near) if _free(one[1], one[2], used)]
    out += _channels_apart(channels, clause_of, near)
    out += _counts_of_events(clause_of, near)
    out += _places_of_events(places, clause_of, near)
    out += _named_again(places, clause_of, near, found)
    out += _unnamed(places, near)
    out += _conditions(parts, near, found)
    out += _phases_of_what(near, found)
    out += _once_and_more(found)
    out += _wishes(parts, near, found)
    out += _maybe(places, channels, clause_of, near)
    out += _then_there(places, clause_of, near)
    out += _only_there(places, clause_of, near, found)
    out += _no_stack_with_planes(clause_of, near, found)
    out += _late(pairs, near)
    out += _paired(channels, places, clause_of, near, found)
    return list(dict.fromkeys(out))


def _free(a: int, b: int, taken: Iterable[Place]) -> bool:
    return not any(x < b and a < y for x, y in taken)


# ------------------------------------------------------------------ wishes without a value


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
    r"(?:\b(?:see|study|stud(?:y|ies|ying)|know|learn|whether|how|why|if they|about|assay|project|paper|schauen"
    r"|sehen|wissen|ob|wie|untersuch\w+|voir|savoir|si|comment|étud\w+|vedere|sapere|se|come|studi\w*|ver"
    r"|saber|cómo|estudi\w+)\b[^.;,:!?\n]{0,24})$",
    re.I,
)


def _wishes(parts: Sequence[Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
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
        return mark.name in ("cell", "nucleus", "debris") or story is not None
    if mark.concept == "notify":
        return found.message is not None
    return False


# ------------------------------------------------------------------ numbers


def _numbers(
    pairs: Sequence[tuple[Quantity, Clause]],
    used: Sequence[Place],
    near: Nearby,
    corrections: Sequence[int],
) -> Iterator[Place]:
    """Numbers that no slot was found for, and that stand alone, or are counts of a reaction."""
    text = near.text
    for q, clause in pairs:
        a, b = q.span.start, q.span.end
        if clause.about in _SILENT or not _free(a, b, used):
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
            later = (p.span.start for p, _ in pairs if p.kind in _DURATION)
            taken_back = any(b <= at <= b + 24 for at in (*corrections, *later))
            if not taken_back and clause.about is not About.FOCUS:
                yield a, b
        elif q.kind is Kind.COUNT and not q.every and q.value >= 2:
            said_again = re.search(r"\b(?:yes|ja|oui|s[iì]|sí|genau)[,:]?\s*$", text[:a], re.I)
            alone = _LINKED.search(text[:a]) and _ENDS.match(text, b) and not said_again
            if alone or (clause.about in _COUNTING and _COUNTED.match(text, b)):
                yield a, b


_AND_ALSO = re.compile(rf"\s*{_AND}\s*", re.I)


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
        if joined and q.kind is Kind.COUNT and not q.every and _free(a, b, used):
            yield a, b


_OF_LIGHT = re.compile(
    r"[^.;,\n]{0,24}(?:exposure|light|power|intensity|brightness|belichtung|licht|intensität|leistung"
    r"|lumière|puissance|intensité|luce|potenza|intensità|luz|potencia|intensidad)",
    re.I,
)
_COUNTING = (About.TRIGGER, About.REACTION)
_COUNTED = re.compile(
    r"\s*(?:times?|x\b|cells?|events?|divisions?|mitoses|movies?|bursts?|mal\b|zellen|ereignisse"
    r"|teilungen|mitosen|fois|cellules|événements|divisions|volte|cellule|eventi|divisioni|mitosi|veces"
    r"|células|eventos|divisiones|mitosis)",
    re.I,
)


# ------------------------------------------------------------------ one thing or another


def _either(
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


# ------------------------------------------------------------------ contradictions


_ONLY_PLACE = re.compile(
    r"(?<!\w)(?:only|just|nur|seulement|uniquement|solo|soltanto|sólo|solamente)\s+"
    r"(?:(?:at|on|use|an|auf|in|sur|à|su|en|image|take) )?(?:the |die |la |las |le )?(?:(?:position|field|posizion|posición|feld)\w* )?$",
    re.I,
)


def _only_there(
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


_OTHER_STACKS = re.compile(
    r"\b(?:otherwise|else|sonst|sinon|altrimenti|si no|for|in|bei|on)\b", re.I
)


def _no_stack_with_planes(
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
    r"(?<!\w)(?:maybe|perhaps|possibly|optionally|vielleicht|eventuell|evtl\.?|womöglich|gegebenenfalls|ggf\.?"
    r"|peut-être|éventuellement|forse|magari|eventualmente|quizás?|tal vez|a lo mejor)(?!\w)",
    re.I,
)


_SMALL = re.compile(
    r"\s*(?:(?:in|at|on|for|also|the|an|bei|für|auch|en|aussi|pour|à|le|la|anche|per|a|también|el|por)\s+)*",
    re.I,
)


def _maybe(
    places: Sequence[Place],
    channels: Sequence[Channel],
    clause_of: Callable[[int], Clause],
    near: Nearby,
) -> Iterator[LeftOver]:
    """ "Maybe DAPI": is it wanted?"""
    things = sorted([*places, *near.held, *((c.start, c.end) for c in channels)])
    for match in _MAYBE.finditer(near.text):
        if clause_of(match.start()).about in _SILENT:
            continue
        for a, b in things:
            if a >= match.end() and _SMALL.fullmatch(near.text[match.end() : a]):
                yield "unclear", match.start(), b
                break


def _then_there(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "P1 every 2 min for 1 h, then P2": one place after the other."""
    here = [p for p in sorted(places) if clause_of(p[0]).about is About.BASELINE]
    for mark in near.marks:
        if mark.concept != "then":
            continue
        before = [p for p in here if p[1] <= mark.start]
        after = [p for p in here if 0 <= p[0] - mark.end <= _BESIDE]
        if not (before and after) or "." in near.text[mark.end : after[0][0]]:
            continue
        if near.text[slice(*before[-1])].lower() != near.text[slice(*after[0])].lower():
            yield "positions", mark.start, after[0][1]
            return


# ------------------------------------------------------------------ a part of the time


_PARTLY = re.compile(
    r"(?<!\w)(?:"
    r"(?:only|just|nur|seulement|solo|sólo|soltanto) (?:in|on|at|for|during|with|bei|beim|im|in|während"
    r"|au|à|dans|lors|al|all|alla|nel|nella|en|durante) (?:the |der |dem |den |die |la |le |el |il |l')?"
    r"(?:very )?(?:first|last|final|erste[nrm]?|letzte[nrm]?|premi[eè]re?|derni[eè]re?|prim[oa]|ultim[oa]"
    r"|primer[ao]?|últim[ao]) (?:round|time ?point|frame|image|visit|cycle|runde|bild|zeitpunkt|durchgang"
    r"|tour|image|passage|point|giro|immagine|turno|ronda|imagen|punto)"
    r"|on (?:weekdays|weekends|working days)|(?:only|just|but) (?:at night|by day|during the day|by night)"
    r"|(?:nur|aber) (?:nachts|tagsüber|werktags)|from (?:hour|day|round|time ?point|frame) \w+ (?:on|onwards?)"
    r"|ab (?:der |dem )?(?:\w+ )?(?:stunde|runde|tag)(?: \w+)?"
    r"|(?:make |take )?(?:a )?(?:pause|break) (?:between|from|of|for|at|after|zwischen|von|nach|entre|de|tra)"
    r"|repeat (?:this|it|that|everything|the whole \w+)(?! every \S+ (?:s|sec|min|h|hour|second|minute)\w*\b)(?! every (?:hour|minute)\b)|wiederhole (?:das|dies|alles)|répète[zr]? (?:ça|cela|tout)"
    r"|ripeti tutto|repite (?:esto|todo)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days? (?:to|through|until|-|and) (?:mon|tues|wednes|thurs|fri|satur|sun)days?"
    r"|(?:montag|dienstag|mittwoch|donnerstag|freitag)s? bis \w+tag|(?:du )?lundi au \w+di"
    r"|pause (?:it |the (?:run|imaging) )?(?:between|from|for|at|after)"
    r"|(?:pausier\w+|unterbrich|unterbrechen|interromp\w+|interrump\w+|fai una pausa|haz una pausa"
    r"|fais une pause|mach(?:e|t)? (?:eine )?pause)"
    r")(?!\w)",
    re.I,
)
_COMPARED = re.compile(
    r"(?<!\w)(?:"
    r"(?:brighter|dimmer|darker|stronger|weaker) (?:than|images?|light|exposure)|(?<!no )(?<!not )longer (?:if|than|exposure)"
    r"|more light|(?:higher|shorter|longer|reduced|increased|lower) (?:exposure|light|intensity)\w*"
    r"|heller als|länger als|mehr licht|plus de lumière|più luce|más luz|(?:längere?|kürzere?|höhere?) belichtung\w*"
    r"|"
    r"(?:half|twice|double|triple|three times|four times) (?:as |the |that |so )(?!time|day|hour|minute)"
    r"|half of (?:the|that|them|those|my)|(?:halb|doppelt) so \w+|die (?:hälfte|doppelte)"
    r"|(?:deux|trois) fois (?:plus|moins)|la moitié (?:de|du|des)|(?:il|al) doppio|la metà (?:di|de[il]|dell)"
    r"|la mitad (?:de|del)|el doble|(?:dos|tres) veces (?:más|menos)|(?:due|tre) volte (?:più|meno)"
    r"|every other|every second (?=position|field|well|point|site)|jede[nr]? zweite[nr]? (?=position|feld|stelle)"
    r"|une (?:position|image) sur (?:deux|trois)|una posizione (?:sì e una no|su (?:due|tre))"
    r"|una de cada (?:dos|tres)|uno sí y otro no|as (?:long|often|many|much|fast) as (?!possible|you|it|the)"
    r")",
    re.I,
)
_UNLESS = re.compile(
    r"(?<!\w)(?:unless|es sei denn|außer wenn|ausser wenn|à moins|sauf si|a meno che|salvo se|a menos que"
    r"|salvo (?:que|si)|excepto (?:si|cuando)|except (?:if|when))(?!\w)",
    re.I,
)


def _phrases(clause_of: Callable[[int], Clause], near: Nearby) -> Iterator[LeftOver]:
    """Wishes for some rounds or hours only, comparisons, exceptions: no slot holds them."""
    for pattern in (_PARTLY, _COMPARED, _UNLESS):
        for match in pattern.finditer(near.text):
            a, b = match.span()
            clause = clause_of(a)
            if clause.about in _SILENT or clause.about is About.FOCUS:
                continue
            if pattern is _COMPARED and (clause.has("nth") or not _free(a, b + 1, near.held)):
                continue
            if pattern is _COMPARED and clause.about in _COUNTING:
                continue  # how often is asked there anyway
            if clause.has("notify"):
                continue
            yield "unclear", a, b


_LATER = re.compile(
    r"(?<!\w)(?:(?:in|during|for|over|in den|während der|pendant|durant|dans|nelle|durante|en) )?"
    r"(?:the |les |le |las |los )?(?:last|final|letzten?|dernières?|derniers?|ultim[eoi]|últim[ao]s)\s+$",
    re.I,
)
_AFTER = re.compile(
    r"(?<!\w)(?:after|nach|après|au bout de|dopo|después de|tras|al cabo de)"
    r"(?: the first| the| den ersten| les| le)?\s+$",
    re.I,
)


def _late(pairs: Sequence[tuple[Quantity, Clause]], near: Nearby) -> Iterator[LeftOver]:
    """ "After 3 h add DAPI", "in the last two hours": a time within the run."""
    for n, (q, clause) in enumerate(pairs):
        clock = q.kind is Kind.CLOCK and near.text[: q.span.end].rstrip().endswith("h")
        if not (q.kind is Kind.DURATION or clock) or q.every:
            continue
        if clause.about is not About.BASELINE:
            continue
        a, b = q.span.start, q.span.end
        before = near.text[max(0, a - 40) : a]
        if _LATER.search(before) and not clause.has("past"):
            yield "unclear", a, b
        elif _AFTER.search(before) and near.right(b, "past", words=3) is None:
            times = [p for p, c in pairs[n + 1 :] if p.kind in _DURATION and c is clause]
            if not times and not clause.has("stop_run"):
                yield "unclear", a, b


_EDGE = re.compile(
    r"(?<!\w)(?:before and after|vorher und nachher|avant et après|prima e dopo|antes y después"
    r"|at the (?:very )?(?:end|beginning|start)|in the (?:end|beginning)|(?:am|zum) (?:schluss|ende"
    r"|anfang|beginn)|à la (?:toute )?fin|au début|alla fine|all'inizio|al (?:final|principio|inicio)"
    r"|(?:start|begin|beginne|starte) (?:with|mit)|(?:commence[zr]?|débute[zr]?) par|(?:inizia|comincia) con"
    r"|(?:empieza|comienza) con|in between|zwischendurch|dazwischen|entre[- ]temps|now and then|ab und zu"
    r"|de temps en temps|ogni tanto|de vez en cuando|occasionally|gelegentlich|from time to time)(?!\w)",
    re.I,
)


def _channels_apart(
    channels: Sequence[Channel], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "DAPI at the end", "DAPI every 6th round": a channel that is not always taken."""
    kept = [c for c in channels if not c.no and clause_of(c.start).about is About.BASELINE]
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
            if b - a <= _BESIDE and "," not in near.text[a:b]:
                yield "channels", min(channel.start, edge.start()), max(channel.end, edge.end())
                return


_BESIDE = 12  # characters between a channel and a word of time that is about it


# ------------------------------------------------------------------ a part of the events


_SEVERAL = re.compile(
    r"(?<!\w)(?:[2-9]|\d\d+|two|three|four|five|six|ten|several|many|zwei|drei|vier|fünf|mehrere|viele"
    r"|deux|trois|quatre|cinq|plusieurs|due|tre|quattro|cinque|diverse|dos|tres|cuatro|cinco|varias)"
    r" (?:or more |oder mehr |ou plus |o más |o più )?(?:of the |of |the )?(?:cells?|nuclei|divisions|mitoses|events"
    r"|zellen|kerne|teilungen|mitosen|cellules|noyaux|divisions|cellule|nuclei|divisioni|mitosi|células"
    r"|núcleos|divisiones|mitosis)(?!\w)",
    re.I,
)


def _counts_of_events(clause_of: Callable[[int], Clause], near: Nearby) -> Iterator[LeftOver]:
    """ "When two cells divide at once": one is enough for a reaction."""
    for match in _SEVERAL.finditer(near.text):
        clause = clause_of(match.start())
        if clause.about is About.TRIGGER and clause.conditional:
            yield "target", *match.span()


def _places_of_events(
    places: Sequence[Place], clause_of: Callable[[int], Clause], near: Nearby
) -> Iterator[LeftOver]:
    """ "When a cell divides at P2": a reaction in some of the places only."""
    about = [(p, clause_of(p[0])) for p in sorted(places)]
    base = [near.text[a:b] for (a, b), c in about if c.about in (About.BASELINE, About.SEARCH)]
    for (a, b), clause in about:
        if clause.about not in _COUNTING or near.text[a:b] in base or not base:
            continue
        acts = clause.about is About.REACTION or (
            clause.conditional and clause.quantities > clause.places
        )
        everywhere = acts and _EVERYWHERE.match(near.text, a)
        if re.search(r"\d", near.text[a:b]) or everywhere:
            yield "positions", a, b
            return


_EVERYWHERE = re.compile(r"(?:all|every|alle[nr]?|toutes|tous|tutt|tod[ao]s)", re.I)


def _named_again(
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
        if not own:
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


_UNNAMED = re.compile(
    rf"\s*(?:,\s*)?{_AND}\s+(?:the |a |an |one |its |my |another |two |some )?(?:\w+ )?"
    r"(?:neighbou?r\w*|adjacent|next|nearby|more|other|further|another)\s+(?:\w+ )?(?:positions?|fields?|spots?|sites?|one)\b",
    re.I,
)


def _unnamed(places: Sequence[Place], near: Nearby) -> Iterator[LeftOver]:
    """ "P1 and the neighbouring position": which is that?"""
    for _, end in places:
        match = _UNNAMED.match(near.text, end)
        if match is not None:
            yield "positions", end, match.end()


def _conditions(parts: Sequence[Clause], near: Nearby, found: Found) -> Iterator[LeftOver]:
    """ "If there is room also DAPI": a condition of nothing that was read."""
    for clause in parts:
        if not clause.conditional or clause.about not in (About.BASELINE, About.BUDGET):
            continue
        inside = any(clause.start <= a < clause.end for a, _ in found.where.values())
        if not inside:
            yield "unclear", clause.start, clause.end


_PHASED = ("then", "first", "after", "until", "overnight", "otherwise", "correction")
_PHASE = re.compile(
    r"phas[ei]|fase|back to back|sequen|block|stage|slow|fast|langsam|schnell|lent|rapid|\b[ab1-4][).:]|;\s*next",
    re.I,
)


def _phases_of_what(near: Nearby, found: Found) -> Iterator[LeftOver]:
    """Two intervals and two lengths without a word that says one comes after the other."""
    place = found.where.get("phases")
    if place is None or any(m.concept in _PHASED for m in near.marks):
        return
    if not _PHASE.search(near.text):
        yield "unclear", *place


def _once_and_more(found: Found) -> Iterator[LeftOver]:
    """ "Only once" beside "every 5 min for 6 h": of what?"""
    if "search.best" in found.said or not {"once", "interval_s", "duration_s"} <= set(found.said):
        return
    a, b = found.where["once"]
    if _ONLY_ONCE.search(str(found.words(a, b))):
        yield "unclear", a, b


_ONLY_ONCE = re.compile(
    r"(?:only|just) once|once only|nur (?:ein ?mal|einmalig)|une seule fois|una sola (?:volta|vez)",
    re.I,
)


# ------------------------------------------------------------------ a part of the places


_TIES = re.compile(
    r"\s*[,:=(]?\s*(?:is|are|gets?|only|in|with|at|on|for|using|im|mit|bei|an|auf|für|en|sur|avec|à|au"
    r"|pour|in|su|con|per|a|de)?\s*(?:the|die|der|den|le|la|il|el|channel|kanal|canal)?\s*\(?",
    re.I,
)


def _paired(
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
        for place in spots:
            for channel in kept:
                a, b = (place[1], channel.start) if order > 0 else (channel.end, place[0])
                if a <= b and _TIES.fullmatch(near.text[a:b]):
                    tied.append((place, channel))
        if len({p for p, _ in tied}) > 1 and len({c.preset for _, c in tied}) > 1:
            first, last = tied[0], tied[-1]
            edges = [*first[0], first[1].start, first[1].end, *last[0], last[1].start, last[1].end]
            if not any(min(edges) <= at <= max(edges) for at in found.corrections):
                yield "channels", min(edges), max(edges)
                return
