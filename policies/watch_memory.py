"""What the watch policy remembers of each field, and its JSON form (exact both ways)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.policy import Json, Memory


@dataclass(frozen=True, slots=True)
class Look:
    """One verdict that counts: its visit, its probability, when the visit started (run time)."""

    visit: int
    p: float
    time_s: float


@dataclass(slots=True)
class FieldMemory:
    """One field. Times are run time in seconds; None: has not happened.

    Attributes
    ----------
    looks : the last K that count, oldest first; emptied when a burst starts or ends.
    since_s : looks that started before this do not count (start or end of the last burst).
    burst_s, until_s : start of the burst asked for, and the end that the situation tells of it.
    ended_s : end of the last burst.
    in_view, gone : the last burst ended by itself; since then the target was seen to be gone.
    waiting_s : in line for a burst, having been seen positive first at this time.
    soft : looks in a row that were not quite sharp.
    refocus_s, refocus_tries : last time autofocus was asked for, and how often in vain.
    """

    looks: list[Look] = field(default_factory=list)
    since_s: float = 0.0
    burst_s: float | None = None
    until_s: float | None = None
    ended_s: float | None = None
    in_view: bool = False
    gone: bool = False
    waiting_s: float | None = None
    soft: int = 0
    refocus_s: float | None = None
    refocus_tries: int = 0

    def to_json(self) -> Json:
        """As plain JSON values."""
        return {
            "looks": [[look.visit, look.p, look.time_s] for look in self.looks],
            "since_s": self.since_s,
            "burst_s": self.burst_s,
            "until_s": self.until_s,
            "ended_s": self.ended_s,
            "in_view": self.in_view,
            "gone": self.gone,
            "waiting_s": self.waiting_s,
            "soft": self.soft,
            "refocus_s": self.refocus_s,
            "refocus_tries": self.refocus_tries,
        }

    def add(self, look: Look, keep: int) -> None:
        """Append a look, keep the last `keep`."""
        self.looks = [*self.looks, look][-keep:]

    def start_burst(self, now_s: float) -> None:
        """A burst was asked for: evidence starts afresh."""
        self.burst_s, self.until_s, self.waiting_s = now_s, None, None
        self.in_view = self.gone = False
        self._forget(now_s)

    def end_burst(self, ended_s: float, *, in_view: bool) -> None:
        """The burst is over: evidence starts afresh."""
        self.burst_s = self.until_s = None
        self.ended_s, self.in_view, self.gone = ended_s, in_view, False
        self._forget(ended_s)

    def armed(self, now_s: float, rearm_after_s: float) -> bool:
        """True when a burst would be a new reaction, not a second one to the same event."""
        if self.ended_s is None or now_s >= self.ended_s + rearm_after_s:
            return True
        return self.in_view and self.gone

    def _forget(self, since_s: float) -> None:
        self.looks, self.since_s = [], since_s


def field_from_json(value: Json) -> FieldMemory:
    """The inverse of `FieldMemory.to_json`; the lists are new ones."""
    items = dict(cast("dict[str, Json]", value))
    looks = cast("Sequence[tuple[int, float, float]]", items.pop("looks"))
    memory = FieldMemory(looks=[Look(visit, p, time_s) for visit, p, time_s in looks])
    for name, item in items.items():
        setattr(memory, name, item)
    return memory


def load(memory: Memory) -> dict[str, FieldMemory]:
    """All fields of a policy's memory, as copies."""
    fields = cast("dict[str, Json]", memory.get("fields", {}))
    return {name: field_from_json(value) for name, value in fields.items()}


def dump(fields: dict[str, FieldMemory]) -> Memory:
    """The policy's memory as JSON values."""
    return {"fields": {name: value.to_json() for name, value in fields.items()}}
