"""What is said of light that this program cannot switch off itself."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.data.dead_man_config import DeadManConfig


class Taken(StrEnum):
    """What came of light that was left to the dead-man, in words."""

    DARK = "the dead-man has switched it off, and its switches confirm it"
    TRYING = "the dead-man tries to switch it off, NOT confirmed yet: look at the lamp"
    NOT_CONFIRMED = "the dead-man could NOT confirm that it is off: it may STILL BE ON"
    NO_SWITCH = "the dead-man has no switch for it (dead_man.switches): it may STILL BE ON"
    NOBODY = "no dead-man is there to switch it off: it may STILL BE ON"


def unwatched(config: DeadManConfig | None) -> str | None:
    """What to say, once and loudly, where nothing could switch the light off; else None."""
    if config is not None and config.switches:
        return None
    return (
        "no dead_man.switches in the microscope's file: if this program is killed or hangs, "
        "NOTHING switches the light off"
    )
