"""What every check is given, and how it says where something is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.finding import Finding, Level, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.check.facts import FrameSize, InstrumentFacts
    from agent.load import LoadedMicroscope, LoadedPlan
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig, Refusal

SHOWN = 3  # of many alike


@dataclass(frozen=True, slots=True)
class Where:
    """Names of the two files as people know them, and the lines of their keys where known."""

    plan: str
    microscope: str
    plan_lines: Mapping[str, int] = field(default_factory=dict)
    microscope_lines: Mapping[str, int] = field(default_factory=dict)


def where(plan: LoadedPlan, microscope: LoadedMicroscope) -> Where:
    """Where loaded files came from."""
    return Where(str(plan.path), str(microscope.path), plan.lines, microscope.lines)


@dataclass(frozen=True, slots=True)
class Scope:
    """A plan on a microscope."""

    plan: Plan
    config: MicroscopeConfig
    facts: InstrumentFacts | None
    where: Where

    def in_plan(self, level: Level, key: str, message: str, remedy: str) -> Finding:
        """A finding about a key of the plan."""
        line = line_of(key, self.where.plan_lines)
        return Finding(self.where.plan, key, level, message, remedy, line)

    def in_microscope(self, level: Level, key: str, message: str, remedy: str) -> Finding:
        """A finding about a key of the microscope's YAML."""
        line = line_of(key, self.where.microscope_lines)
        return Finding(self.where.microscope, key, level, message, remedy, line)

    @property
    def home(self) -> str | None:
        """The objective of the baseline: the plan's, or the one known to be in place."""
        if self.plan.objective is not None:
            return self.plan.objective
        return self.facts.objective if self.facts is not None else None

    @property
    def frame(self) -> FrameSize | None:
        """One image with the plan's binning; None where only the camera knows its size."""
        if self.facts is None or self.facts.frame is None:
            return None
        return self.facts.frame.binned(self.plan.camera.binning)

    def objectives(self) -> tuple[str, ...]:
        """Objectives that may be in place: the one known to be, or else every one listed."""
        if self.home is not None:
            return (self.home,)
        return tuple(self.config.objectives.items) or ("",)


def refused(refusal: Refusal) -> tuple[str, str]:
    """A gate's refusal as message and remedy."""
    remedy = refusal.remedy.rstrip(".")
    return f"{refusal.what} (limit: {refusal.limit})", remedy[:1].lower() + remedy[1:]


def first_few(findings: Iterable[Finding], scope: Scope, what: str) -> Iterator[Finding]:
    """The first three of many alike, then one that says how many more there are."""
    rest = 0
    last: Finding | None = None
    for number, finding in enumerate(findings):
        if number < SHOWN:
            yield finding
        else:
            rest, last = rest + 1, finding
    if last is not None:
        key = last.key.partition("[")[0]
        yield scope.in_plan(last.level, key, f"{rest} more {what}", last.remedy)


def human_s(seconds: float) -> str:
    """A duration for people: ``4.2 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
