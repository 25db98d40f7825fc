"""Which decisions the page shows: those that acted, in time order, the weightiest if too many."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.report.record import DecisionRow, Record

MOST = 60  # decisions with pictures; the page stays a few megabytes
_WEIGHT = {
    "stop": 0, "ask": 0, "change_objective": 0, "keep": 0, "burst": 1, "change_exposure": 2,
    "wait": 3, "end_burst": 4, "refocus": 5, "revisit": 6, "recentre": 7,
}  # fmt: skip
_UNKNOWN = 0


@dataclass(frozen=True, slots=True)
class Quiet:
    """Looks between two decisions after which nothing had to be done."""

    looks: int
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to show, and how many decisions of which action are not shown."""

    items: tuple[DecisionRow | Quiet, ...]
    shown: tuple[DecisionRow, ...]
    left_out: tuple[tuple[str, int], ...]


def choose(record: Record, most: int = MOST) -> Chosen:
    """Pick the decisions; the quiet looks between them are counted."""
    ranked = sorted(record.decisions, key=lambda d: (_weight(d), d.time_s, d.visit))
    kept = {decision.visit for decision in ranked[:most]}
    shown = tuple(d for d in record.decisions if d.visit in kept)
    missing = Counter(lead(d) for d in ranked[most:])
    items: list[DecisionRow | Quiet] = []
    start = 0
    for decision in shown:
        end = bisect_left(record.quiet_s, decision.time_s)
        items += [*_quiet(record.quiet_s[start:end]), decision]
        start = max(start, end)
    items += _quiet(record.quiet_s[start:])
    return Chosen(tuple(items), shown, tuple(missing.most_common()))


def lead(decision: DecisionRow) -> str:
    """The weightiest action's name."""
    return min((act.name for act in decision.acts), key=lambda name: _WEIGHT.get(name, _UNKNOWN))


def _weight(decision: DecisionRow) -> int:
    return _WEIGHT.get(lead(decision), _UNKNOWN)


def _quiet(times: tuple[float, ...]) -> list[Quiet]:
    return [Quiet(len(times), times[0], times[-1])] if times else []
