"""What a run needs of a microscope: real, simulated or replayed."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Any, Protocol

from hardware.clock import RealClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pymmcore_plus import CMMCorePlus

    from hardware.data import Clock, Exposure


class Scope(Protocol):
    """A core with its configuration loaded, and the clock that belongs to it."""

    @property
    def core(self) -> CMMCorePlus:
        """The loaded core."""

    @property
    def clock(self) -> Clock:
        """Run time."""

    def restore(
        self,
        *,
        time_s: float,
        x_um: float,
        y_um: float,
        z_um: float,
        channel: str | None,
        objective: str | None,
        exposure_ms: float | None = None,
    ) -> None:
        """Before a resume: put a simulated scope where the journal left it. Real: does nothing."""

    def receive(self, exposures: Iterable[Exposure]) -> None:
        """Before a resume: the light that the specimen had. Real: does nothing, it remembers."""

    def shutdown(self) -> None:
        """Let go of the devices."""


class AppointedClock(RealClock):
    """Run time of a run that begins at a set time: below 0 until then."""

    def __init__(self, started: dt.datetime) -> None:
        super().__init__(started)
        self.set()

    def set(self) -> None:
        """By the calendar: the monotonic clock may have stood still while the machine slept."""
        since = (dt.datetime.now(dt.UTC) - self._started).total_seconds()
        self._offset_s = since - time.monotonic()


class RealScope:
    """Any Micro-Manager configuration, on the real clock.

    `started` is when run time was 0, of a resumed run: a calendar that was set back in the meantime
    holds nothing up.
    """

    def __init__(self, mm_config: Path, started: dt.datetime | None = None) -> None:
        from hardware.microscope import load_core

        self.core = load_core(mm_config)
        self.clock = RealClock(started)

    def begin_at(self, start: dt.datetime) -> None:
        """Before anything is done with it: run time is 0 at `start`, where that is to come."""
        if start > dt.datetime.now(dt.UTC):
            self.clock = AppointedClock(start)

    def arrived(self) -> None:
        """The start that was waited for is here."""
        if isinstance(self.clock, AppointedClock):
            self.clock.set()

    def restore(self, **_: Any) -> None:
        """A real instrument is where it is."""

    def receive(self, exposures: Iterable[Exposure]) -> None:
        """A real specimen remembers its light."""

    def shutdown(self) -> None:
        """Light off, and unload the devices. May be called twice."""
        from hardware.microscope import unload

        unload(self.core)
