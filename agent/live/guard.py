"""Guards of a running run: each is asked before a visit begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from hardware.data import Visit


GUARD = "guard"  # in a person's place: who has paused the run


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a guard found, in one line.

    `then`: `pause` until a person resumes the run, `stop` it in order, or only `note` it.
    `kind` is a short stable name (`operator_touch`, `clock_jump`, ...), for messages.
    """

    kind: str
    then: Literal["pause", "stop", "note"]
    what: str


class Guard(Protocol):
    """Looks at something before each visit; cheap, and in the thread that holds the instrument."""

    def check(self, now_s: float) -> Trouble | None:
        """What is wrong at run time `now_s`; None when nothing is. Never raises."""


@runtime_checkable
class Watching(Protocol):
    """A guard that also wants to know what goes on between its checks. Never raises either."""

    def look(self, paused: bool) -> Trouble | None:
        """Between visits, every few moments; also while the run is paused."""

    def over(self, visit: Visit, failed: bool) -> None:
        """A visit is over; `failed`: for a device's fault."""

    def resumed(self) -> None:
        """A person has resumed a paused run: how the instrument is now is how it is to be."""
