"""How many moves a second the stage is asked for."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING

from hardware import backstop
from hardware.data import Refusal, Rule
from hardware.gate.limits import BACKSTOP_REMEDY
from hardware.gate.number import text

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import MicroscopeConfig


class MoveRate:
    """A sliding window over the moves that were permitted; refused ones do not count.

    At most floor(rate) moves in any one second; below one per second, one in 1/rate seconds.
    """

    def __init__(self, config: MicroscopeConfig, now: Callable[[], float]) -> None:
        self._name = config.name
        self._soft = config.stage.max_moves_per_s
        self._now = now
        self._rate = min(self._soft, backstop.MAX_MOVES_PER_S)
        self._window_s = max(1.0, 1.0 / self._rate)
        self._moves: deque[float] = deque(maxlen=max(1, math.floor(self._rate)))
        self._lock = threading.Lock()

    def take(self, what: str) -> Refusal | None:
        """Count one move now, or refuse it."""
        with self._lock:
            now = self._now()
            full = len(self._moves) == self._moves.maxlen
            if not full or now - self._moves[0] >= self._window_s:
                self._moves.append(now)  # drops the oldest of a full window
                return None
        if self._soft > backstop.MAX_MOVES_PER_S:
            rule, remedy = Rule.BACKSTOP, BACKSTOP_REMEDY
        else:
            rule = Rule.RATE
            remedy = (
                "Slow down, or change stage.max_moves_per_s in the YAML of microscope"
                f' "{self._name}".'
            )
        return Refusal(rule, what, f"{text(self._rate)} moves per second", remedy)
