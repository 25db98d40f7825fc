"""Between pump and loop: finished visits one way, leave to go on the other way.

In a real run the pump never waits for the mind (perception does not gate acquisition); the queue
is bounded and drops its oldest visit when full. On the simulated clock both sides meet: the pump
may not choose a visit at time t before every verdict that would be ready by t has been decided,
and no decision is made before the clock has reached the time at which its verdict is ready. So a
rehearsal gives the same run however fast either thread happens to be.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import Frame, VisitKind

WATCHDOG_S = 120.0  # real seconds; a rehearsal that waits longer has lost its other thread


class HandoffStalled(RuntimeError):
    """Pump or loop waited for the other beyond all reason."""


@dataclass(frozen=True, slots=True)
class FinishedVisit:
    """A visit with its frames in the store. `frames` is None when they must be read from it."""

    id: int
    fov: str
    kind: VisitKind
    started_s: float
    finished_s: float
    frames: tuple[Frame, ...] | None


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
        self._closed = False
        self.changed = threading.Event()  # wakes a real clock's sleep: the schedule has news

    # ------------------------------------------------------------------ pump's side

    def after(self, ready_s: float) -> None:
        """A resumed run: the last verdict before the interruption was ready at this time."""
        self._last_ready_s = ready_s

    def put(self, visit: FinishedVisit) -> FinishedVisit | None:
        """Hand over a finished visit; returns the oldest one if it had to be dropped."""
        with self._condition:
            # one judge looks at one visit after the other
            ready_s = max(self._last_ready_s, visit.finished_s) + self._latency_s
            self._last_ready_s = ready_s
            dropped = None
            if len(self._waiting) >= self._capacity:
                dropped = self._waiting.popleft().visit
            self._waiting.append(_Entry(visit, ready_s))
            self._condition.notify_all()
            return dropped

    def settle(self, now_s: float) -> None:
        """Simulated clock: wait until all that is ready by now is decided. Real: no wait."""
        if not self.simulated:
            return
        with self._condition:
            self._horizon_s = max(self._horizon_s, now_s)
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

    def undecided_fovs(self, *, since_s: float) -> frozenset[str]:
        """Fields with a visit finished at or after `since_s` that is not decided yet."""
        with self._condition:
            return frozenset(
                e.visit.fov for e in self._undecided() if e.visit.finished_s >= since_s
            )

    def close(self) -> None:
        """No more visits; `take` answers None once the queue is empty."""
        with self._condition:
            self._closed = True
            self._horizon_s = float("inf")
            self._condition.notify_all()
        self.changed.set()

    # ------------------------------------------------------------------ loop's side

    def take(self) -> FinishedVisit | None:
        """The next finished visit; blocks. None when closed and empty."""
        with self._condition:
            while not self._waiting and not self._closed:
                self._condition.wait(1.0)
            if not self._waiting:
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
        """Simulated clock: wait until run time has reached `ready_s`."""
        if not self.simulated:
            return
        with self._condition:
            self._wait(lambda: self._horizon_s >= ready_s)

    def decided(self) -> None:
        """The visit taken last has its decision, applied."""
        with self._condition:
            self._taken = None
            self._condition.notify_all()
        self.changed.set()

    # ------------------------------------------------------------------ inside

    def _undecided(self) -> list[_Entry]:
        return ([self._taken] if self._taken else []) + list(self._waiting)

    def _ready_by(self, now_s: float) -> bool:
        return any(entry.ready_s <= now_s for entry in self._undecided())

    def _wait(self, ready: Callable[[], bool]) -> None:
        if not self._condition.wait_for(ready, WATCHDOG_S):
            raise HandoffStalled(f"no progress between pump and loop for {WATCHDOG_S:g} s")
