"""The persistent queue of visits: by urgency, due time, and fairness over fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.expand import baseline_visits, fields
from agent.journal.states import VisitState
from agent.journal.visits import NewVisit, VisitRow
from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from agent.journal.visits import VisitBook
    from agent.plan import Plan

PRIORITY = {
    VisitKind.BASELINE: 0,
    VisitKind.SEARCH: 0,
    VisitKind.REACTION: 1,
    VisitKind.REVISIT: 2,  # one short look decides whether a burst is wanted: it goes first
}
PATIENCE_S = 60.0  # waiting this long raises a visit by one priority: nobody starves


@dataclass(frozen=True, slots=True)
class Choice:
    """The visit to make now, and those that it overtakes."""

    visit: VisitRow | None
    overtaken: tuple[VisitRow, ...] = ()


def choose(
    due: Sequence[VisitRow],
    now_s: float,
    *,
    last_started: Mapping[str, float],
    blocked: Collection[str] = (),
    skip_overtaken: bool = True,
) -> Choice:
    """Pick among visits due by now. Pure.

    Highest urgency first (priority, plus one for every minute of waiting), then the earliest due,
    then the field that was visited longest ago. A baseline visit whose next round is due as well
    is overtaken: imaging it late would only make the next one late. Fields in `blocked` wait.
    """
    newest: dict[str, int] = {}
    for visit in due:
        if visit.round is not None:
            newest[visit.fov] = max(newest.get(visit.fov, -1), visit.round)
    overtaken = tuple(
        v for v in due if skip_overtaken and v.round is not None and v.round < newest[v.fov]
    )
    gone = {v.id for v in overtaken}
    open_ = [v for v in due if v.id not in gone and v.fov not in blocked]

    def rank(visit: VisitRow) -> tuple[float, float, float, int]:
        urgency = visit.priority + int((now_s - visit.due_s) / PATIENCE_S)
        return (-urgency, visit.due_s, last_started.get(visit.fov, -1.0), visit.id)

    return Choice(min(open_, key=rank, default=None), overtaken)


class Schedule:
    """The queue of one run. Every change is committed before it is acted upon.

    `bursts_apart`: see `VisitBook.start`.
    """

    def __init__(self, plan: Plan, visits: VisitBook, *, bursts_apart: bool = False) -> None:
        self._visits = visits
        self._bursts_apart = bursts_apart
        self._skip_overtaken = plan.trouble.overtaken == "skip"
        self._late_after_s = plan.trouble.late_after_s
        self._last_started = visits.last_started()

    def take(self, now_s: float, blocked: Collection[str] = ()) -> tuple[VisitRow, int] | None:
        """Start the visit to make now; returns it with its time index, None if none is due."""
        with self._visits.database.transaction():  # nothing is decided between look and start
            choice = choose(
                self._visits.due(now_s),
                now_s,
                last_started=self._last_started,
                blocked=blocked,
                skip_overtaken=self._skip_overtaken,
            )
            for visit in choice.overtaken:
                why = "overtaken: the next round was due before it could start"
                self._visits.finish(visit.id, VisitState.SKIPPED, why, now_s)
            if choice.visit is None:
                return None
            visit = choice.visit
            late = now_s - visit.due_s > self._late_after_s
            t_index = self._visits.start(visit, now_s, late=late, bursts_apart=self._bursts_apart)
        self._last_started[visit.fov] = now_s
        return visit, t_index

    def next_due_s(self, after_s: float = float("-inf")) -> float | None:
        """When the next visit falls due after a time; None when there is none."""
        return self._visits.next_due_s(after_s)


def fill(plan: Plan, visits: VisitBook) -> None:
    """Queue the whole baseline, all of it or nothing. Does nothing where it is queued already."""
    focus = plan.autofocus

    def refocus(number: int) -> bool:
        if focus is None or focus.when == "focus_lost":
            return False
        return focus.when == "every_visit" or number % focus.every_n_rounds == 0

    with visits.database.transaction():
        if visits.fovs():
            return
        visits.write_fovs(fields(plan))
        visits.add(
            NewVisit(
                fov=visit.fov.name,
                kind=VisitKind.BASELINE,
                priority=PRIORITY[VisitKind.BASELINE],
                due_s=visit.due_s,
                frames_expected=len(visit.events),
                round=visit.round,
                refocus=refocus(visit.round),
            )
            for visit in baseline_visits(plan)
        )
