"""Which duration is what: interval, length, end."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.quantity import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity

LONGEST_S = 60.0  # a longer time is an exposure only right after that word


CLOSE = 1e-6
SHORT_S = 600.0  # a time that stands alone is an interval up to here


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
    r"(?:for|over|during) the (?:remaining|rest)|remaining|restlichen|restantes?|rimanenti"
    r"|(?:the )?(?:next|following)"
    r"|nächsten|folgenden|prochaines|suivantes|prossim[ei]|successiv[ei]|siguientes|próximas",
    re.I,
)


_FRAMES_IN = re.compile(  # "72 frames in 6 h"
    r"(?:frames|images|pictures|time ?points|rounds|shots|bilder|aufnahmen|immagini|imágenes"
    r"|fotos)\s+(?:in|within|innerhalb von|en)"
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
    r"(?<!\w)(?:back (?:to|at|down to)|return(?:ing)? to|zurück (?:auf|zu|zum)|wieder (?:auf|zu)"
    r"|retour(?:ne)? à|reviens à|revenir à"
    r"|de nouveau|torna(?:re)? a|di nuovo|vuelve a|volver a|de vuelta a)\s+(?:the |den |die |les "
    r"|i |los )?(?:usual |normal )?$",
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
