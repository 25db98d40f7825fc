"""Which duration is what: interval, length, phase; of the time lapse or of the reaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.planner.clauses import About
from agent.planner.reading.quantity import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clauses import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity

LONGEST_S = 60.0  # a longer time is an exposure only right after that word
SHORT_S, LONG_S = 600.0, 3600.0  # a time that stands alone is an interval up to, a length from here
CLOSE = 1e-6
LIVELY_S = 180.0  # a longer time that stands alone in a reaction is an interval or a length: asked
RATIO = 2.5  # of two bare times the longer is the length where it is so many times the shorter


_FOR_SO_LONG = re.compile(r"(?<!\w)(?:for|over|für|über|pendant|per|durante)\s+$", re.I)
_AT = re.compile(r"(\bat|@|\bà)\s*$", re.I)  # "20 min at 10 s"


class Role(StrEnum):
    """What a time says."""

    INTERVAL = "interval"
    LENGTH = "length"
    END = "end"  # of a phase, at a time of day
    TOTAL = "total"  # the length of everything, phases together
    BARE = "bare"  # no word says it


@dataclass(frozen=True, slots=True)
class Timed:
    """A duration with its role, or an end (seconds from now).

    `then`: a word before it begins another phase. `several`: "10 or 12 h", which is none.
    `corrects`: "no wait" stands right before it. `first`: "the first 2 h".
    """

    value_s: float
    role: Role
    start: int
    end: int
    then: bool = False
    several: bool = False
    corrects: bool = False
    first: bool = False


@dataclass(slots=True)
class Phase:
    """Interval and length as far as said."""

    interval: Timed | None = None
    length: Timed | None = None


@dataclass(slots=True)
class Lapse:
    """A time lapse as said: phases, and the length of the whole where that is said apart."""

    phases: list[Phase] = field(default_factory=lambda: [Phase()])
    total: Timed | None = None
    unclear: list[Timed] = field(default_factory=list)


def is_exposure(q: Quantity, near: Nearby) -> bool:
    """Whether a duration is an exposure: in milliseconds, or next to that word or a channel."""
    if q.kind is not Kind.DURATION or q.every:
        return False
    a, b = q.span.start, q.span.end
    if q.unit in ("ms", "us") or a in near.exposures:
        return True
    if near.left(a, "every", words=1) is not None:
        return False
    if q.value > LONGEST_S and _FOR_SO_LONG.search(near.text[max(0, a - 10) : a]):
        return False  # "30 ms exposure for 10 min"
    if near.left(a, "exposure", words=1 if q.value > LONGEST_S else 2) is not None:
        return True
    after = near.right(b, "exposure", words=1)
    return after is not None and "," not in near.text[b : after.start] and q.value <= LONGEST_S


_CHOSEN = re.compile(r"(?<!\w)(?:go|going|opt|aim|settle|went) for\s+$", re.I)  # "go for 6 min"
_HOURS_IN = re.compile(r"\s+in(?=\s*(?:[,.;)]|$))", re.I)
_REMAINING = re.compile(
    r"(?:for|over|during) the (?:remaining|rest)|remaining|restlichen|restantes?|rimanenti|(?:the )?(?:next|following)"
    r"|nächsten|folgenden|prochaines|suivantes|prossim[ei]|successiv[ei]|siguientes|próximas",
    re.I,
)
_FRAMES_IN = re.compile(  # "72 frames in 6 h"
    r"(?:frames|images|pictures|time ?points|rounds|shots|bilder|aufnahmen|immagini|imágenes|fotos)\s+(?:in|within|innerhalb von|en)"
    r"\s+$",
    re.I,
)


def role(q: Quantity, near: Nearby) -> Role:
    """What the words next to a duration make of it."""
    a, b = q.span.start, q.span.end
    if q.kind is Kind.RATE or q.every:
        return Role.INTERVAL
    left = near.left(a, "every", "for", "first", "then", "after", words=1)
    right = near.right(b, "every", "long", words=0)
    if right is not None and right.concept == "every":
        return Role.INTERVAL
    if _AT.search(near.text[max(0, a - 6) : a]):
        return Role.INTERVAL
    if left is not None and left.concept in ("every", "first"):
        event = any(
            m.concept in ("target", "events") and left.start <= m.start and m.end <= a
            for m in near.marks
        )  # "each division 10 min", "to the first division: 10 s"
        both = near.left(a, "for", words=1)
        if left.concept == "every" and both is not None and both.end == left.end:
            left = both  # Spanish "por"
        elif left.concept == "every" and not event:
            return Role.INTERVAL
        elif event or ":" in near.text[left.end : a]:
            left = None
    until = near.left(a, "until", words=1)
    if until is not None and q.kind is Kind.DURATION and q.value >= SHORT_S:
        return Role.TOTAL  # "then every 5 min until 12 h"
    total = near.right(b, "total_light", words=0) or near.left(a, "total_light", words=1)
    if total is not None:
        return Role.TOTAL
    if _CHOSEN.search(near.text[max(0, a - 24) : a]):
        return Role.BARE
    if right is not None or (left is not None and left.concept != "then"):
        return Role.LENGTH
    if left is not None and _REMAINING.search(near.text[left.start : a]):
        return Role.LENGTH
    if _FRAMES_IN.search(near.text[max(0, a - 24) : a]):
        return Role.LENGTH
    if q.value >= SHORT_S and near.left(a, "at_most", words=1) is not None:
        return Role.LENGTH
    return Role.BARE


def timed(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby, abouts: frozenset[About]
) -> list[Timed]:
    """The durations of clauses that are about `abouts`, in order; exposures are left to others.

    Plain numbers after a correction take the unit of the duration before it: "every 5 min ...
    actually 8".
    """
    out: list[Timed] = []
    last: Quantity | None = None
    number: Quantity | None = None
    length: Quantity | None = None
    for q, clause in quantities:
        if clause.about not in abouts:
            continue
        a, b = q.span.start, q.span.end
        if q.kind is Kind.COUNT:
            number = q
        if q.kind is Kind.COUNT and last is not None and _unitless_time(q, last, near):
            like = last if length is None or _corrected(last, a, near) else length
            size = like.value / _number_of(like)
            its = Role.INTERVAL if q.every else Role.BARE
            out.append(Timed(q.value * size, its, a, b, _then(near, a), corrects=_sorry(near, a)))
            continue
        if q.kind not in (Kind.DURATION, Kind.RATE) or is_exposure(q, near):
            continue
        if near.right(b, "past", words=0) is not None or _HOURS_IN.match(near.text, b):
            continue  # "two hours after injection", "starts two hours in"
        its = role(q, near)
        if its is Role.BARE and number is not None:
            its = _role_of_number(q, number, near)
        if clause.about is About.STOP and its is Role.BARE:
            its = Role.LENGTH
        several = q.upper is not None and q.upper != q.value
        first = near.left(a, "first", words=1) is not None
        out.append(Timed(q.value, its, a, b, _then(near, a), several, _sorry(near, a), first))
        last, number = q, None
        length = q if its in (Role.LENGTH, Role.TOTAL) else length
    return [_before_interval(t, out[n + 1 :], near) for n, t in enumerate(out)]


_BACK_TO = re.compile(
    r"(?<!\w)(?:back (?:to|at|down to)|return(?:ing)? to|zurück (?:auf|zu|zum)|wieder (?:auf|zu)|retour(?:ne)? à|reviens à|revenir à"
    r"|de nouveau|torna(?:re)? a|di nuovo|vuelve a|volver a|de vuelta a)\s+(?:the |den |die |les |i |los )?(?:usual |normal )?$",
    re.I,
)


def long_exposures(quantities: Sequence[tuple[Quantity, Clause]], near: Nearby) -> list[Quantity]:
    """ "Exposing the whole 5 min": too long for an exposure, and no interval either."""
    out = []
    for q, _ in quantities:
        a = q.span.start
        mark = near.left(a, "exposure", words=3)
        if q.kind is not Kind.DURATION or q.every or q.value <= LONGEST_S or mark is None:
            continue
        if re.fullmatch(
            r"\s*(?:the |a |all |whole |entire |full |die |ganzen? |toute |tutti |todos? )*",
            near.text[mark.end : a],
        ):
            out.append(q)
    return out


def resumed(quantities: Sequence[tuple[Quantity, Clause]], near: Nearby) -> list[Quantity]:
    """ "Back to 4 min when it ends": intervals that were said before, and hold again."""
    out: list[Quantity] = []
    for n, (q, _) in enumerate(quantities):
        earlier = [p for p, _ in quantities[:n] if p.kind in (Kind.DURATION, Kind.RATE)]
        again = any(abs(p.value - q.value) < CLOSE for p in earlier)
        if q.kind in (Kind.DURATION, Kind.RATE) and again:
            start = q.span.start
            before = near.text[max(0, start - 28) : start]
            inside = re.match(r"(?:every|alle|toutes les|ogni|cada)\s", near.text[start:], re.I)
            if _BACK_TO.search(before) or (inside and _BACK_TO.search(before + " ")):
                out.append(q)
    return out


def _before_interval(time: Timed, later: Sequence[Timed], near: Nearby) -> Timed:
    """ "Two hours at a frame per minute": a bare time right before an interval is a length."""
    if time.role is not Role.BARE or not later or later[0].role is not Role.INTERVAL:
        return time
    gap = near.text[time.end : later[0].start]
    if later[0].value_s < time.value_s and re.fullmatch(
        r"\s*(at|@|à|mit|with|of|,)?\s*(a |one |1 )?", gap
    ):
        return replace(time, role=Role.LENGTH)
    return time


def _role_of_number(q: Quantity, number: Quantity, near: Nearby) -> Role:
    """ "For 40, sorry, 50 min": the role of the number that is corrected."""
    end = number.span.end
    between = [m for m in near.marks if m.concept == "correction" and end <= m.start < q.span.start]
    close = q.span.start - end < 24
    return role(number, near) if between and close else Role.BARE


def _sorry(near: Nearby, at: int) -> bool:
    mark = near.left(at, "correction", words=3)
    return mark is not None or _BUT.search(near.text[max(0, at - 12) : at]) is not None


_BUT = re.compile(r"\b(but|sondern|mais|sino|bensì)( rather| for| plutôt)?\s*$", re.I)


def _then(near: Nearby, at: int) -> bool:
    return near.left(at, "then", words=5) is not None


def _unitless_time(q: Quantity, last: Quantity, near: Nearby) -> bool:
    """A number that takes the unit of the time before it: after a correction, or "following 8"."""
    a, b = q.span.start, q.span.end
    if near.right(b, "rounds", "events", "planes", "best", words=1) is not None:
        return False
    marks = [m for m in near.marks if m.concept == "correction" and last.span.end <= m.start < a]
    if marks and len(near.text[marks[-1].end : a].split()) <= 2:
        return True
    then = near.left(a, "then", words=1)
    return then is not None and not near.text[then.end : a].strip()


def _corrected(last: Quantity, at: int, near: Nearby) -> bool:
    return any(m.concept == "correction" and last.span.end <= m.start < at for m in near.marks)


def _number_of(q: Quantity) -> float:
    """The number that was written: 5 of "5 min", 2 of "half past"-like words."""
    return q.value / SECONDS.get(q.unit, q.value)


SECONDS = {"ms": 1e-3, "us": 1e-6, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "wk": 604800.0}


def lapse(times: Sequence[Timed], found: Found, *, burst: bool = False) -> Lapse:
    """Put intervals and lengths together, phase by phase, later ones correcting earlier ones."""
    from agent.planner.phases import corrected, first_part, paired

    apart = first_part(times)
    if apart is not None:
        return apart
    said, times = times, corrected(times)
    found.used += [(t.start, t.end) for t in said]
    whole = Lapse()
    for time in times:
        if time.role is not Role.BARE:
            _take(whole, time, found)
    bare = [time for time in times if time.role is Role.BARE]
    if burst and whole.phases == [Phase()] and len(bare) == 1 and bare[0].value_s > LIVELY_S:
        whole.unclear.append(bare[0])  # "on mitosis film 10 min"
        return whole
    _bare(whole, bare, rounds="rounds" in found.said)
    if bare or whole.unclear:
        phased = paired(times)
        if phased is not None and (whole.unclear or len(whole.phases) > 1):
            return phased
    return whole


def _take(whole: Lapse, time: Timed, found: Found) -> None:
    if time.several:
        whole.unclear.append(time)
    elif time.role is Role.END:
        _end(whole, time)
    elif time.role is Role.TOTAL:
        whole.total = time
    elif time.role is Role.INTERVAL:
        _interval(whole, time, found)
    else:
        _length(whole, time, found)


def _end(whole: Lapse, time: Timed) -> None:
    """A time of day ends the phase under way, or the next one where this has its length."""
    phase = whole.phases[-1]
    if phase.length is not None and phase.interval is not None:
        phase = Phase()
        whole.phases.append(phase)
    lengths = [p.length for p in whole.phases if p is not phase]
    before_s = sum(length.value_s for length in lengths if length is not None)
    if None in lengths or phase.length is not None or time.value_s <= before_s:
        whole.unclear.append(time)
    else:
        phase.length = replace(time, role=Role.LENGTH, value_s=time.value_s - before_s)


def _interval(whole: Lapse, time: Timed, found: Found) -> None:
    phase = whole.phases[-1]
    known = phase.interval
    if known is None or found.corrected(known.end, time.start):
        phase.interval = time
    elif phase.length is not None or time.then:
        whole.phases.append(Phase(interval=time))
    elif known.value_s != time.value_s:
        whole.unclear.append(time)


def _length(whole: Lapse, time: Timed, found: Found) -> None:
    phase = whole.phases[-1]
    known = phase.length
    if known is None or found.corrected(known.end, time.start):
        phase.length = time
    elif time.value_s == known.value_s and not (time.then and phase.interval is not None):
        return
    elif phase.interval is not None and (
        time.then or len(whole.phases) > 1 or phase.interval.start > known.start
    ):
        whole.phases.append(Phase(length=time))
    else:
        whole.unclear.append(time)


def _bare(whole: Lapse, bare: Sequence[Timed], *, rounds: bool) -> None:
    """Durations without a word that says what they are: "GFP 5min 12h"."""
    phase = whole.phases[-1]
    waiting = list(bare)
    if len(waiting) == 2 and phase == Phase():
        short, long = sorted(waiting, key=lambda t: t.value_s)
        if short.several or long.several:
            whole.unclear += waiting
            return
        if long.value_s >= RATIO * short.value_s:
            phase.interval, phase.length = short, long
            return
    for time in waiting:
        interval, length = phase.interval, phase.length
        if time.then and (len(whole.phases) > 1 or (interval and length)):
            whole.unclear.append(time)
            continue
        if length is not None and time.value_s == length.value_s:
            continue  # "a whole day (24 h)"
        if interval is not None and length is None and time.value_s > interval.value_s:
            phase.length = time
        elif length is not None and interval is None and time.value_s < length.value_s:
            phase.interval = time
        elif interval is None and length is None and len(waiting) == 1 and not time.several:
            if time.value_s <= SHORT_S:
                phase.interval = time
            elif rounds:  # "one hour, 60 frames": of each, or of all?
                whole.unclear.append(time)
            elif time.value_s >= LONG_S:
                phase.length = time
            else:
                whole.unclear.append(time)
        else:
            whole.unclear.append(time)


def say(whole: Lapse, prefix: str, found: Found) -> None:
    """Give the slots below `prefix` their values; phases only belong to the time lapse."""
    phases = [p for p in whole.phases if p != Phase()]
    length, total = phases[0].length if phases else None, whole.total
    if len(phases) == 1 and length and total and length.first and total.value_s > length.value_s:
        rest = replace(total, role=Role.LENGTH, value_s=total.value_s - length.value_s)
        phases.append(Phase(length=rest))  # "12 h in total; first 2 h every minute": and then?
    both = _contradiction(phases, total)
    if both is not None and not prefix:
        phases = phases[:1]
    if len(phases) > 1 and not prefix:
        _say_phases(phases, whole.total, found)
    elif phases:
        first = phases[0]
        if first.interval is not None:
            t = first.interval
            found.say(f"{prefix}interval_s", t.value_s, t.start, t.end, "interval")
        length = first.length or whole.total
        if length is not None:
            found.say(f"{prefix}duration_s", length.value_s, length.start, length.end, "length")
        for later in phases[1:]:
            whole.unclear += [t for t in (later.interval, later.length) if t is not None]
        if both is not None and not prefix:
            found.say("interval_s", both.value_s, both.start, both.end, "interval")
    elif whole.total is not None:
        t = whole.total
        found.say(f"{prefix}duration_s", t.value_s, t.start, t.end, "length")


def _contradiction(phases: Sequence[Phase], total: Timed | None) -> Timed | None:
    """ "Every 5 min for 8 h. So an image every ten minutes": another interval, and no phase."""
    if len(phases) != 2 or total is not None:
        return None
    first, second = phases
    whole = first.interval is not None and first.length is not None
    other = second.interval
    return other if whole and second.length is None and other and not other.then else None


def _say_phases(phases: Sequence[Phase], total: Timed | None, found: Found) -> None:
    times = [t for p in phases for t in (p.interval, p.length) if t is not None]
    start, end = min(t.start for t in times), max(t.end for t in times)
    pairs = [
        (p.interval.value_s if p.interval else None, p.length.value_s if p.length else None)
        for p in phases
    ]
    if total is not None and pairs[-1][1] is None:
        before = sum(length or 0.0 for _, length in pairs[:-1])
        if all(length for _, length in pairs[:-1]) and total.value_s > before:
            pairs[-1] = (pairs[-1][0], total.value_s - before)
    found.open_phases = tuple(pairs)
    found.used += [(t.start, t.end) for t in times]
    rounds = found.said.get("rounds")
    if rounds is not None and any(
        i and n and any(abs(n / i + more - rounds.value) < CLOSE for more in (0, 1))
        for i, n in pairs
    ):
        del found.said["rounds"]  # "60 frames every 20 s, that's 20 min, then ..."
    if all(interval and length for interval, length in pairs):
        found.say("phases", tuple(pairs), start, end)
    else:
        found.phase_place = (start, end)
