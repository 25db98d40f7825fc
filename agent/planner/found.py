"""Collects what is found in an instruction: values by slot, corrections, contradictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.planner.draft import No, Question, Said
from agent.planner.slots import fits
from agent.planner.source import Words

if TYPE_CHECKING:
    from agent.planner.normal import Normal
    from agent.planner.reading.names import Wells


@dataclass(slots=True)
class Found:
    """What has been found so far. Places are those of the normal text."""

    normal: Normal
    corrections: tuple[int, ...] = ()
    said: dict[str, Said] = field(default_factory=dict)
    where: dict[str, tuple[int, int]] = field(default_factory=dict)
    clashes: dict[str, tuple[Said, Said]] = field(default_factory=dict)
    bad: list[tuple[str, Words, str]] = field(default_factory=list)  # values no slot can hold
    order: list[tuple[str, int, str]] = field(default_factory=list)  # slot, place, kind
    # phases of the time lapse as far as said, (interval_s, duration_s), and their place
    open_phases: tuple[tuple[float | None, float | None], ...] = ()
    phase_place: tuple[int, int] = (0, 0)
    open_exposures: list[tuple[str, float, int, int]] = field(default_factory=list)  # of no channel
    unclear: list[tuple[int, int]] = field(default_factory=list)  # quantities without a slot
    unknown: list[tuple[int, int]] = field(default_factory=list)  # channels that nobody has
    taken: set[int] = field(default_factory=set)  # places of quantities that have their slot
    used: list[tuple[int, int]] = field(default_factory=list)  # places that gave a value
    bare_clocks: list[tuple[int, int]] = field(default_factory=list)  # times of day, of what?
    stack_wanted: bool = False
    grid_wanted: bool = False
    open_wells: tuple[Wells, int, int] | None = None  # of a plate that is not said
    open_positions: tuple[int, int] | None = None  # "all six positions" beside others
    refused: list[No] = field(default_factory=list)
    no_focus: bool = False  # autofocus was declined
    focus_wanted: Words | None = None  # autofocus, without saying when
    focus_every: tuple[float, int, int] | None = None  # seconds
    message: tuple[int, int] | None = None  # words that say when to write, and were not understood
    left_over: list[tuple[str, int, int]] = field(
        default_factory=list
    )  # slot, words not understood
    burst_visits: tuple[int, int, int] | None = None  # how many, and their place

    def words(self, start: int, end: int) -> Words:
        """The words of the original at a place of the normal text."""
        a, b = self.normal.back(start, end)
        return Words(a, b, self.normal.original[a:b])

    def say(self, slot: str, value: Any, start: int, end: int, kind: str = "") -> None:
        """A value for a slot. Two different ones are a contradiction unless one corrects."""
        source = self.words(start, end)
        self.used.append((start, end))
        why = fits(slot, value)
        if why:
            self.bad.append((slot, source, why))
            return
        said = Said(slot, value, source)
        before = self.said.get(slot)
        self.order.append((slot, start, kind))
        if (
            before is not None
            and before.value != value
            and not self.corrected(self.where[slot][1], start)
        ):
            self.clashes.setdefault(slot, (before, said))
            return
        self.said[slot] = said
        self.where[slot] = (start, end)

    def corrected(self, a: int, b: int) -> bool:
        """Whether a "no wait" stands between two places."""
        return any(a <= at <= b for at in self.corrections)

    def before(self, at: int, kind: str) -> str | None:
        """The slot that was last given a value of a kind before a place."""
        fitting = [slot for slot, place, its in self.order if place < at and its == kind]
        return fitting[-1] if fitting else None

    def questions(self) -> tuple[Question, ...]:
        """One for each contradiction."""
        return tuple(
            Question(
                slot,
                f"you said both {first.source} and {second.source}; which one holds?",
                (str(first.source).strip("“”"), str(second.source).strip("“”")),
            )
            for slot, (first, second) in self.clashes.items()
        )
