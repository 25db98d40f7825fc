"""Clock jump: the computer's calendar clock was set, or the computer slept."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

from agent.live.guard import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import Visit

KIND = "clock_jump"
JUMP_S = 2.0
STILL_S = 60.0  # the pump looks round every few seconds between visits


def boot_clock() -> float:
    """Seconds since the machine was started, asleep or awake, where the system has such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class ClockGuard:
    """Compares calendar, monotonic and boot clock since the last look. Only notes: visits keep run
    time, which is monotonic. Summer time is no jump: the calendar clock is UTC.

    A jump says how the calendar times of frames before and after it fit together.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        boot: Callable[[], float] = boot_clock,
    ) -> None:
        self._clocks = (wall, monotonic, boot)
        self._then = self._read()
        self._stirred_s = self._then[1]

    def check(self, now_s: float) -> Trouble | None:
        """Before a visit."""
        return self._compare()

    def look(self, paused: bool) -> Trouble | None:
        """Between visits."""
        return self._compare()

    def over(self, visit: Visit, failed: bool) -> None:
        """A visit may take as long as it takes: in that time nothing stood still."""
        self._stirred_s = self._read()[1]

    def resumed(self) -> None:
        """A pause changes no clock."""

    def _compare(self) -> Trouble | None:
        now, was = self._read(), self._then
        self._then = now
        wall, monotonic, boot = (b - a for a, b in zip(was, now, strict=True))
        still, self._stirred_s = now[1] - self._stirred_s, now[1]
        slept = boot - monotonic
        said = []
        if slept > JUMP_S:
            said.append(f"the computer slept for {slept:.0f} s, and nothing was imaged")
        elif still > STILL_S:
            said.append(f"the program stood still for {still:.0f} s")
        jump = wall - max(boot, monotonic)
        if abs(jump) > JUMP_S:
            way = "forward" if jump > 0 else "back"
            at = dt.datetime.fromtimestamp(now[0], dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
            said.append(
                f"the computer's clock was set {way} by {abs(jump):.1f} s, to {at}; visits keep "
                "the run's own time"
            )
        return Trouble(KIND, "note", "; ".join(said)) if said else None

    def _read(self) -> tuple[float, float, float]:
        wall, monotonic, boot = (clock() for clock in self._clocks)
        return wall, monotonic, boot
