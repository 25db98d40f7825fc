"""The search: look at every field first, then go on with the best ones only.

Target-driven in the terms of the Smart Microscopy Working Group review (2026): a survey finds the
fields that are worth the light, the rest is left alone. It goes before another policy (fixed or
watch), which is asked from the first verdict on, but starts no burst during the survey: a burst
would give light and time to a field that may not be kept, and make the other fields' looks late. A
second look and autofocus are allowed: a field out of focus would else have no evidence.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from policies.action import Decision, Keep
from policies.search_evidence import By, Evidence, in_words, ranked, value_of

if TYPE_CHECKING:
    from policies.policy import Json, Memory, Policy, Situation
    from policies.verdict import Verdict

SHOWN = 12  # fields named in a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameters:
    """How to choose.

    Attributes
    ----------
    fields : all of the plan's, in its order, which decides between equals.
    best : so many are kept.
    by : what makes a field good.
    rounds : of the baseline that the survey takes; the mean over a field's looks counts.
    target : what the judge is asked for; needed to choose by it.
    """

    fields: tuple[str, ...]
    best: int
    by: By
    rounds: int = 1
    target: str = ""

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense; ValueError names the parameter."""
        for name, value in (("best", self.best), ("rounds", self.rounds)):
            if value < 1:
                raise ValueError(f"{name} ({value}): need 1 or more")
        if self.by == "target" and not self.target:
            raise ValueError("by target: nobody says which")


class SearchPolicy:
    """Surveys, keeps the best fields, and leaves everything else to the policy that follows."""

    def __init__(self, parameters: SearchParameters, then: Policy) -> None:
        self.parameters = parameters
        self.then = then

    @property
    def name(self) -> Literal["search"]:
        """As it appears in decisions."""
        return "search"

    def start(self) -> Memory:
        """The memory of a run that has seen nothing."""
        return _memory({}, self.parameters.rounds, None, self.then.start())

    def decide(
        self, memory: Memory, verdict: Verdict, situation: Situation
    ) -> tuple[Memory, Decision]:
        """Answer one verdict; `memory` is left as it was."""
        then = cast("Memory", memory["then"])
        kept = cast("list[str] | None", memory["kept"])
        rounds = cast("int", memory["rounds"])
        if kept is None:
            return self._survey(_looks(memory), rounds, then, verdict, situation)
        if verdict.fov not in kept:
            reason = f"{verdict.fov}: left by the search, nothing to decide"
            return dict(memory), self._decision(verdict, reason)
        then, decision = self.then.decide(then, verdict, situation)
        return _memory({}, rounds, kept, then), decision

    def _survey(
        self,
        looks: dict[str, Evidence],
        rounds: int,
        then: Memory,
        verdict: Verdict,
        situation: Situation,
    ) -> tuple[Memory, Decision]:
        """Note what this look says of its field; choose when the last round is over."""
        want, fov = self.parameters, verdict.fov
        value, why_not = value_of(verdict, want.by, want.target, late=situation.late)
        if value is not None:
            looks[fov] = looks.get(fov, Evidence()).with_look(value, verdict.visit_id)
        over = situation.rounds_over >= rounds
        barred = f"the survey goes first (round {min(situation.rounds_over + 1, rounds)})"
        then, inner = self.then.decide(
            then, verdict, dataclasses.replace(situation, barred=situation.barred or barred)
        )
        said = why_not if value is None else in_words(value, want.by)
        reason = f"{inner.reason}; survey: {said}"
        if not over:
            same = inner.model_copy(update={"reason": reason})
            return _memory(looks, rounds, None, then), same
        if not looks:
            again = f"{reason}; no field has any evidence, so the survey takes one more round"
            decision = inner.model_copy(update={"reason": again})
            return _memory(looks, situation.rounds_over + 1, None, then), decision
        order = ranked(looks, want.fields)
        kept = order[: want.best]
        decision = Decision(
            visit_id=verdict.visit_id,
            policy=self.name,
            actions=(Keep(fovs=tuple(kept), why=self._why_left(looks)), *inner.actions),
            reason=f"{self._ranking(looks, order, rounds)}; {reason}",
            cites=tuple(dict.fromkeys((*inner.cites, *(looks[name].visit for name in kept)))),
        )
        return _memory({}, rounds, kept, then), decision

    def _why_left(self, looks: dict[str, Evidence]) -> str:
        """The reason of every visit that is not made."""
        if len(looks) <= self.parameters.best:
            return "left: no evidence in the survey"
        return f"left: not among the best {self.parameters.best}"

    def _ranking(self, looks: dict[str, Evidence], order: list[str], rounds: int) -> str:
        """What was kept and what was left, with the numbers, in one line."""
        want = self.parameters
        kept, left = order[: want.best], order[want.best :]
        blank = [name for name in want.fields if name not in looks]

        def listed(names: list[str]) -> str:
            shown = [f"{name} ({in_words(looks[name].mean, want.by)})" for name in names[:SHOWN]]
            more = len(names) - SHOWN
            return ", ".join(shown) + (f" and {more} more" if more > 0 else "")

        by = f"mean probability of {want.target}" if want.by == "target" else f"mean {want.by}"
        took = "1 round" if rounds == 1 else f"{rounds} rounds"
        parts = [f"survey over after {took}: kept {listed(kept)} by {by}"]
        if left:
            parts.append(f"left {listed(left)}")
        if blank:
            more = f" and {len(blank) - SHOWN} more" if len(blank) > SHOWN else ""
            parts.append(f"left without evidence {', '.join(blank[:SHOWN])}{more}")
        if len(kept) < want.best:
            parts.append(f"{want.best} were asked for, no more have evidence")
        return "; ".join(parts)

    def _decision(self, verdict: Verdict, reason: str) -> Decision:
        return Decision(
            visit_id=verdict.visit_id, policy=self.name, reason=reason, cites=(verdict.visit_id,)
        )


def _memory(
    looks: dict[str, Evidence], rounds: int, kept: list[str] | None, then: Memory
) -> Memory:
    seen: dict[str, Json] = {name: found.to_json() for name, found in looks.items()}
    names: Json = None if kept is None else list(kept)
    return {"looks": seen, "rounds": rounds, "kept": names, "then": then}


def _looks(memory: Memory) -> dict[str, Evidence]:
    seen = cast("dict[str, tuple[float, int, int]]", memory["looks"])
    return {name: Evidence(*found) for name, found in seen.items()}
