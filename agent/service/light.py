"""What the service knows of the light, and how: "off" is said only after somebody has looked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.watched import RECORD
from hardware.deadman.account import last_alarm

if TYPE_CHECKING:
    from pathlib import Path

TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Light:
    """The light while no runner is at work.

    Attributes
    ----------
    experiment : whose runner was the last at work; None: none was.
    off : None where nobody knows.
    how : how it is known, or why not: a clause.
    """

    experiment: int | None
    off: bool | None
    how: str

    @property
    def forbids(self) -> bool:
        """Nothing new may begin: a runner of ours was at work, and it is not known to be off."""
        return not self.off and self.experiment is not None

    def __str__(self) -> str:
        if self.off:
            return f"light off ({self.how})"
        known = "the light may be ON" if self.off is False else "the light was NOT read back as off"
        return f"{known}: {self.how}"


NOT_LOOKED = Light(None, None, "nobody has looked since the service began")
INSIDE = "it is simulated, and ends with its process"


def said_at_its_end(experiment: int, left_on: tuple[str, ...] | None, run: Path, pid: int) -> Light:
    """After a runner (process `pid`) that ended by itself.

    `left_on`: the shutters that it could not close; None where it has not said.
    """
    if left_on == ():
        return Light(experiment, True, "read back at its end")
    alarm = last_alarm(run / RECORD)
    if alarm is not None and alarm.ward == pid and alarm.dark:
        names = ", ".join(left_on or ("a shutter",))
        return Light(experiment, True, f"{names} did not close; the dead-man switched it off")
    if left_on is None:
        return Light(experiment, None, "its runner ended without having read it back")
    return Light(experiment, False, f"{', '.join(left_on)} could NOT be closed")


def after_death(experiment: int, run: Path, pid: int, wait_s: float) -> Light:
    """After a runner (process `pid`) that died: what its dead-man did.

    Waits `wait_s` at most for the dead-man.
    """
    if not (run / RECORD).exists():
        return Light(experiment, None, "its runner died, and no dead-man watched it")
    until_s = time.monotonic() + wait_s
    while True:
        alarm = last_alarm(run / RECORD)
        if alarm is not None and alarm.ward == pid and alarm.dark is not None:
            return Light(experiment, alarm.dark, str(alarm))
        if time.monotonic() > until_s:
            break
        time.sleep(TICK_S)
    return Light(experiment, None, "its runner died, and its dead-man has not confirmed it yet")
