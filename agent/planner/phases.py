"""Intervals and lengths in the order said, put together to phases.

People say "30 s spacing for 15 min, then 2 min for 1 h": one interval and one length of each phase,
side by side. Where words leave the role of some open, the pairs say it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.planner.lapse import Lapse, Phase
from agent.planner.times import Role

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
    for time in _in_pairs(times):
        if time.corrects and kept:
            same = [i for i, t in enumerate(kept) if t.role is time.role]
            if time.role is Role.BARE:
                i = _meant(kept, time)
                if i < 0:
                    kept.append(time)
                    continue
                kept[i] = replace(time, role=kept[i].role, then=kept[i].then)
                continue
            if same:
                kept[same[-1]] = replace(time, then=kept[same[-1]].then)
                continue
            like = abs(math.log(max(kept[-1].value_s, 1e-9) / max(time.value_s, 1e-9))) <= math.log(
                FAR
            )
            if (
                kept[-1].role is Role.BARE
                and kept[-1].value_s
                and time.role is not Role.END
                and like
            ):
                kept[-1] = time
                continue
        if kept and _again(kept[-1], time):
            if kept[-1].role is Role.BARE:
                kept[-1] = replace(kept[-1], role=time.role)
            continue
        kept.append(time)
    return kept


NEXT = 6  # characters between "10 min" and "4 h" of "10 min and 4 h"
LIKE = 4.0  # a time is corrected by one that is no more than so many times longer or shorter

BESIDE = 2  # characters between "the first hour" and the interval right behind it
FAR = 40.0  # and by none that is so many times longer or shorter


def _in_pairs(times: Sequence[Timed]) -> list[Timed]:
    """ "Make it 10 min and 4 h": the short one corrects the interval, the long one the length."""
    out = list(times)
    for i, (one, two) in enumerate(pairwise(times)):
        bare = one.role is Role.BARE and two.role is Role.BARE
        told = any(t.role in (Role.LENGTH, Role.TOTAL) for t in times[:i])
        near_by = 0 <= two.start - one.end <= NEXT
        if (
            one.corrects
            and one.role is Role.INTERVAL
            and two.role is Role.BARE
            and told
            and near_by
        ):
            out[i + 1] = replace(two, role=Role.LENGTH, corrects=True)
        if i and one.corrects and bare and 0 <= two.start - one.end <= NEXT:
            short = one if one.value_s < two.value_s else two
            for n, time in ((i, one), (i + 1, two)):
                its = Role.INTERVAL if time is short else Role.LENGTH
                out[n] = replace(time, role=its, corrects=True)
    return out


def _meant(kept: Sequence[Timed], time: Timed) -> int:
    """Which of the times before a correction it corrects: the last one, or the one most like it.

    -1 where the only one is so different that it is another thing that was corrected.
    """

    def apart(other: Timed) -> float:
        return abs(math.log(max(other.value_s, 1e-9) / max(time.value_s, 1e-9)))

    if apart(kept[-1]) <= math.log(LIKE):
        return len(kept) - 1
    if len(kept) == 1 and apart(kept[0]) > math.log(FAR):
        return -1  # "eight hours ... the interval, no, four minutes"
    return min(reversed(range(len(kept))), key=lambda i: apart(kept[i]))


def first_part(times: Sequence[Timed]) -> Lapse | None:
    """ "Every 5 min for 12 h, but every minute in the first 2 h": two phases; None for others."""
    firsts = [t for t in times if t.role is Role.LENGTH and t.first]
    rates = [t for t in times if t.role is Role.INTERVAL]
    whole = [t for t in times if t not in firsts and t not in rates and t.role is not Role.END]
    if len(times) != 4 or (len(firsts), len(rates), len(whole)) != (1, 2, 1):
        return None
    first, total = firsts[0], whole[0]
    before, after = sorted(rates, key=lambda t: t.start)
    beside = before.end <= first.start and 0 <= after.start - first.end <= BESIDE
    nearest = after if beside or after.end <= first.start else before
    own = next((t for t in rates if t.corrects), nearest)
    own = next((t for t in rates if not t.then), own) if any(t.then for t in rates) else own
    other = next(t for t in rates if t is not own)
    whole_first = total is times[0] and total.role is Role.BARE  # "8 h; the first hour ..."
    if total.value_s <= first.value_s:
        return None
    if not (own.corrects or whole_first or total.role is Role.TOTAL):
        return None
    rest = replace(total, role=Role.LENGTH, value_s=total.value_s - first.value_s)
    return Lapse([Phase(own, first), Phase(other, rest)])


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
