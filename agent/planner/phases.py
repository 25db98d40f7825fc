"""Intervals and lengths in the order said, put together to phases.

People say "30 s spacing for 15 min, then 2 min for 1 h": one interval and one length of each phase,
side by side. Where words leave the role of some open, the pairs say it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.times import Lapse, Phase, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.times import Timed

RATIO = 1.5  # a phase is at least so many intervals long


def corrected(times: Sequence[Timed]) -> list[Timed]:
    """The times that are left when each correction has taken the place of what it corrects.

    A correction with a role takes the place of the last time with that role; one without takes
    the place, and the role, of the time right before it. What is said twice counts once.
    """
    kept: list[Timed] = []
    for time in times:
        if time.corrects and kept:
            same = [i for i, t in enumerate(kept) if t.role is time.role]
            if time.role is Role.BARE:
                kept[-1] = replace(time, role=kept[-1].role, then=kept[-1].then)
                continue
            if same:
                kept[same[-1]] = replace(time, then=kept[same[-1]].then)
                continue
            if kept[-1].role is Role.BARE and kept[-1].value_s and time.role is not Role.END:
                kept[-1] = time
                continue
        if kept and _again(kept[-1], time):
            if kept[-1].role is Role.BARE:
                kept[-1] = replace(kept[-1], role=time.role)
            continue
        kept.append(time)
    return kept


def _again(one: Timed, other: Timed) -> bool:
    """ "A whole day (24 h)", "every hour, that is hourly"."""
    if one.value_s != other.value_s or other.then or Role.END in (one.role, other.role):
        return False
    return one.role is other.role or Role.BARE in (one.role, other.role)


def paired(times: Sequence[Timed]) -> Lapse | None:
    """Phases from times side by side; None where these are no pairs of interval and length."""
    total = next((t for t in times if t.role is Role.TOTAL), None)
    row = [t for t in times if t.role is not Role.TOTAL]
    if len(row) < 3 or any(t.several for t in row):
        return None
    phases: list[Phase] = []
    before_s = 0.0
    for i in range(0, len(row) - 1, 2):
        phase = None if row[i + 1].then else _pair(row[i], row[i + 1], before_s)
        if phase is None or phase.length is None:
            return None
        before_s += phase.length.value_s
        phases.append(phase)
    if len(row) % 2:
        last = row[-1]
        if total is None or last.role in (Role.LENGTH, Role.END):
            return None
        phases.append(Phase(interval=replace(last, role=Role.INTERVAL)))
    return Lapse(phases, total) if len(phases) > 1 else None


def _pair(one: Timed, other: Timed, before_s: float) -> Phase | None:
    if Role.END in (one.role, other.role):
        end, interval = (one, other) if one.role is Role.END else (other, one)
        length_s = end.value_s - before_s
        if interval.role not in (Role.INTERVAL, Role.BARE) or length_s <= interval.value_s:
            return None
        return Phase(
            replace(interval, role=Role.INTERVAL), replace(end, role=Role.LENGTH, value_s=length_s)
        )
    short, long = sorted((one, other), key=lambda t: t.value_s)
    if short.role is Role.LENGTH or long.role is Role.INTERVAL:
        return None
    if long.value_s < RATIO * short.value_s:
        return None
    return Phase(replace(short, role=Role.INTERVAL), replace(long, role=Role.LENGTH))
