"""The service: the methods of `contract.Service`, each done by the part whose job it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.service.acting import Acting
from agent.service.proposals import Proposals
from agent.service.reading import Reading
from agent.service.submitting import Submitting
from agent.service.supervisor import Supervisor

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.finding import Finding
    from agent.live.command import LiveCommand
    from agent.plan_options import NotifyConfig
    from agent.service.config import ServiceConfig
    from agent.service.contract import Who
    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.told import Told
    from agent.service.views import (
        AskView,
        ChangeView,
        CheckView,
        CommandView,
        ExperimentView,
        HealthView,
        MessageView,
        ProposalView,
        RefusalView,
        RunView,
        StatusView,
        StopView,
    )


class ServiceCore:
    """Implements `contract.Service`. `begin` starts the supervisor, `end` stops it.

    Parameters
    ----------
    tell : hears what a person should hear of; False where it could not be kept.
    messages : reads the outbox; `checks` are asked by `health` beside its own.
    reachable : what of a plan's `notify` cannot be sent to.
    """

    def __init__(
        self,
        home: Home,
        config: ServiceConfig,
        queue: Queue,
        *,
        tell: Callable[[Told], bool | None] = lambda _: None,
        messages: Callable[[int], Sequence[MessageView]] = lambda _: (),
        checks: Sequence[Callable[[], CheckView]] = (),
        reachable: Callable[[NotifyConfig], Sequence[Finding]] = lambda _: (),
    ) -> None:
        self.home = home
        self.config = config
        self.queue = queue
        self.supervisor = Supervisor(queue, home, config, tell)
        proposals = Proposals(home.plans, config.microscope, queue, reachable)
        self._reading = Reading(
            home, config, queue, self.supervisor, proposals.in_words, messages, checks
        )
        self._submitting = Submitting(queue, proposals, self._reading, self.supervisor.wake)
        self._acting = Acting(home, queue, self.supervisor, self._reading)

    def begin(self) -> None:
        """Settle what an earlier service left, and take up the queue."""
        self.supervisor.begin()

    def end(self) -> None:
        """A run ends in order and can be resumed; the light is off."""
        self.supervisor.end()

    # ------------------------------------------------------------------ reading

    def status(self) -> StatusView:
        """What is going on."""
        return self._reading.status()

    def health(self) -> HealthView:
        """What is wrong, if anything."""
        return self._reading.health()

    def experiments(self, *, over: bool = True, limit: int = 100) -> Sequence[ExperimentView]:
        """Latest first."""
        return self._reading.experiments(over=over, limit=limit)

    def experiment(self, id_: int) -> ExperimentView | RefusalView:
        """One of them."""
        return self._reading.experiment(id_)

    def run(self, id_: int) -> RunView | RefusalView:
        """How its run stands."""
        return self._reading.run(id_)

    def run_dir(self, id_: int) -> Path | None:
        """Its run's directory."""
        return self._reading.run_dir(id_)

    def plan_in_words(self, id_: int) -> Sequence[str]:
        """The plan in force, one sentence each."""
        return self._reading.plan_in_words(id_)

    def plan_yaml(self, id_: int) -> str:
        """The plan in force."""
        return self._reading.plan_yaml(id_)

    def asks(self, id_: int | None = None, *, open_only: bool = True) -> Sequence[AskView]:
        """Questions of a run."""
        return self._reading.asks(id_, open_only=open_only)

    def changes(self, id_: int) -> Sequence[ChangeView]:
        """Every change asked for."""
        return self._reading.changes(id_)

    def commands(self, id_: int) -> Sequence[CommandView]:
        """Every live command."""
        return self._reading.commands(id_)

    def messages(self, *, limit: int = 100) -> Sequence[MessageView]:
        """Sent and waiting messages."""
        return self._reading.messages(limit=limit)

    # ------------------------------------------------------------------ submitting

    def instruct(self, words: str, who: Who) -> ProposalView:
        """Words become a proposal."""
        return self._submitting.instruct(words, who)

    def answer(self, thread: str, answers: dict[str, str], who: Who) -> ProposalView | RefusalView:
        """Answers to what is open."""
        return self._submitting.answer(thread, answers, who)

    def propose_yaml(self, text: str, who: Who) -> ProposalView:
        """A plan as YAML."""
        return self._submitting.propose_yaml(text, who)

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
        return self._submitting.submit(thread, who, name=name, start_utc=start_utc, after=after)

    def withdraw(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Out of the queue."""
        return self._submitting.withdraw(id_, who)

    # ------------------------------------------------------------------ while it runs

    def command(self, id_: int, command: LiveCommand, who: Who) -> CommandView | RefusalView:
        """A live command."""
        return self._acting.command(id_, command, who)

    def stop_now(self, who: Who) -> StopView:
        """Light off, at once; takes no lock."""
        return self._acting.stop_now(who)

    def release_queue(self, who: Who) -> StatusView:
        """The queue goes on after a stop at once."""
        return self._acting.release_queue(who)

    def tell(self, id_: int, words: str, who: Who) -> ChangeView:
        """A change in words."""
        return self._acting.tell(id_, words, who)

    def confirm_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Approve a change."""
        return self._acting.confirm_change(id_, change, who)

    def refuse_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Deny a change."""
        return self._acting.refuse_change(id_, change, who)

    def undo_change(self, id_: int, who: Who) -> ChangeView | RefusalView:
        """Ask to take the last one back."""
        return self._acting.undo_change(id_, who)

    def attend(self, attended: bool, who: Who) -> StatusView:
        """Somebody is there, or leaves."""
        return self._acting.attend(attended, who)

    def resume_held(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Go on, with the differences that it shows accepted."""
        return self._acting.resume_held(id_, who)
