"""The planner as a LangGraph graph: understand -> draft -> check -> estimate -> ask or confirm.

Questions and the confirmation are interrupts: the state is checkpointed, so that a question can be
answered in the terminal, by another program, or days later. The state holds words and answers
only; everything else follows from them by code, again and again the same.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from agent.planner.answers import answered
from agent.planner.draft import Draft, Question
from agent.planner.proposal import Outcome, propose

if TYPE_CHECKING:
    from collections.abc import Callable

    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agent.check import InstrumentFacts
    from agent.planner.proposal import Proposal
    from hardware.data import MicroscopeConfig

MOST_QUESTIONS = 20  # then the planner gives up


class PlannerState(TypedDict, total=False):
    """What is checkpointed."""

    instruction: str
    now: str  # local time of the instruction, ISO 8601
    answers: list[tuple[str, str]]  # (slot, words), in order
    outcome: str
    confirmed_by: str


class PlannerGraph:
    """One instruction at a time per thread.

    Parameters
    ----------
    read : makes a draft of an instruction: the embedded planner's, or a chat model's with the
        embedded one behind it.
    saver : where interrupted conversations are kept.
    """

    def __init__(
        self,
        read: Callable[[str, dt.datetime], Draft],
        config: MicroscopeConfig,
        facts: InstrumentFacts | None,
        saver: BaseCheckpointSaver[Any],
    ) -> None:
        self._read = read
        self._config = config
        self._facts = facts
        self._drafts: dict[tuple[str, str], Draft] = {}
        graph = StateGraph(PlannerState)
        graph.add_node("understand", self._understand)
        graph.add_node("draft", self._draft)
        graph.add_node("ask", self._ask)
        graph.add_node("confirm", self._confirm)
        graph.add_edge(START, "understand")
        graph.add_edge("understand", "draft")
        graph.add_conditional_edges("draft", self._next)
        graph.add_edge("ask", "draft")
        graph.add_edge("confirm", END)
        self.graph = graph.compile(checkpointer=saver)

    # ------------------------------------------------------------------ from outside

    def begin(self, thread: str, instruction: str, now: dt.datetime) -> dict[str, Any] | None:
        """Start; returns what is asked (`questions` or `confirm`), None when it is over."""
        state: PlannerState = {
            "instruction": instruction,
            "now": now.isoformat(),
            "answers": [],
            "outcome": "",
            "confirmed_by": "",
        }
        self.graph.invoke(state, self._at(thread))
        return self.waiting(thread)

    def answer(self, thread: str, given: Any) -> dict[str, Any] | None:
        """Go on with answers (slot -> words), or with who confirms ("" for nobody)."""
        self.graph.invoke(Command(resume=given), self._at(thread))
        return self.waiting(thread)

    def waiting(self, thread: str) -> dict[str, Any] | None:
        """What an interrupted conversation waits for."""
        interrupts = self.graph.get_state(self._at(thread)).interrupts
        return dict(interrupts[0].value) if interrupts else None

    def state(self, thread: str) -> PlannerState:
        """As checkpointed; empty for an unknown thread."""
        values: PlannerState = self.graph.get_state(self._at(thread)).values  # type: ignore[assignment]
        return values

    def proposal(self, thread: str) -> Proposal:
        """Where a conversation stands."""
        return self._propose(self.state(thread))

    # ------------------------------------------------------------------ nodes

    def _understand(self, state: PlannerState) -> PlannerState:
        self._said(state)
        return {}

    def _draft(self, state: PlannerState) -> PlannerState:
        return {"outcome": str(self._propose(state).outcome)}

    def _next(self, state: PlannerState) -> str:
        if state["outcome"] == Outcome.ASK and len(state["answers"]) < MOST_QUESTIONS:
            return "ask"
        return "confirm" if state["outcome"] == Outcome.PLAN else END

    def _ask(self, state: PlannerState) -> PlannerState:
        questions = self._propose(state).draft.questions
        given = interrupt(
            {
                "questions": [
                    {
                        "slot": q.slot,
                        "text": q.text,
                        "choices": list(q.choices),
                        "proposed": q.proposed,
                    }
                    for q in questions
                ]
            }
        )
        new = [(slot, str(words)) for slot, words in dict(given).items()]
        return {"answers": [*state["answers"], *new]}

    def _confirm(self, state: PlannerState) -> PlannerState:
        return {"confirmed_by": str(interrupt({"confirm": True}))}

    # ------------------------------------------------------------------ inside

    def _at(self, thread: str) -> Any:
        return {"configurable": {"thread_id": thread}}

    def _said(self, state: PlannerState) -> Draft:
        key = state["instruction"], state["now"]
        if key not in self._drafts:
            self._drafts[key] = self._read(key[0], dt.datetime.fromisoformat(key[1]))
        return self._drafts[key]

    def _propose(self, state: PlannerState) -> Proposal:
        draft = self._said(state)
        now = dt.datetime.fromisoformat(state["now"])
        unclear: list[Question] = []
        for slot, words in state.get("answers", ()):
            asked = propose(draft, self._config, self._facts).draft.questions
            question = next((q for q in asked if q.slot == slot), None)
            if question is None:
                continue
            result = answered(draft, question, words, self._config, now)
            if isinstance(result, Question):
                unclear.append(result)
            else:
                draft = result
        return propose(draft, self._config, self._facts)
