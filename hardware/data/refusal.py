"""The gate's two answers. A refusal is a value, never an exception: it is not a broken tool."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Which rule refused."""

    NOT_A_NUMBER = "not_a_number"  # NaN, infinite, a bool, a string
    BACKSTOP = "backstop"  # hard-coded physical limit below the editable ones
    XY_LIMIT = "xy_limit"
    Z_LIMIT = "z_limit"
    Z_STEP = "z_step"
    EXPOSURE = "exposure"
    LIGHT = "light"
    DOSE_FOV = "dose_fov"
    DOSE_TOTAL = "dose_total"
    RATE = "rate"
    CHANNEL = "channel"
    OBJECTIVE = "objective"
    PIXEL_SIZE = "pixel_size"
    PROPERTY = "property"
    DISK = "disk"
    STOPPED = "stopped"
    DEAD_MAN = "dead_man"  # nobody would switch the light off
    HELD = "held"  # another process has the instrument
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Permit:
    """The command may be sent, with exactly the value that was checked."""

    what: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command was not sent.

    Attributes
    ----------
    rule : the rule that refused.
    what : what was asked, with value and unit (``"x = 70000 um"``).
    limit : the limit it broke, with unit (``"-60000 to 60000 um"``).
    remedy : what a person can do about it.
    """

    rule: Rule
    what: str
    limit: str
    remedy: str

    def __str__(self) -> str:
        return f"refused: {self.what} (limit: {self.limit}); nothing was sent. {self.remedy}"


Answer = Permit | Refusal
