"""Between pump and loop: finished visits one way, leave to go on the other way.

In a real run the pump never waits for the mind (perception does not gate acquisition); the queue
is bounded, and when it is full the oldest visit that nobody looks at yet is dropped. On the
simulated clock both sides meet: the pump may not choose a visit at time t before every verdict
that would be ready by t has been decided, and no decision is made before the clock has reached the
time at which its verdict is ready. So a rehearsal gives the same run however fast either thread
happens to be.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import Frame, VisitKind

WATCHDOG_S = 120.0  # real seconds; a rehearsal that waits longer has lost its other thread


class HandoffStalled(RuntimeError):
    """Pump or loop waited for the other beyond all reason."""


class HandoffClosed(Exception):
    """Simulated clock: the run ended before this verdict was ready."""


@dataclass(frozen=True, slots=True)
class FinishedVisit:
    """A visit with its frames in the store.

    Attributes
    ----------
    frames : None when they must be read from the store.
    ready_s : when its verdict was ready, if an interrupted run had come so far.
    """

    id: int
    fov: str
    kind: VisitKind
    started_s: float
    finished_s: float
    frames: tuple[Frame, ...] | None
    ready_s: float | None = None


@dataclass(slots=True)
class _Entry:
    visit: FinishedVisit
    ready_s: float  # simulated clock: when its verdict is ready


class Handoff:
    """Bounded queue with a meeting point. All methods may be called from any thread."""

    def __init__(self, *, simulated: bool, latency_s: float, capacity: int = 64) -> None:
        self.simulated = simulated
        self._latency_s = latency_s
        self._capacity = capacity
        self._condition = threading.Condition()
        self._waiting: deque[_Entry] = deque()
        self._taken: _Entry | None = None
        self._horizon_s = float("-inf")  # simulated time up to which decisions may be made
        self._last_ready_s = float("-inf")
        self._steps = 0  # of both sides
        self._closed = False
        self._leaving = False
        self.changed = threading.Event()  # wakes a real clock's sleep: the schedule has news

    # ------------------------------------------------------------------ pump's side

    def after(self, ready_s: float) -> None:
        """A resumed run: the last verdict before the interruption was ready at this time."""
        self._last_ready_s = ready_s

    def put(self, visit: FinishedVisit) -> FinishedVisit | None:
        """Hand over a finished visit; returns another one if that had to be dropped for it."""
        with self._condition:
            ready_s = visit.ready_s
            if ready_s is None:
                ready_s = self._after_that(self._last_ready_s, visit)
            self._waiting.append(_Entry(visit, ready_s))
            dropped = self._drop_one() if len(self._undecided()) > 1 + self._capacity else None
            self._last_ready_s = max(self._last_ready_s, self._undecided()[-1].ready_s)
            self._condition.notify_all()
            return dropped

    def settle(self, now_s: float) -> None:
        """Simulated clock: wait until all that is ready by now is decided. Real: no wait."""
        if not self.simulated:
            return
        with self._condition:
            self._horizon_s = max(self._horizon_s, now_s)
            self._steps += 1
            self._condition.notify_all()
            self._wait(lambda: self._closed or not self._ready_by(now_s))

    def next_ready_s(self) -> float | None:
        """Simulated clock: when the next verdict is ready."""
        with self._condition:
            entries = self._undecided()
            return entries[0].ready_s if self.simulated and entries else None

    def undecided(self) -> int:
        """Visits handed over and not yet decided."""
        with self._condition:
            return len(self._undecided())

    def awaited(self, now_s: float, deadline_s: float) -> dict[str, float]:
        """Fields with an undecided visit that finished less than `deadline_s` ago.

        With the run time at which the deadline of the last such visit is over.
        """
        with self._condition:
            ends = [(e.visit.fov, e.visit.finished_s + deadline_s) for e in self._undecided()]
        return {fov: end_s for fov, end_s in sorted(ends) if end_s > now_s}

    def close(self, *, leave: bool = False) -> None:
        """No more visits. What is undecided in a real run still gets its turn, unless `leave`.

        On the simulated clock time stands still from now on: no verdict becomes ready any more, and
        what is undecided is left to a resume, which then goes on as if there had been no stop.
        """
        with self._condition:
            self._closed = True
            self._leaving = self._leaving or leave or self.simulated
            self._condition.notify_all()
        self.changed.set()

    # ------------------------------------------------------------------ loop's side

    def take(self) -> FinishedVisit | None:
        """The next finished visit; blocks. None when there is none to come."""
        with self._condition:
            self._condition.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting or self._leaving:
                return None
            self._taken = self._waiting.popleft()
            return self._taken.visit

    def ready_s(self, visit_id: int) -> float | None:
        """Simulated clock: when the taken visit's verdict is ready. Real: None."""
        with self._condition:
            taken = self._taken
            if not self.simulated or taken is None or taken.visit.id != visit_id:
                return None
            return taken.ready_s

    def wait_turn(self, ready_s: float) -> None:
        """Simulated clock: wait until run time is `ready_s`; HandoffClosed: it never will be."""
        if not self.simulated:
            return
        with self._condition:
            self._wait(lambda: self._closed or self._horizon_s >= ready_s)
            if self._horizon_s < ready_s:
                raise HandoffClosed

    def decided(self) -> None:
        """The visit taken last has its decision, applied."""
        with self._condition:
            self._taken = None
            self._steps += 1
            self._condition.notify_all()
        self.changed.set()

    # ------------------------------------------------------------------ inside

    def _undecided(self) -> list[_Entry]:
        return ([self._taken] if self._taken else []) + list(self._waiting)

    def _ready_by(self, now_s: float) -> bool:
        return any(entry.ready_s <= now_s for entry in self._undecided())

    def _after_that(self, before_s: float, visit: FinishedVisit) -> float:
        """One judge looks at one visit after the other."""
        return max(before_s, visit.finished_s) + self._latency_s

    def _drop_one(self) -> FinishedVisit:
        """Drop the oldest visit but the first, which is the judge's, taken or about to be."""
        at = 0 if self._taken else 1
        dropped = self._waiting[at].visit
        del self._waiting[at]
        entries = self._undecided()
        for before, entry in pairwise(entries):  # those behind it get their turn earlier
            if entry.visit.ready_s is None:
                entry.ready_s = self._after_that(before.ready_s, entry.visit)
        self._last_ready_s = entries[0].ready_s
        return dropped

    def _wait(self, ready: Callable[[], bool]) -> None:
        """Wait; HandoffStalled when for long neither `ready` comes nor any step of either side."""
        while not ready():
            seen = self._steps

            def moved(seen: int = seen) -> bool:
                return ready() or self._steps != seen

            if not self._condition.wait_for(moved, WATCHDOG_S):
                raise HandoffStalled(f"no progress between pump and loop for {WATCHDOG_S:g} s")
