"""The simulated clock: time is a number that the devices move on."""

from __future__ import annotations

import datetime as dt
import threading

EPOCH = dt.datetime(2026, 1, 1, 20, 0, tzinfo=dt.UTC)


class SimClock:
    """Implements `hardware.data.Clock`. Counts whole microseconds, so that sums stay exact.

    Thread-safe. `epoch` (aware) is the calendar time of second 0.
    """

    def __init__(self, start_s: float = 0.0, epoch: dt.datetime = EPOCH) -> None:
        self._us = round(start_s * 1e6)
        self._epoch = epoch
        self._lock = threading.Lock()

    @property
    def simulated(self) -> bool:
        """Always true."""
        return True

    @property
    def waits(self) -> bool:
        """False: a sleep is a jump."""
        return False

    def now(self) -> float:
        """Seconds since the start of the run."""
        return self._us / 1e6

    def utc(self) -> dt.datetime:
        """Calendar time of `now()`."""
        return self._epoch + dt.timedelta(microseconds=self._us)

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        """Jump to `t_s` (not back); at once when `wake` is set already."""
        if wake is not None and wake.is_set():
            return
        us = round(t_s * 1e6)
        if us / 1e6 < t_s:  # "now() >= t_s" must hold, or who waits for t_s waits for ever
            us += 1
        with self._lock:
            self._us = max(self._us, us)

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds (not negative) pass."""
        if not dt_s >= 0:
            raise ValueError(f"time cannot go back: {dt_s} s")
        with self._lock:
            self._us += round(dt_s * 1e6)

    def set(self, t_s: float) -> None:
        """Put the clock at `t_s`, even back: for the start of a resumed run only."""
        with self._lock:
            self._us = round(t_s * 1e6)
