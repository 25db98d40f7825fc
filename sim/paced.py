"""A simulated clock that people can follow: simulated time runs at so many times real time."""

from __future__ import annotations

import threading
import time

from sim.clock import SimClock

SLICE_S = 0.1  # real seconds: how soon a sleep notices that it is woken


class PacedClock(SimClock):
    """As `SimClock`, but a simulated second takes 1 / `pace` real ones.

    Sleeps take real time in slices and can be woken; an exposure or a move takes its share too, so
    that with `pace` 1 the lamp is on as long as it would be. When devices and judge take longer
    than simulated time allows, time slips: no visit is skipped for the computer's slowness.
    """

    def __init__(self, pace: float, start_s: float = 0.0) -> None:
        if not pace > 0:
            raise ValueError(f"pace {pace:g}: must be above 0")
        super().__init__(start_s)
        self.pace = pace

    @property
    def waits(self) -> bool:
        """True."""
        return True

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        """Let simulated time come to `t_s`, or to the moment at which `wake` is set."""
        while (left_s := t_s - self.now()) > 0:
            nap_s = min(left_s / self.pace, SLICE_S)
            began = time.monotonic()
            if wake is not None and wake.wait(nap_s):
                super().sleep_until(min(t_s, self.now() + self._since(began)))
                return
            if wake is None:
                time.sleep(nap_s)
            super().sleep_until(min(t_s, self.now() + max(self._since(began), 1e-6)))

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass, in real time as well."""
        if dt_s / self.pace > 0.0005:  # shorter ones are below what a sleep can do
            time.sleep(dt_s / self.pace)
        super().advance(dt_s)

    def _since(self, began: float) -> float:
        return (time.monotonic() - began) * self.pace
