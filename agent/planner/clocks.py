"""Clock times: when to begin, and until when."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.quantity import Kind
from agent.planner.stories import booked
from agent.planner.times import Role, Timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity


def read_clocks(
    quantities: Sequence[tuple[Quantity, Clause]],
    near: Nearby,
    found: Found,
    now: dt.datetime,
) -> list[Timed]:
    """ "From 10 pm until 8 am": a start, and where phases of the time lapse end.

    An end before the start is the next day's. Without a start, ends count from `now`.
    """
    begin = now
    ends: list[tuple[dt.datetime, Quantity]] = []
    for q, clause in quantities:
        a, b = q.span.start, q.span.end
        if clause.about in (About.STORY, About.NOTIFY):
            continue
        if (
            q.kind is Kind.DURATION
            and not q.every
            and clause.about not in (About.REACTION, About.TRIGGER)
            and (_later(near, a, b) or _FROM_NOW.match(near.text, b))
        ):
            begin = now + dt.timedelta(seconds=q.value)
            found.say("start_at", begin.isoformat(timespec="minutes"), a, b)
            found.taken.add(a)
        if q.kind is not Kind.CLOCK:
            continue
        if booked(near.text[clause.start : clause.end]):
            found.bare_clocks.append((a, b))
            continue
        if q.when is None or not math.isfinite(q.value):
            found.unclear.append((a, b))
            continue
        mark = near.left(a, "until", "from", "every", words=2)
        until = mark is not None and mark.concept == "until"
        until = until or _UNTIL_I.search(near.text[max(0, a - 48) : a]) is not None
        until = until or near.right(b, "stop_run", words=0) is not None
        between = _RANGE.search(near.text[max(0, a - 6) : a]) and (
            found.said.get("start_at") or _NOW_TO.search(near.text[:a])
        )
        if until or between or (mark is None and clause.about is About.STOP):
            ends.append((q.when, q))
        elif "start_at" not in found.said and (
            (mark is not None and mark.concept == "from")
            or _starts(near, a, b)
            or _another_follows(q, quantities, near)
        ):
            begin = q.when
            found.say("start_at", begin.isoformat(timespec="minutes"), a, b)
        else:
            found.bare_clocks.append((a, b))
    out = []
    for said, q in ends:
        when = said
        while when <= begin:
            when += dt.timedelta(days=1)
        seconds = (when - begin).total_seconds()
        out.append(Timed(seconds, Role.END, q.span.start, q.span.end))
    return out


_UNTIL_I = re.compile(  # "until I'm in at 8"
    r"(?<!\w)(?:until|till|bis|jusqu'à ce que|finché|hasta que)\s+(?:i|we|ich|wir|je|nous|on|you"
    r"|du)(?:'\w+)?\b[^.,;]{0,28}?"
    r"(?:at|um|gegen|à|alle|a las)\s*$",
    re.I,
)
_RANGE = re.compile(r"(-|to|–|bis|à|alle|a|hasta)\s*(the |las |le )?$", re.I)
_NOW_TO = re.compile(
    r"\b(?:now|jetzt|sofort|maintenant|adesso|ora|ahora)(?: on)?\s*(?:to|-|–|bis|jusqu'à|à|fino a"
    r"|a|hasta)\s*\w*\s*$",
    re.I,
)
_START = (
    r"start|begin|wait|beginn|fang|commenc|démarr|inizi|cominci|partir|empiez|empez|comienz|comenz"
    r"|espera|warte|attend|aspett"
)
_LATER = re.compile(
    rf"(\b(?:{_START})\w*\s+(?:in|for|dans|tra|fra|en|dentro de)?"
    rf"|\bin)\s*(about\s*)?$",
    re.I,
)


_FROM_NOW = re.compile(r"\s*from now\b(?! on)|\s*ab jetzt (?:starten|beginnen|anfangen)", re.I)


_IN = re.compile(r"\b(?:in|dans|tra|fra|en|dentro de)\s+$", re.I)
_BEGINS = re.compile(
    r"\s*(?:anfangen|starten|beginnen|loslegen|losgehen|start(?:en)? lassen|(?:to )?(?:start|begin)"
    r"|commencer|démarrer"
    r"|iniziare|partire|cominciare|empezar|comenzar)(?!\w)",
    re.I,
)


def _later(near: Nearby, a: int, b: int) -> bool:
    """ "Start in 2 hours"."""
    before = near.text[max(0, a - 24) : a]
    if _IN.search(before) and _BEGINS.match(near.text, b):
        return True  # "in zwei Stunden anfangen"
    return bool(_LATER.search(before)) and bool(re.search(_START, before, re.I))


def _another_follows(
    q: Quantity, quantities: Sequence[tuple[Quantity, Clause]], near: Nearby
) -> bool:
    """ "8 pm to 8 am"."""
    later = [o for o, _ in quantities if o.kind is Kind.CLOCK and o.span.start >= q.span.end]
    return bool(later) and bool(
        re.fullmatch(
            r"\s*(-|to|–|until|till|bis|à|alle|a|hasta)\s*(the |las )?",
            near.text[q.span.end : later[0].span.start],
            re.I,
        )
    )


def _starts(near: Nearby, a: int, b: int) -> bool:
    return near.left(a, "from", words=4) is not None or near.right(b, "from", words=2) is not None
