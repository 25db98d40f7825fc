"""The planner as a LangGraph graph: understand -> draft -> check -> estimate -> ask or confirm.

    understand --> draft --> check --> estimate --> confirm --> END
                    ^  \\        \\
                    |   +--> ask <+      a refusal, or an answer to a pure question, ends it
                    +---------+

Questions and the confirmation are interrupts: the state is checkpointed, so that a question can be
answered in the terminal, by another program, or days later. The state holds words and answers
only; everything else follows from them by code, again and again the same.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from agent.planner.answer import cost_in_words
from agent.planner.answers import answered
from agent.planner.chat import Told
from agent.planner.complete import complete
from agent.planner.draft import Draft, Intent, Question
from agent.planner.proposal import Outcome, Proposal, propose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from langgraph.checkpoint.base import BaseCheckpointSaver

    from agent.check import InstrumentFacts
    from agent.planner.readers import Reader
    from hardware.data import MicroscopeConfig

MOST_ANSWERS = 40  # then the planner gives up
LONGEST_INSTRUCTION = 20_000  # characters
LONGEST_ANSWER = 2000


class PlannerState(TypedDict, total=False):
    """What is checkpointed: plain words."""

    instruction: str
    microscope: str  # as it was named
    now: str  # local time of the instruction, ISO 8601
    told: Told  # what a model said of it; empty where none was asked
    answers: list[list[str]]  # [slot, words], in order
    outcome: str
    cost: str  # of the plan, in words
    confirmed_by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands: the draft with the answers in it, and questions put anew."""

    draft: Draft
    anew: tuple[Question, ...] = ()


class PlannerGraph:
    """One instruction for each thread.

    Parameters
    ----------
    reader : the embedded planner's, or a chat model's with the embedded one behind it. It is asked
        once for each instruction; what it says is kept with the conversation.
    saver : where interrupted conversations are kept.
    microscope : the name that is kept with them; the configuration's own where left out.
    """

    def __init__(
        self,
        reader: Reader,
        config: MicroscopeConfig,
        facts: InstrumentFacts | None,
        saver: BaseCheckpointSaver[Any],
        microscope: str = "",
    ) -> None:
        self._reader = reader
        self._config = config
        self._facts = facts
        self._microscope = microscope or config.name
        self._known: dict[str, tuple[Standing, Proposal]] = {}
        graph = StateGraph(PlannerState)
        for name, node in (
            ("understand", self._understand),
            ("draft", self._draft),
            ("check", self._check),
            ("estimate", self._estimate),
            ("ask", self._ask),
            ("confirm", self._confirm),
        ):
            graph.add_node(name, node)
        graph.add_edge(START, "understand")
        graph.add_edge("understand", "draft")
        graph.add_conditional_edges("draft", self._after_draft, ["ask", "check", END])
        graph.add_conditional_edges("check", self._after_check, ["ask", "estimate", END])
        graph.add_edge("estimate", "confirm")
        graph.add_edge("ask", "draft")
        graph.add_edge("confirm", END)
        self.graph = graph.compile(checkpointer=saver)

    # ------------------------------------------------------------------ from outside

    def begin(self, thread: str, instruction: str, now: dt.datetime) -> dict[str, Any] | None:
        """Start; returns what is asked (`questions` or `confirm`), None when it is over.

        Raises ValueError, one line, where the thread has been begun before, or for an instruction
        that is a book.
        """
        if self.state(thread):
            raise ValueError(f"conversation {thread} has been begun already")
        if len(instruction) > LONGEST_INSTRUCTION:
            raise ValueError(f"an instruction has at most {LONGEST_INSTRUCTION:,} characters")
        state = PlannerState(
            instruction=_text(instruction),
            microscope=self._microscope,
            now=now.isoformat(),
            told={},
            answers=[],
            outcome="",
            cost="",
            confirmed_by="",
        )
        self.graph.invoke(state, self._at(thread), durability="sync")
        return self.waiting(thread)

    def answer(self, thread: str, given: Mapping[str, str] | str) -> dict[str, Any] | None:
        """Go on with answers (slot -> words; words alone answer the first question).

        Raises ValueError, one line, where the conversation waits for none, or nothing is asked
        about a slot; then nothing was taken.
        """
        waiting = self.waiting(thread) or {}
        if "questions" not in waiting:
            raise ValueError(f"conversation {thread} waits for no answer")
        asked = [question["slot"] for question in waiting["questions"]]
        answers = {asked[0]: given} if isinstance(given, str) else dict(given)
        for slot, words in answers.items():
            if slot not in asked:
                raise ValueError(f"nothing is asked about {slot}, only about {', '.join(asked)}")
            if len(words) > LONGEST_ANSWER:
                raise ValueError(f"{slot}: an answer has at most {LONGEST_ANSWER} characters")
        return self._resume(thread, answers)

    def confirm(self, thread: str, who: str) -> None:
        """Somebody wants this plan. ValueError where none is waiting for that."""
        if "confirm" not in (self.waiting(thread) or {}):
            raise ValueError(f"conversation {thread} has no plan to confirm")
        if not who.strip():
            raise ValueError("a plan is confirmed by somebody")
        self._resume(thread, who)

    def waiting(self, thread: str) -> dict[str, Any] | None:
        """What an interrupted conversation waits for: `questions` or `confirm`."""
        interrupts = self.graph.get_state(self._at(thread)).interrupts
        return dict(interrupts[0].value) if interrupts else None

    def state(self, thread: str) -> PlannerState:
        """As checkpointed; empty for an unknown thread."""
        values: PlannerState = self.graph.get_state(self._at(thread)).values  # type: ignore[assignment]
        return values

    def proposal(self, thread: str) -> Proposal:
        """Where a conversation stands. ValueError for an unknown thread."""
        state = self.state(thread)
        if not state:
            raise ValueError(f"there is no conversation {thread}")
        return self._propose(state)

    # ------------------------------------------------------------------ nodes

    def _understand(self, state: PlannerState) -> PlannerState:
        now = dt.datetime.fromisoformat(state["now"])
        return {"told": self._reader.ask(state["instruction"], self._config, now)}

    def _draft(self, state: PlannerState) -> PlannerState:
        standing = self._stand(state)
        full = complete(standing.draft, self._config)
        if full.refusals:
            outcome: str = Outcome.REFUSE
        elif full.intent is Intent.ANSWER:
            outcome = Outcome.ANSWER
        else:
            outcome = Outcome.ASK if full.questions or standing.anew else ""
        return {"outcome": str(outcome)}

    def _after_draft(self, state: PlannerState) -> str:
        if state["outcome"] == Outcome.ASK:
            return "ask" if len(state["answers"]) < MOST_ANSWERS else END
        return END if state["outcome"] else "check"

    def _check(self, state: PlannerState) -> PlannerState:
        return {"outcome": str(self._propose(state).outcome)}

    def _after_check(self, state: PlannerState) -> str:
        if state["outcome"] == Outcome.ASK:
            return "ask" if len(state["answers"]) < MOST_ANSWERS else END
        return "estimate" if state["outcome"] == Outcome.PLAN else END

    def _estimate(self, state: PlannerState) -> PlannerState:
        cost = self._propose(state).cost
        return {"cost": cost_in_words(cost) if cost is not None else ""}

    def _ask(self, state: PlannerState) -> PlannerState:
        questions = [
            {
                "slot": q.slot,
                "text": q.text,
                "choices": list(q.choices),
                "proposed": q.proposed,
            }
            for q in self._propose(state).draft.questions
        ]
        given = interrupt({"questions": questions})
        new = [[str(slot), _text(str(words))] for slot, words in dict(given).items()]
        return {"answers": [*state["answers"], *new]}

    def _confirm(self, state: PlannerState) -> PlannerState:
        return {"confirmed_by": str(interrupt({"confirm": True}))}

    # ------------------------------------------------------------------ inside

    def _at(self, thread: str) -> Any:
        return {"configurable": {"thread_id": thread}}

    def _resume(self, thread: str, given: Any) -> dict[str, Any] | None:
        self.graph.invoke(Command(resume=given), self._at(thread), durability="sync")
        return self.waiting(thread)

    def _propose(self, state: PlannerState) -> Proposal:
        return self._both(state, len(state.get("answers", ())))[1]

    def _stand(self, state: PlannerState) -> Standing:
        return self._both(state, len(state.get("answers", ())))[0]

    def _both(self, state: PlannerState, answers: int) -> tuple[Standing, Proposal]:
        """Standing and proposal after so many answers; each is worked out once."""
        told = state.get("told") or {}
        given = state.get("answers", [])[:answers]
        key = json.dumps([state["instruction"], state["now"], told, given], sort_keys=True)
        if key not in self._known:
            if answers:
                standing = self._answered(state, answers)
            else:
                now = dt.datetime.fromisoformat(state["now"])
                read = self._reader.draft(state["instruction"], told, self._config, now)
                standing = Standing(read)
            proposal = propose(standing.draft, self._config, self._facts)
            if standing.anew and proposal.outcome in (Outcome.PLAN, Outcome.ASK):
                kept = [q for q in proposal.draft.questions if q.slot not in _slots(standing.anew)]
                draft = replace(proposal.draft, questions=(*standing.anew, *kept))
                proposal = Proposal(draft)
            self._known[key] = standing, proposal
        return self._known[key]

    def _answered(self, state: PlannerState, answers: int) -> Standing:
        before, proposal = self._both(state, answers - 1)
        slot, words = state["answers"][answers - 1]
        question = next((q for q in proposal.draft.questions if q.slot == slot), None)
        if question is None:  # an earlier answer of the same breath has settled it
            return before
        now = dt.datetime.fromisoformat(state["now"])
        result = answered(before.draft, question, words, self._config, now)
        anew = tuple(q for q in before.anew if q.slot != slot)
        if isinstance(result, Draft):
            return Standing(result, tuple(q for q in anew if q.slot not in result.said))
        known = result == question and question not in before.anew
        return Standing(before.draft, anew if known else (*anew, result))


def _text(words: str) -> str:
    """Without what is no text (half a surrogate pair) and cannot be stored."""
    return words.encode(errors="replace").decode()


def _slots(questions: tuple[Question, ...]) -> set[str]:
    return {question.slot for question in questions}
