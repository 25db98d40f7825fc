"""What every door may ask of the service: one set of methods, the same refusals.

HTTP, page and MCP are thin: they check who asks, call one of these, and show the answer. A refusal
is a value (`RefusalView`). Methods may be called from any thread and answer within a second, but
for `instruct` and `tell`, which read words (up to a few seconds the first time).
Reading never touches the instrument: it reads the journal and the image store.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.live.command import LiveCommand
    from agent.service.states import Door
    from agent.service.views import (
        AskView,
        ChangeView,
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


class Who(Protocol):
    """Who asks: a name for the journal, and the door."""

    @property
    def name(self) -> str:
        """As it is written down."""

    @property
    def door(self) -> Door:
        """Through which door."""


class Service(Protocol):
    """The service as its doors see it. `RefusalView` everywhere means: nothing was done."""

    # ------------------------------------------------------------------ reading

    def status(self) -> StatusView:
        """What is going on."""

    def health(self) -> HealthView:
        """What is wrong, if anything."""

    def experiments(self, *, over: bool = True, limit: int = 100) -> Sequence[ExperimentView]:
        """The queue and what is over, latest first."""

    def experiment(self, id_: int) -> ExperimentView | RefusalView:
        """One of them."""

    def run(self, id_: int) -> RunView | RefusalView:
        """How its run stands."""

    def run_dir(self, id_: int) -> Path | None:
        """Its run's directory, for views of frames and plots; None before it began."""

    def plan_in_words(self, id_: int) -> Sequence[str]:
        """Its plan, one sentence each; [] for an unknown one."""

    def plan_yaml(self, id_: int) -> str:
        """Its plan as it is in force now."""

    def asks(self, id_: int | None = None, *, open_only: bool = True) -> Sequence[AskView]:
        """Questions of a run (None: of the current one)."""

    def changes(self, id_: int) -> Sequence[ChangeView]:
        """Every change asked for."""

    def commands(self, id_: int) -> Sequence[CommandView]:
        """Every live command."""

    def messages(self, *, limit: int = 100) -> Sequence[MessageView]:
        """Sent and waiting messages, latest first; texts only, no addresses."""

    # ------------------------------------------------------------------ submitting

    def instruct(self, words: str, who: Who) -> ProposalView:
        """An instruction in plain words becomes a proposal. Nothing is planned to run yet."""

    def answer(self, thread: str, answers: dict[str, str], who: Who) -> ProposalView | RefusalView:
        """Answers (slot -> words) to what the words left open."""

    def propose_yaml(self, text: str, who: Who) -> ProposalView:
        """A plan's YAML, looked at as `check` does."""

    def submit(
        self,
        thread: str,
        who: Who,
        *,
        name: str | None = None,
        start_utc: dt.datetime | None = None,
        after: int | None = None,
    ) -> ExperimentView | RefusalView:
        """A person approves the proposal's plan: into the queue."""

    def withdraw(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Out of the queue, before it began."""

    # ------------------------------------------------------------------ while it runs

    def command(self, id_: int, command: LiveCommand, who: Who) -> CommandView | RefusalView:
        """A live command, applied at the next visit boundary."""

    def stop_now(self, who: Who) -> StopView:
        """Light off, at once, whatever else hangs; the queue is held. Needs no number."""

    def release_queue(self, who: Who) -> StatusView:
        """After a stop at once nothing begins by itself: take the queue up again."""

    def tell(self, id_: int, words: str, who: Who) -> ChangeView:
        """A change in words: shown with its effect, not applied. State `refused` says why not."""

    def confirm_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Approve a change: applied before the next visit."""

    def refuse_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Deny (or withdraw) a change."""

    def undo_change(self, id_: int, who: Who) -> ChangeView | RefusalView:
        """Ask to take the last change in force back; to be confirmed like any other."""

    def attend(self, attended: bool, who: Who) -> StatusView:
        """Somebody is there, or leaves."""

    def resume_held(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Go on with an interrupted experiment as the instrument is now (differences accepted)."""
