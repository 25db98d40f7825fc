"""The loop: acquire -> analyze -> decide -> act, a LangGraph graph, one lap per visit.

Only ids and the policy's memory are in the graph's state; pixels never are. Each node can be
repeated after a crash: verdict and decision are written once per visit, keyed by it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.graph import END, START, StateGraph

from agent import situation as situations
from agent.checkpoints import JournalSaver
from agent.handoff import HandoffClosed
from agent.journal.states import VerdictState
from hardware.data import VisitKind
from policies.action import Decision, Revisit

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.act import Actor
    from agent.handoff import FinishedVisit, Handoff
    from agent.journal.journal import Journal
    from agent.perception import Perception
    from agent.progress import Progress
    from policies.policy import Memory, Policy

THREAD = "run"


class LoopState(TypedDict, total=False):
    """What is checkpointed after each lap."""

    lap: int  # the visit of the last lap that came to its end
    memory: dict[str, Any]  # after it: policies.policy.Memory (LangGraph wants no recursive alias)
    # of the lap under way; LangGraph saves these even where a node raises
    visit: int | None  # None: no more visits
    next_memory: dict[str, Any]
    decision: str  # JSON
    situation: str


class Loop:
    """Runs laps until the run is over."""

    def __init__(
        self,
        journal: Journal,
        handoff: Handoff,
        perception: Perception,
        policy: Policy,
        actor: Actor,
        surroundings: situations.Surroundings,
        progress: Progress,
        *,
        now: Callable[[], float],
        on_late: str,
    ) -> None:
        self._journal = journal
        self._handoff = handoff
        self._perception = perception
        self._policy = policy
        self._actor = actor
        self._surroundings = surroundings
        self._progress = progress
        self._now = now
        self._on_late = on_late
        self._visit: FinishedVisit | None = None
        graph = StateGraph(LoopState)
        graph.add_node("acquire", self._acquire)
        graph.add_node("analyze", self._analyze)
        graph.add_node("decide", self._decide)
        graph.add_node("act", self._act)
        graph.add_edge(START, "acquire")
        graph.add_conditional_edges(
            "acquire", lambda state: "analyze" if state["visit"] is not None else END
        )
        graph.add_edge("analyze", "decide")
        graph.add_edge("decide", "act")
        graph.add_edge("act", END)
        self.graph = graph.compile(checkpointer=JournalSaver(journal.database))
        self._config: Any = {"configurable": {"thread_id": THREAD}}

    def run(self) -> None:
        """Laps until there are no more visits. Raises what a node raises."""
        with contextlib.suppress(HandoffClosed):
            while self.lap() is not None:
                pass

    def lap(self) -> int | None:
        """One visit, from taking it to acting on it; its id, None when there are no more."""
        visit: int | None = self.graph.invoke({}, self._config, durability="exit")["visit"]
        return visit

    def last_lap(self) -> int | None:
        """The visit of the last checkpointed lap that came to its end."""
        visit: int | None = self.graph.get_state(self._config).values.get("lap")
        return visit

    # ------------------------------------------------------------------ nodes

    def _acquire(self, state: LoopState) -> LoopState:
        """Take the next finished visit; its frames are in the store already."""
        self._visit = self._handoff.take()
        return {"visit": None if self._visit is None else self._visit.id}

    def _analyze(self, state: LoopState) -> LoopState:
        """Judge the visit, unless an earlier lap that did not end has done so.

        No verdict is in the journal before it is ready: a rehearsal that ends here leaves the same
        journal however fast the judge really was.
        """
        visit = self._taken()
        mind = self._journal.mind
        known = mind.verdict(visit.id)
        judged = known or self._perception.look(visit, self._handoff.ready_s(visit.id))
        self._handoff.wait_turn(judged.ready_s)
        if known is None:
            mind.write_verdict(judged.state, judged.ready_s, judged.verdict)
        return {}

    def _decide(self, state: LoopState) -> LoopState:
        """Ask the policy, with what it remembers and what it may know."""
        visit = self._taken()
        judged = self._journal.mind.verdict(visit.id)
        if judged is None:
            raise RuntimeError(f"visit {visit.id} reached decide without a verdict")
        known = self._journal.mind.situation(visit.id)
        if known is not None:  # decided before a crash: the same situation gives the same memory
            situation = situations.from_json(known)
        else:
            now_s = self._decision_time(judged.ready_s)
            late = judged.state is VerdictState.LATE
            situation = self._surroundings.of(visit, now_s, late=late)
        memory: Memory = state.get("memory") or self._policy.start()
        if situation.late:
            decision = self._late(visit)
        else:
            memory, decision = self._policy.decide(memory, judged.verdict, situation)
        if decision.visit_id != visit.id:
            raise RuntimeError(f"decision on visit {decision.visit_id}, asked for {visit.id}")
        return {
            "next_memory": memory,
            "decision": decision.model_dump_json(),
            "situation": situations.to_json(situation),
        }

    def _act(self, state: LoopState) -> LoopState:
        """Change the schedule, once per visit."""
        visit = self._taken()
        decision = Decision.model_validate_json(state["decision"])
        if self._journal.mind.situation(visit.id) is None:
            now_s = situations.from_json(state["situation"]).now_s
            applied = self._actor.apply(decision, now_s, state["situation"])
            if decision.actions:
                self._progress.decided(now_s, visit.fov, decision.reason, tuple(applied))
        self._actor.stop_if_wanted(decision)
        self._handoff.decided()
        self._visit = None
        memory = state["next_memory"]
        return {
            "lap": visit.id,
            "memory": memory,
            "next_memory": {},
            "decision": "",
            "situation": "",
        }

    # ------------------------------------------------------------------ inside

    def _taken(self) -> FinishedVisit:
        if self._visit is None:
            raise RuntimeError("a lap without a visit")
        return self._visit

    def _decision_time(self, ready_s: float) -> float:
        """On the simulated clock decisions fall when their verdict is ready; else now."""
        return ready_s if self._handoff.simulated else self._now()

    def _late(self, visit: FinishedVisit) -> Decision:
        """The plan's default for a verdict that missed its deadline; the policy is not asked.

        Looked at once more at most: with a judge that is always late, each visit would else ask
        for the next.
        """
        again = self._on_late == "revisit" and visit.kind is not VisitKind.REVISIT
        return Decision(
            visit_id=visit.id,
            policy="plan default",
            actions=(Revisit(fov=visit.fov),) if again else (),
            reason=f"{visit.fov}: the verdict came too late and was not used",
            cites=(visit.id,),
        )
