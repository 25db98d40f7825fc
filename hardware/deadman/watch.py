"""What the dead-man knows of its ward, and when that is cause for alarm. No clock, no input."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import StrEnum

LONGEST_LIGHT_S = 3600.0  # an announcement of more is taken for this much
STALL_S = 0.3  # a longer gap between two looks: the dead-man itself was held up


class Cause(StrEnum):
    """Why the dead-man acts."""

    GONE = "gone"  # the ward died, or closed its end without a bye
    SILENT = "silent"  # no beat for too long
    OVERDUE = "overdue"  # light on longer than announced
    LEFT_ON = "left_on"  # the ward said bye with light on
    FAILED = "failed"  # the dead-man itself went wrong: it acts rather than not


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait (s): for a beat with light on, in the dark; and past an announcement."""

    silence_s: float
    silence_dark_s: float
    grace_s: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """Cause, and one line in words."""

    cause: Cause
    what: str


class Watch:
    """Times are those of one monotonic clock, in seconds."""

    def __init__(self, patience: Patience, now_s: float) -> None:
        self._patience = patience
        self._heard_s = now_s
        self._looked_s = now_s
        self._light_until_s: float | None = None
        self._forgiven = False
        self.bye = False

    @property
    def lit(self) -> bool:
        """Whether light was announced and not taken back, or is said to be on."""
        return self._light_until_s is not None

    def hear(self, line: bytes, now_s: float) -> int | None:
        """Take one line in; the number of the beat, None if it was none.

        What cannot be read is no sign of life.
        """
        try:
            said = json.loads(line)
            if said.get("bye") is True:
                self.bye = True
                if said.get("lit") is True:  # it could not switch off what was not announced either
                    self._light_until_s = now_s
                return None
            beat, light_s = int(said["beat"]), float(said["light_until_s"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        if not math.isfinite(light_s):
            return None
        self._heard_s, self._forgiven = now_s, False
        self._light_until_s = now_s + min(light_s, LONGEST_LIGHT_S) if light_s else None
        return beat

    def look(self, now_s: float) -> Alarm | None:
        """Whether there is cause for alarm at `now_s`.

        A time in which the dead-man itself did not run (a suspended machine, one that swaps) is
        not held against the ward, once between two beats: what it said meanwhile may be unread.
        """
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        if gap_s > STALL_S and not self._forgiven:
            self._forgiven = True
            self._heard_s += gap_s
            if self._light_until_s is not None:
                self._light_until_s += gap_s
        if self._light_until_s is not None:
            over_s = now_s - self._light_until_s
            if over_s > self._patience.grace_s:
                return Alarm(Cause.OVERDUE, f"light on {over_s:.2f} s longer than announced")
        limit_s = self._patience.silence_s if self.lit else self._patience.silence_dark_s
        silence_s = now_s - self._heard_s
        if silence_s > limit_s:
            light = "with light on" if self.lit else "in the dark"
            return Alarm(Cause.SILENT, f"no sign of life for {silence_s:.2f} s {light}")
        return None
