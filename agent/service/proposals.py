"""Instructions and plans that people bring: looked at, asked about, kept until submitted."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import check, instrument_facts, where
from agent.dump import dump_plan
from agent.estimate import estimate
from agent.finding import ConfigError, Level
from agent.load import LoadedPlan, load_microscope, load_plan
from agent.planner.answer import cost_in_words
from agent.planner.describe import describe
from agent.planner.facts import facts_of
from agent.planner.proposal import Outcome
from agent.planner.show import source, trouble, value
from agent.service.views import ProposalView, QuestionView, RefusalView, SourceView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from agent.finding import Finding
    from agent.plan import Plan
    from agent.plan_options import NotifyConfig
    from agent.planner.graph import PlannerGraph
    from agent.planner.proposal import Proposal
    from agent.service.queue import Queue

FROM_YAML = "y-"  # threads of plans that were given as they are
_OUTCOMES = {
    Outcome.PLAN: "plan",
    Outcome.ASK: "ask",
    Outcome.REFUSE: "refuse",
    Outcome.ANSWER: "answer",
}


class Proposals:
    """Conversations of one service; one at a time, since each takes well under a second.

    `reachable` says what of a plan's `notify` this service cannot send to.
    """

    def __init__(
        self,
        folder: Path,
        microscope: str,
        queue: Queue,
        reachable: Callable[[NotifyConfig], Sequence[Finding]] = lambda _: (),
    ) -> None:
        self._folder = folder
        self._named = microscope
        self._queue = queue
        self._reachable = reachable
        self._lock = threading.Lock()

    def instruct(self, words: str) -> ProposalView:
        """Begin a conversation."""
        from agent.planner.sessions import new_thread

        thread = new_thread()
        with self._lock, self._graph() as graph:
            try:
                graph.begin(thread, words, dt.datetime.now().replace(second=0, microsecond=0))
            except ValueError as error:
                return _refused(thread, words, "instruction", str(error), "Say less at once.")
            return self._view(graph.proposal(thread), thread, words)

    def answer(self, thread: str, answers: dict[str, str]) -> ProposalView | RefusalView:
        """Go on with a conversation."""
        with self._lock, self._graph() as graph:
            try:
                graph.answer(thread, answers)
            except ValueError as error:
                return RefusalView(
                    rule="conversation",
                    what=f"an answer in conversation {thread}",
                    limit=str(error),
                    remedy="Answer what is asked, or begin anew.",
                )
            words = graph.state(thread).get("instruction", "")
            return self._view(graph.proposal(thread), thread, words)

    def from_yaml(self, text: str) -> ProposalView:
        """A plan as YAML, held against the checks."""
        thread = FROM_YAML + secrets.token_hex(6)
        path = self._folder / f"{thread}.yaml"
        try:
            path.write_text(text, encoding="utf-8")
            loaded = load_plan(path)
        except ConfigError as error:
            said = [
                str(f).replace(f"{path}: ", "").replace(str(path), "plan") for f in error.findings
            ]
            return _refused(thread, "", "plan", "; ".join(said), "Put it right and send it again.")
        except (OSError, UnicodeError) as error:
            return _refused(thread, "", "plan", type(error).__name__, "Send it as UTF-8 text.")
        finally:
            path.unlink(missing_ok=True)
        return self._checked(thread, LoadedPlan(loaded.plan, Path("plan"), loaded.lines))

    def plan(self, thread: str, who: str) -> tuple[Plan, str] | None:
        """The plan of a proposal that a person approves, and its words; None: there is none."""
        if thread.startswith(FROM_YAML):
            text = self._queue.proposal(thread)
            return None if text is None else (_read(text), "")
        with self._lock, self._graph() as graph:
            try:
                proposal = graph.proposal(thread)
                if proposal.plan is None:
                    return None
                if "confirm" in (graph.waiting(thread) or {}):
                    graph.confirm(thread, who)
                return proposal.plan, graph.state(thread).get("instruction", "")
            except ValueError:
                return None

    # ------------------------------------------------------------------ inside

    @contextlib.contextmanager
    def _graph(self) -> Iterator[PlannerGraph]:
        from agent.planner.graph import PlannerGraph
        from agent.planner.readers import EmbeddedReader
        from agent.planner.remember import remembering
        from agent.planner.sessions import conversations

        microscope = load_microscope(self._named)
        with conversations(self._folder) as saver:
            reader = remembering(EmbeddedReader(), None)
            facts = instrument_facts(microscope)
            yield PlannerGraph(reader, microscope.config, facts, saver, self._named)

    def _checked(self, thread: str, loaded: LoadedPlan) -> ProposalView:
        microscope = load_microscope(self._named)
        found = self._with_messages(
            loaded.plan,
            check(
                loaded.plan,
                microscope.config,
                facts=instrument_facts(microscope),
                where=where(loaded, microscope),
            ),
        )
        bad = tuple(
            RefusalView(
                rule=f.key or "plan",
                what=f.key or "the plan",
                limit=f.message,
                remedy=f.remedy or "Put it right.",
            )
            for f in found
            if f.level is Level.ERROR
        )
        text = dump_plan(loaded.plan)
        if bad:
            return ProposalView(
                thread=thread, outcome="refuse", words="", plan_yaml=text, refusals=bad
            )
        self._queue.keep_proposal(thread, text)
        return ProposalView(
            thread=thread,
            outcome="plan",
            words="",
            described=self.in_words(loaded.plan),
            plan_yaml=text,
            warnings=tuple(f.message for f in found),
        )

    def in_words(self, plan: Plan) -> tuple[str, ...]:
        """A plan, what it takes, and what it does in trouble."""
        microscope = load_microscope(self._named)
        facts = instrument_facts(microscope)
        frame = facts.frame.binned(plan.camera.binning) if facts.frame else None
        takes = estimate(
            plan,
            microscope.config,
            plan.objective or facts.objective,
            frame_bytes=frame.bytes if frame else None,
        )
        return (
            *_sentences(describe(facts_of(plan))),
            f"Takes {cost_in_words(takes)}.",
            *trouble(plan),
        )

    def _with_messages(self, plan: Plan, findings: Sequence[Finding]) -> list[Finding]:
        """What `run` says of messages does not hold here; what this service can send to does."""
        here = [f for f in findings if f.key != "notify"]
        return [*here, *self._reachable(plan.notify)]

    def _view(self, proposal: Proposal, thread: str, words: str) -> ProposalView:
        plan, draft = proposal.plan, proposal.draft
        described: tuple[str, ...] = ()
        findings: Sequence[Finding] = proposal.findings
        if plan is not None:
            findings = self._with_messages(plan, findings)
        if plan is not None and proposal.cost is not None:
            described = (
                *_sentences(describe(facts_of(plan))),
                f"Takes {cost_in_words(proposal.cost)}.",
                *trouble(plan),
            )
        return ProposalView(
            thread=thread,
            outcome=_OUTCOMES[proposal.outcome],
            words=words,
            described=described,
            plan_yaml="" if plan is None else dump_plan(plan),
            sources=tuple(
                SourceView(slot=s.slot, value=value(s), source=source(s))
                for s in draft.said.values()
            ),
            questions=tuple(
                QuestionView(
                    slot=q.slot, text=q.text, choices=tuple(q.choices), proposed=q.proposed
                )
                for q in draft.questions
            ),
            refusals=tuple(
                RefusalView(rule=r.rule, what=r.what, limit=r.bound, remedy=r.remedy)
                for r in draft.refusals
            ),
            answer=proposal.answer,
            warnings=(*(f.message for f in findings), *draft.notes),
        )


def _refused(thread: str, words: str, rule: str, limit: str, remedy: str) -> ProposalView:
    refusal = RefusalView(rule=rule, what=f"the {rule}", limit=limit, remedy=remedy)
    return ProposalView(thread=thread, outcome="refuse", words=words, refusals=(refusal,))


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.;])\s+(?=[A-Z])", text) if part]


def _read(text: str) -> Plan:
    import yaml

    from agent.plan import Plan

    return Plan.model_validate(yaml.safe_load(text))
