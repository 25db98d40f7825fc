"""From words or a plan's YAML into the queue, and out of it again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.dump import dump_plan
from agent.service.queue import QueueFull
from agent.service.refusing import no, unknown
from agent.service.states import ExperimentState

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.contract import Who
    from agent.service.proposals import Proposals
    from agent.service.queue import Queue
    from agent.service.reading import Reading
    from agent.service.views import ExperimentView, ProposalView, RefusalView

State = ExperimentState
_LONGEST_NAME = 80


class Submitting:
    """What people want becomes proposals, and what they approve experiments. `wake`: one waits."""

    def __init__(
        self, queue: Queue, proposals: Proposals, reading: Reading, wake: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._proposals = proposals
        self._reading = reading
        self._wake = wake

    def instruct(self, words: str, who: Who) -> ProposalView:
        """Words become a proposal."""
        view = self._proposals.instruct(words)
        if view.outcome == "refuse":
            self._queue.act(who.name, who.door, f"instruct: {words[:500]}", "refused")
        return view

    def answer(self, thread: str, answers: dict[str, str], who: Who) -> ProposalView | RefusalView:
        """Answers to what is open."""
        return self._proposals.answer(thread, answers)

    def propose_yaml(self, text: str, who: Who) -> ProposalView:
        """A plan as YAML."""
        return self._proposals.from_yaml(text)

    def submit(
        self,
        thread: str,
        who: Who,
        *,
        name: str | None = None,
        start_utc: dt.datetime | None = None,
        after: int | None = None,
    ) -> ExperimentView | RefusalView:
        """Approve a proposal's plan: into the queue."""
        if after is not None and self._queue.get(after) is None:
            return unknown(after)
        if start_utc is not None and start_utc.tzinfo is None:
            return no("start", str(start_utc), "a time without its zone", "Give an offset.")
        found = self._proposals.plan(thread, who.name)
        if found is None:
            remedy = "Answer its questions, or send the instruction again."
            return no("proposal", f"proposal {thread[:40]}", "it has no plan to approve", remedy)
        plan, words = found
        if start_utc is None and plan.start_at is not None:
            start_utc = plan.start_at.astimezone(dt.UTC)
        plan = plan.model_copy(update={"start_at": None})  # the queue waits, not the run
        try:
            one = self._queue.add(
                name=_short(name or plan.goal or "experiment"),
                goal=plan.goal,
                words=words,
                plan=dump_plan(plan),
                described=self._proposals.in_words(plan),
                who=who.name,
                door=who.door,
                start_utc=start_utc,
                after=after,
            )
        except QueueFull as error:
            return no("queue", "one more experiment", str(error), "Withdraw some first.")
        self._queue.act(who.name, who.door, f"submit {one.id}", "waiting")
        self._wake()
        return self._reading.view(one)

    def withdraw(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Out of the queue."""
        if self._queue.get(id_) is None:
            return unknown(id_)
        why = f"withdrawn by {who.name}"
        if not self._queue.set(id_, State.WITHDRAWN, why, only_from=(State.WAITING,)):
            return no("queue", f"withdraw {id_}", "it does not wait any more", "Stop it instead.")
        self._queue.act(who.name, who.door, f"withdraw {id_}", "withdrawn")
        return self._reading.experiment(id_)


def _short(text: str) -> str:
    """A name of one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1].rsplit(' ', 1)[0]}…"
