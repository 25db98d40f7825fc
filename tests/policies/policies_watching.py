"""Short ways to tell a policy what a judge said and what the run is doing."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field

from hardware.data import VisitKind
from policies.action import Decision
from policies.policy import Memory, Situation
from policies.verdict import Focus, FocusState, Verdict, abstention
from policies.watch import WatchPolicy
from policies.watch_parameters import WatchParameters

FIELDS = ("A1", "A2", "A3", "B1")


def verdict(
    visit: int,
    fov: str,
    p: float | None,
    focus: FocusState = FocusState.IN,
    target: str = "mitosis",
) -> Verdict:
    """A verdict with probability `p`; None: the judge abstained."""
    if p is None:
        said = abstention(visit, fov, "test", target, "out of focus")
        return said.model_copy(update={"focus": Focus(state=focus, score=0.5)})
    return Verdict(
        visit_id=visit,
        fov=fov,
        judge="test",
        target=target,
        focus=Focus(state=focus, score=0.5),
        p_target=p,
        count=1,
    )


@dataclass
class Watch:
    """A watch policy in a run that does what it says. Times in seconds."""

    parameters: WatchParameters = field(default_factory=WatchParameters)
    burst_s: float = 2400.0
    now: float = 0.0
    visit: int = 0
    bursting: dict[str, float] = field(default_factory=dict)
    affordable: frozenset[str] = frozenset(FIELDS)
    refuse: bool = False  # the gate says no to every burst

    def __post_init__(self) -> None:
        self.policy = WatchPolicy(self.parameters)
        self.memory: Memory = self.policy.start()
        self.bursting_before: dict[str, float] = {}

    def look(
        self,
        fov: str,
        p: float | None,
        *,
        after: float = 60.0,
        focus: FocusState = FocusState.IN,
        late: bool = False,
        started: float | None = None,
        target: str = "mitosis",
    ) -> Decision:
        """Let `after` seconds pass, judge a visit of `fov`, apply the decision."""
        self.now += after
        self.visit += 1
        self.bursting = {fov: t for fov, t in self.bursting.items() if t > self.now}
        situation = Situation(
            kind=VisitKind.BASELINE,
            started_s=self.now - 0.2 if started is None else started,
            now_s=self.now,
            bursting=dict(self.bursting),
            late=late,
            affordable=self.affordable,
        )
        situation = self.situation(situation)
        self.bursting_before = dict(self.bursting)
        before = copy.deepcopy(self.memory)
        said = verdict(self.visit, fov, p, focus, target)
        memory, decision = self.policy.decide(self.memory, said, situation)
        assert self.memory == before, "decide changed the memory it was given"
        assert json.loads(json.dumps(memory)) == memory
        assert self.policy.decide(self.memory, said, situation) == (memory, decision)
        self.memory = memory
        for action in decision.actions:
            if action.action == "burst" and not self.refuse:
                self.bursting[action.fov] = self.now + self.burst_s
            elif action.action == "end_burst":
                del self.bursting[action.fov]
        return decision

    def situation(self, situation: Situation) -> Situation:
        """What else the run knows; as it is."""
        return situation


def names(decision: Decision) -> list[str]:
    """The actions of a decision in short: "burst A1"."""
    return [f"{action.action} {getattr(action, 'fov', '')}".strip() for action in decision.actions]
