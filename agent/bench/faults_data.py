"""What the bench of faults measures: one cell for each fault in each state of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class When(StrEnum):
    """What the run is doing when the fault comes."""

    IDLE = "idle"  # nothing is due
    ACQUIRING = "acquiring"  # visits of the baseline
    REACTING = "reacting"  # visits of bursts
    RESUMING = "resuming"  # the fault is there when the run is resumed


class Mark(StrEnum):
    """How a check came out."""

    YES = "yes"
    NO = "no"
    NONE = "-"  # makes no sense here


CHECKS = ("light", "frames", "account", "message", "truth", "recovery")


@dataclass(slots=True)
class Cell:
    """One measurement.

    Attributes
    ----------
    light : off within 2 s after it should have been. `light_s`: longest time that it was on.
    frames : each frame of the journal is in the store, with the checksum it was given with.
    account : the account of visits balances at the end, nothing open.
    message : somebody is told, where something went wrong.
    truth : outcome and reason name what happened.
    recovery : it goes on by itself, or repaired and resumed it comes to its end.
    became : how the run ended, in words. `note` : what a reader should know beside that.
    reason : why it was not measured; "" where it was.
    """

    fault: str
    when: When
    light: Mark = Mark.NONE
    light_s: float | None = None
    frames: Mark = Mark.NONE
    account: Mark = Mark.NONE
    message: Mark = Mark.NONE
    truth: Mark = Mark.NONE
    recovery: Mark = Mark.NONE
    became: str = ""
    note: str = ""
    reason: str = ""
    took_s: float = 0.0

    @property
    def good(self) -> bool:
        """No check came out as it should not."""
        return all(getattr(self, check) is not Mark.NO for check in CHECKS)

    @property
    def wrong(self) -> tuple[str, ...]:
        """The checks that did."""
        return tuple(check for check in CHECKS if getattr(self, check) is Mark.NO)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault.

    Attributes
    ----------
    name : as `--only` has it. `title`: for readers. `how`: how it is brought about.
    group : heading in the table.
    word : occurs (in lower case) in what is said of it, or one of several, with | between them; ""
        where it cannot be noticed.
    skip : states in which it makes no sense, and why.
    limit : what is known not to be met, and why; stands below the table.
    long : its cells take long, and are begun first.
    """

    name: str
    title: str
    how: str
    group: str
    word: str
    skip: dict[When, str] = field(default_factory=dict)
    limit: str = ""
    long: bool = False


def mark(good: bool) -> Mark:
    """YES or NO."""
    return Mark.YES if good else Mark.NO
