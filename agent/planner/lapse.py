"""Intervals and lengths put together to a time lapse, or to a burst."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.planner.times import CLOSE, SHORT_S, Role, Timed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.found import Found


LONG_S = 3600.0  # and a length from here


LIVELY_S = 180.0  # a longer time that stands alone in a reaction is an interval or a length: asked


RATIO = 2.5  # of two bare times the longer is the length where it is so many times the shorter


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
