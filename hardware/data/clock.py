"""The clock that everything asks: real in a run, simulated in a rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import datetime as dt
    import threading


class Clock(Protocol):
    """Run time in seconds since the start of the run, and its place on the calendar."""

    @property
    def simulated(self) -> bool:
        """True when time is computed rather than lived through."""

    @property
    def waits(self) -> bool:
        """True when `sleep_until` takes real time, and can be woken."""

    def now(self) -> float:
        """Seconds since the start of the run; never goes back."""

    def utc(self) -> dt.datetime:
        """The calendar time (aware, UTC) that belongs to `now()`."""

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        """Return once `now() >= t_s`, or earlier when `wake` is set (real clocks only)."""
