"""The numbers behind a view of a run, and how they read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.journal.states import VisitState

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision as one line."""

    time_s: float
    fov: str
    reason: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        became = f" -> {'; '.join(self.actions)}" if self.actions else ""
        named = f"{self.fov}:" in self.reason  # the reason says of which field it speaks
        return clean(f"{hms(self.time_s)}  {'' if named else f'{self.fov}  '}{self.reason}{became}")


@dataclass(slots=True)
class State:
    """The numbers of a run; guarded by the view's lock."""

    total_s: float
    wall: Callable[[], float]
    time_s: float = 0.0
    first_s: float | None = None  # run time at which this process began (a resume begins late)
    began: float = 0.0  # wall times
    heard: float = 0.0
    doing: str = "starting"
    states: Counter[str] = field(default_factory=Counter)
    acted: int = 0
    light: str = ""
    warnings: Counter[str] = field(default_factory=Counter)

    def at(self, time_s: float) -> None:
        """News from this moment of the run."""
        self.heard = self.wall()
        if self.first_s is None:
            self.first_s, self.began = time_s, self.heard
        self.time_s = max(self.time_s, time_s)

    def now_s(self) -> float:
        """Run time, carried on in real time between two calls; never past the end."""
        if self.first_s is None:
            return 0.0
        return min(self.time_s + self.wall() - self.heard, max(self.total_s, self.time_s))

    def share(self) -> float:
        """How much of the run is over, 0 to 1."""
        return min(1.0, self.now_s() / self.total_s) if self.total_s > 0 else 1.0

    def left_s(self) -> float | None:
        """Wall time to the end at the pace so far; None before there is a pace."""
        if self.first_s is None:
            return None
        done_s, now_s = self.now_s() - self.first_s, self.now_s()
        elapsed_s = self.wall() - self.began
        if done_s <= 0 or elapsed_s < 1:
            return None
        return max(0.0, self.total_s - now_s) * elapsed_s / done_s

    def counts(self) -> str:
        """Visits by what became of them, decisions, warnings."""
        parts = [f"{self.states[VisitState.DELIVERED]:,} visits"]
        parts += [
            f"{n:,} {state}"
            for state, n in sorted(self.states.items())
            if n and state != VisitState.DELIVERED
        ]
        parts.append(f"{self.acted:,} decision{'s' * (self.acted != 1)} acted on")
        if self.warnings:
            n = self.warnings.total()
            parts.append(f"{n:,} warning{'s' * (n != 1)}")
        return ", ".join(parts)

    def clock(self) -> str:
        """Run time, its end, and the wall time that is left."""
        left_s = self.left_s()
        left = f", about {hms(left_s)} left" if left_s is not None else ""
        return f"{hms(self.now_s())} of {hms(self.total_s)}{left}"


def clean(text: str) -> str:
    """Without control characters: text of plans, files and errors must not drive a terminal."""
    return text.translate(_CONTROL)


def hms(seconds: float) -> str:
    """``2:14:05``."""
    total = max(0, int(seconds))
    return f"{total // 3600}:{total // 60 % 60:02d}:{total % 60:02d}"
