"""The real clock. The simulated one lives with the simulator."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading


class RealClock:
    """Run time by the monotonic clock, so that a changed wall clock moves no visit.

    Parameters
    ----------
    started : aware calendar time at which the run began; a resumed run passes the first start, and
        the time in which nothing ran counts.
    """

    simulated = False
    waits = True

    def __init__(self, started: dt.datetime | None = None) -> None:
        now = dt.datetime.now(dt.UTC)
        self._started = started or now
        self._offset_s = max(0.0, (now - self._started).total_seconds()) - time.monotonic()

    def now(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() + self._offset_s

    def utc(self) -> dt.datetime:
        """Calendar time that belongs to `now()`."""
        return self._started + dt.timedelta(seconds=self.now())

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        """Wait until run time `t_s`, or until `wake` is set."""
        while (left := t_s - self.now()) > 0:
            if wake is None:
                time.sleep(min(left, 1.0))
            elif wake.wait(min(left, 1.0)):
                return
