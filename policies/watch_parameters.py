"""What the watch policy can be told: thresholds, N of K, times, caps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Repeat = Literal["every_event", "once_per_field", "once"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchParameters:
    """Numbers of the event-driven policy. Times in seconds of run time, probabilities 0 to 1.

    Attributes
    ----------
    target : what the judge is asked for.
    enter, leave : a look is positive at or above `enter`, negative below `leave`; between them it
        neither starts nor ends anything (hysteresis).
    confirm : (N, K): N of the last K looks positive start a burst.
    release : (N, K): N of the last K looks of the burst negative end it.
    min_dwell_s : a burst lasts at least this long (unless it ends by itself).
    confirm_after_s : after a positive look that is not confirmed yet, look again this soon.
    rearm_after_s : no new burst of a field this soon after its last one.
    max_concurrent : most fields imaged fast at the same time; the others wait in line.
    forget_after_s : older looks no longer count towards a start; None: half an hour, or longer
        where `confirm_after_s` makes confirming slow.
    refocus : ask for autofocus when focus is lost.
    refocus_after_s : not again for the same field this soon; doubled up to eightfold while
        refocusing does not help.
    repeat : react to every event, once in each field, or once in the run.
    max_events : no burst begins after this many in the run; None: as many as there are.
    follow : keep the target in the middle of the image during a burst.
    """

    target: str = "mitosis"
    enter: float = 0.6
    leave: float = 0.4
    confirm: tuple[int, int] = (2, 3)
    release: tuple[int, int] = (3, 4)
    min_dwell_s: float = 300.0
    confirm_after_s: float = 20.0
    rearm_after_s: float = 600.0
    max_concurrent: int = 4
    forget_after_s: float | None = None
    refocus: bool = True
    refocus_after_s: float = 600.0
    repeat: Repeat = "every_event"
    max_events: int | None = None
    follow: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense; ValueError names the parameter."""
        if not 0.0 < self.leave <= self.enter < 1.0:
            raise ValueError(
                f"enter ({self.enter}) and leave ({self.leave}): need 0 < leave <= enter < 1"
            )
        for name, (n, k) in (("confirm", self.confirm), ("release", self.release)):
            if not 1 <= n <= k:
                raise ValueError(f"{name} ({n}, {k}): N of K needs 1 <= N <= K")
        for name, value in (
            ("min_dwell_s", self.min_dwell_s),
            ("confirm_after_s", self.confirm_after_s),
            ("rearm_after_s", self.rearm_after_s),
            ("forget_after_s", 0.0 if self.forget_after_s is None else self.forget_after_s),
            ("refocus_after_s", self.refocus_after_s),
        ):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} ({value}): need a number of seconds, 0 or more")
        if self.max_concurrent < 1:
            raise ValueError(f"max_concurrent ({self.max_concurrent}): need 1 or more")
        if self.max_events is not None and self.max_events < 1:
            raise ValueError(f"max_events ({self.max_events}): need 1 or more")

    @property
    def memory_s(self) -> float:
        """How long a look counts towards a start."""
        if self.forget_after_s is not None:
            return self.forget_after_s
        return max(1800.0, 2.0 * self.confirm[1] * self.confirm_after_s)

    @property
    def window(self) -> int:
        """Looks kept per field."""
        return max(self.confirm[1], self.release[1])
