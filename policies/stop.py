"""The plan's own end: after so many events, or when the cells have covered so much.

Outcome-driven in the terms of the Smart Microscopy Working Group review (2026). It goes round
another policy: once the end is reached no burst begins any more, and the run ends when none is
running. One frame lies, so a confluence counts only when the mean stayed up while every field was
looked at once more.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from hardware.data import VisitKind
from policies.action import Burst, EndBurst, Stop
from policies.search_evidence import value_of

if TYPE_CHECKING:
    from policies.action import Decision
    from policies.policy import Json, Memory, Policy, Situation
    from policies.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StopParameters:
    """When a run has what it was made for; None: never for this reason.

    Attributes
    ----------
    fields : all of the plan's. A field that is left alone is not waited for.
    after_events : so many bursts, over all fields.
    confluence : covered share (0 to 1), averaged over the last look at each field.
    """

    fields: tuple[str, ...]
    after_events: int | None = None
    confluence: float | None = None


@dataclass(slots=True)
class _Memory:
    """`seen`: each field's last confluence. `above`: baseline looks in a row with a mean at or
    above the one asked for. `reached`: in words, once it is.
    """

    seen: dict[str, float]
    above: int
    reached: str


class StopPolicy:
    """Ends the run when the plan's condition is met; everything else is the inner policy's."""

    def __init__(self, parameters: StopParameters, then: Policy) -> None:
        self.parameters = parameters
        self.then = then

    @property
    def name(self) -> Literal["stop"]:
        """As it appears in decisions."""
        return "stop"

    def start(self) -> Memory:
        """The memory of a run that has seen nothing."""
        return {"seen": {}, "above": 0, "reached": "", "then": self.then.start()}

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        """Answer one verdict; `memory` is left as it was."""
        mine = _Memory(
            dict(cast("dict[str, float]", memory["seen"])),
            cast("int", memory["above"]),
            cast("str", memory["reached"]),
        )
        if not mine.reached:
            mine.reached = self._events(situation) or self._confluence(mine, verdict, situation)
        if mine.reached:
            barred = situation.barred or f"the run ends {mine.reached}"
            situation = dataclasses.replace(situation, barred=barred)
        then, decision = self.then.decide(cast("Memory", memory["then"]), verdict, situation)
        if mine.reached:
            decision = self._end(decision, mine.reached, situation)
        seen: dict[str, Json] = dict(mine.seen)
        return {"seen": seen, "above": mine.above, "reached": mine.reached, "then": then}, decision

    def _events(self, situation: Situation) -> str:
        """The end by number of events, in words; "" before."""
        wanted, begun = self.parameters.after_events, sum(situation.events.values())
        if wanted is None or begun < wanted:
            return ""
        return "after 1 event" if begun == 1 else f"after {begun} events"

    def _confluence(self, mine: _Memory, verdict: Verdict, situation: Situation) -> str:
        """Take this look in; the end by confluence, in words; "" before."""
        wanted = self.parameters.confluence
        if wanted is None:
            return ""
        value, _ = value_of(verdict, "confluence", "", late=situation.late)
        if value is None or situation.kind is not VisitKind.BASELINE:
            return ""
        mine.seen[verdict.fov] = value
        counted = [name for name in self.parameters.fields if name not in situation.left]
        known = [mine.seen[name] for name in counted if name in mine.seen]
        mean = sum(known) / len(known) if known else 0.0
        if len(known) < len(counted) or mean < wanted:
            mine.above = 0
            return ""
        mine.above += 1
        if mine.above <= len(counted):
            return ""
        over = "1 field" if len(counted) == 1 else f"{len(counted)} fields"
        return f"at {100 * mean:.0f} % confluence ({over}; {100 * wanted:g} % asked for)"

    def _end(self, decision: Decision, reached: str, situation: Situation) -> Decision:
        """End now, or once the last burst is over."""
        running = set(situation.bursting)
        for action in decision.actions:
            if isinstance(action, Burst):
                running.add(action.fov)
            elif isinstance(action, EndBurst):
                running.discard(action.fov)
        if running:
            still = ", ".join(sorted(running))
            waits = f"the run ends {reached}, once the last burst is over ({still})"
            return decision.model_copy(update={"reason": f"{decision.reason}; {waits}"})
        return decision.model_copy(
            update={
                "policy": self.name,
                "actions": (Stop(reached=reached), *decision.actions),
                "reason": f"the run ends {reached}; {decision.reason}",
            }
        )
