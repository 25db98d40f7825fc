"""When a worker that failed is tried again: back-off, and a breaker."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.worker.spec import Limits


class Breaker:
    """Counts failures. Times are seconds of a monotonic clock, given by the caller.

    Open, it allows one try after each cool-down (half-open); a verdict closes it.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._times: deque[float] = deque()
        self._in_a_row = 0
        self.open = False

    def failure(self, now_s: float) -> float:
        """One more failure; how long to wait before the next try, in seconds."""
        limits = self._limits
        self._in_a_row += 1
        self._times.append(now_s)
        while self._times[0] <= now_s - limits.window_s:
            self._times.popleft()
        if self.open or len(self._times) >= limits.failures:
            return self.trip()
        exponent = min(self._in_a_row - 1, 30)
        return min(limits.first_pause_s * 2.0**exponent, limits.longest_pause_s)

    def trip(self) -> float:
        """Open at once: trying again soon is of no use. How long to wait, in seconds."""
        self.open = True
        return self._limits.cool_down_s

    def success(self) -> None:
        """A verdict. Failures of the window still count, unless the breaker was open."""
        self._in_a_row = 0
        if self.open:
            self.open = False
            self._times.clear()
