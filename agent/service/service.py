"""The service: the methods of `contract.Service`, over queue, supervisor and the runs' journals."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent.dump import dump_plan
from agent.finding import ConfigError
from agent.journal.live import QueueFull as TooManyCommands
from agent.live.command import Attend, Stop, StopNow
from agent.service import changes, headline, runview
from agent.service.health import health
from agent.service.proposals import Proposals
from agent.service.queue import QueueFull
from agent.service.send import refuse_waiting, send
from agent.service.states import ExperimentState, Level
from agent.service.supervisor import Supervisor
from agent.service.views import (
    ExperimentView,
    RefusalView,
    StatusView,
    StopView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.finding import Finding
    from agent.live.command import LiveCommand
    from agent.plan_options import NotifyConfig
    from agent.service.config import ServiceConfig
    from agent.service.contract import Who
    from agent.service.home import Home
    from agent.service.queue import Experiment, Queue
    from agent.service.told import Told
    from agent.service.views import (
        AskView,
        ChangeView,
        CheckView,
        CommandView,
        HealthView,
        MessageView,
        ProposalView,
        RunView,
    )

State = ExperimentState
_LONGEST_NAME = 80
_RESUMABLE = (State.HELD, State.STOPPED, State.FAILED)


class ServiceCore:
    """Implements `contract.Service`. `begin` starts the supervisor, `end` stops it.

    Parameters
    ----------
    tell : hears what a person should hear of.
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
        self.supervisor = Supervisor(self.queue, home, config, tell)
        self._proposals = Proposals(home.plans, config.microscope, self.queue, reachable)
        self._messages = messages
        self._checks = checks
        self._told: tuple[str, tuple[str, ...]] = ("", ())  # the plan that was last put in words

    def begin(self) -> None:
        """Settle what an earlier service left, and take up the queue."""
        self.supervisor.begin()

    def end(self) -> None:
        """A run ends in order and can be resumed; the light is off."""
        self.supervisor.end()

    # ------------------------------------------------------------------ reading

    def status(self) -> StatusView:
        """What is going on."""
        id_ = self.supervisor.current
        one = None if id_ is None else self.queue.get(id_)
        if one is None:
            held = self.queue.in_state(State.HELD)
            one = held[0] if held else None
        found = self.health()
        run = None if one is None else self._run_view(one)
        problems = tuple(c.text for c in found.checks if c.level is not Level.GOOD)
        return StatusView(
            utc=dt.datetime.now(dt.UTC),
            version=version("microscout"),
            microscope=self.config.microscope,
            simulated=self.config.simulated is not None,
            attended=self._attended,
            queue_held=self.supervisor.queue_held,
            level=found.level,
            headline=self._headline(one),
            current=None if one is None else self._view(one),
            run=run,
            waiting=tuple(self._view(e) for e in self.queue.in_state(State.WAITING)),
            asks=() if one is None else tuple(self.asks(one.id)),
            problems=problems,
        )

    def health(self) -> HealthView:
        """What is wrong, if anything."""
        return health(self.queue, self.home, self.supervisor, self._checks)

    def experiments(self, *, over: bool = True, limit: int = 100) -> Sequence[ExperimentView]:
        """Latest first."""
        return [self._view(e) for e in self.queue.all(limit) if over or not e.state.over]

    def experiment(self, id_: int) -> ExperimentView | RefusalView:
        """One of them."""
        one = self.queue.get(id_)
        return _unknown(id_) if one is None else self._view(one)

    def run(self, id_: int) -> RunView | RefusalView:
        """How its run stands."""
        one = self.queue.get(id_)
        if one is None:
            return _unknown(id_)
        view = self._run_view(one)
        return (
            _no("run", f"the run of {id_}", "it has not begun", "Wait.") if view is None else view
        )

    def run_dir(self, id_: int) -> Path | None:
        """Its run's directory."""
        one = self.queue.get(id_)
        if one is None or one.run is None:
            return None
        path = self.home.runs / one.run
        return path if path.is_dir() else None

    def plan_in_words(self, id_: int) -> Sequence[str]:
        """The plan in force, one sentence each."""
        one = self.queue.get(id_)
        if one is None:
            return ()
        run = self.run_dir(id_)
        text = runview.keys(run).get("plan") if run is not None else None
        if text is None or text == one.plan:
            return one.described
        from agent.change.adopt import read_plan

        last, words = self._told
        if last != text:
            words = self._proposals.in_words(read_plan(text))
            self._told = (text, words)  # pages ask once a second
        return words

    def plan_yaml(self, id_: int) -> str:
        """The plan in force."""
        one, run = self.queue.get(id_), self.run_dir(id_)
        if one is None:
            return ""
        return (runview.keys(run).get("plan") if run is not None else None) or one.plan

    def asks(self, id_: int | None = None, *, open_only: bool = True) -> Sequence[AskView]:
        """Questions of a run."""
        wanted = self.supervisor.current if id_ is None else id_
        run = None if wanted is None else self.run_dir(wanted)
        if wanted is None or run is None:
            return ()
        return runview.asks_of(wanted, run, open_only=open_only)

    def changes(self, id_: int) -> Sequence[ChangeView]:
        """Every change asked for."""
        run = self.run_dir(id_)
        return [] if run is None else changes.all_of(id_, run)

    def commands(self, id_: int) -> Sequence[CommandView]:
        """Every live command."""
        run = self.run_dir(id_)
        return [] if run is None else runview.commands_of(id_, run)

    def messages(self, *, limit: int = 100) -> Sequence[MessageView]:
        """Sent and waiting messages."""
        return self._messages(limit)

    # ------------------------------------------------------------------ submitting

    def instruct(self, words: str, who: Who) -> ProposalView:
        """Words become a proposal."""
        view = self._proposals.instruct(words)
        if view.outcome == "refuse":
            self.queue.act(who.name, who.door, f"instruct: {words[:500]}", "refused")
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
        if after is not None and self.queue.get(after) is None:
            return _unknown(after)
        if start_utc is not None and start_utc.tzinfo is None:
            return _no("start", str(start_utc), "a time without its zone", "Give an offset.")
        found = self._proposals.plan(thread, who.name)
        if found is None:
            remedy = "Answer its questions, or send the instruction again."
            return _no("proposal", f"proposal {thread[:40]}", "it has no plan to approve", remedy)
        plan, words = found
        if start_utc is None and plan.start_at is not None:
            start_utc = plan.start_at.astimezone(dt.UTC)
        plan = plan.model_copy(update={"start_at": None})  # the queue waits, not the run
        try:
            one = self.queue.add(
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
            return _no("queue", "one more experiment", str(error), "Withdraw some first.")
        self.queue.act(who.name, who.door, f"submit {one.id}", "waiting")
        self.supervisor.wake()
        return self._view(one)

    def withdraw(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Out of the queue."""
        if self.queue.get(id_) is None:
            return _unknown(id_)
        why = f"withdrawn by {who.name}"
        if not self.queue.set(id_, State.WITHDRAWN, why, only_from=(State.WAITING,)):
            return _no("queue", f"withdraw {id_}", "it does not wait any more", "Stop it instead.")
        self.queue.act(who.name, who.door, f"withdraw {id_}", "withdrawn")
        return self.experiment(id_)

    # ------------------------------------------------------------------ while it runs

    def command(self, id_: int, command: LiveCommand, who: Who) -> CommandView | RefusalView:
        """A live command."""
        one = self.queue.get(id_)
        if one is None:
            return _unknown(id_)
        done = ""
        if isinstance(command, StopNow):
            stopped = self.stop_now(who)
            done = f"stopped at once; light off: {stopped.light_off}"
        run = self.run_dir(id_)
        active = self.supervisor.current == id_ and run is not None
        if isinstance(command, Stop | StopNow) and one.state is State.HELD:
            done = f"given up by {who.name}"
            self.queue.set(id_, State.STOPPED, done, only_from=(State.HELD,))
        elif not active and not done:
            what = f"{command.command} for experiment {id_}"
            return _no("state", what, f"it is {one.state}", "Commands go to the one that runs.")
        if run is None:
            return _no("state", command.command, "its run has not begun", "Wait a moment.")
        try:
            number = send(run, command, who.name, who.door, done=done)
        except TooManyCommands as error:
            return _no("queue", command.command, str(error), "Wait until they are done.")
        except (ConfigError, sqlite3.Error) as error:
            limit = f"the journal cannot be written ({error})"
            return _no("journal", command.command, limit, "Look at the disk; stop works anyway.")
        if isinstance(command, Stop) and one.state.active:
            why = f"commanded by {who.name}"
            self.queue.set(id_, State.STOPPING, why, only_from=(State.RUNNING, State.PAUSED))
        self.supervisor.poke(id_)
        found = (c for c in runview.commands_of(id_, run) if c.id == number)
        unread = "it is written down, but the journal cannot be read just now"
        remedy = f"Look at command {number} of it later."
        return next(found, _no("journal", command.command, unread, remedy))

    def stop_now(self, who: Who) -> StopView:
        """Light off, at once. Everything that could wait comes after it."""
        began = time.monotonic()
        ran, confirmed, left = self.supervisor.stop_now(f"stopped at once by {who.name}")
        took_s = round(time.monotonic() - began, 3)
        with contextlib.suppress(sqlite3.Error):  # a full disk must not make a stop fail
            self.supervisor.hold_queue(f"stopped at once by {who.name}")
            became = "light off" if confirmed else f"NOT confirmed: {', '.join(left)}"
            self.queue.act(who.name, who.door, "stop at once", became)
        return StopView(
            stopped=ran,
            light_off="confirmed" if confirmed else "not confirmed",
            could_not_stop=left,
            took_s=took_s,
        )

    def release_queue(self, who: Who) -> StatusView:
        """The queue goes on after a stop at once."""
        self.supervisor.release_queue()
        self.queue.act(who.name, who.door, "take the queue up again", "")
        return self.status()

    def tell(self, id_: int, words: str, who: Who) -> ChangeView:
        """A change in words."""
        run = self.run_dir(id_)
        if run is None or not runview.keys(run):
            return changes.refused_at_once(
                id_, words, who.name, _no("state", words, "no run of it", "Wait until it runs.")
            )
        return changes.tell(id_, run, words, who.name)

    def confirm_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Approve a change."""
        found = self._change(id_, lambda run: changes.confirm(id_, run, change))
        self.queue.act(
            who.name, who.door, f"approve change {change} of {id_}", type(found).__name__
        )
        self.supervisor.poke(id_)
        return found

    def refuse_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Deny a change."""
        return self._change(id_, lambda run: changes.refuse(id_, run, change, who.name))

    def undo_change(self, id_: int, who: Who) -> ChangeView | RefusalView:
        """Ask to take the last one back."""
        return self._change(id_, lambda run: changes.undo(id_, run, who.name))

    def attend(self, attended: bool, who: Who) -> StatusView:
        """Somebody is there, or leaves."""
        self.queue.set_setting("attended", str(int(attended)))
        self.queue.act(who.name, who.door, "is there" if attended else "leaves", "")
        id_ = self.supervisor.current
        if id_ is not None:
            self.command(id_, Attend(attended=attended), who)
        return self.status()

    def resume_held(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Go on, with the differences that it shows accepted."""
        one = self.queue.get(id_)
        if one is None:
            return _unknown(id_)
        what = f"resume {id_}"
        if one.state not in _RESUMABLE:
            return _no("state", what, f"it is {one.state}", "Only what stopped goes on.")
        if one.run is None or not runview.keys(self.home.runs / one.run):
            return _no("state", what, "nothing of it was imaged", "Submit it again.")
        try:
            refuse_waiting(self.home.runs / one.run, "the run had ended before")
        except (ConfigError, sqlite3.Error) as error:
            return _no("journal", what, f"the journal cannot be written ({error})", "See the disk.")
        refused = self.supervisor.resume(one)
        if refused:
            return _no("state", what, refused, "Look at its state, and try again.")
        self.queue.act(who.name, who.door, what, "; ".join(one.differences) or "no difference")
        return self.experiment(id_)

    # ------------------------------------------------------------------ inside

    @property
    def _attended(self) -> bool:
        return self.supervisor.attended

    def _headline(self, one: Experiment | None) -> str:
        if one is not None:
            return headline.of_experiment(one)
        waiting = self.queue.in_state(State.WAITING)
        return headline.of_queue(waiting, self.supervisor.queue_held, self.supervisor.light)

    def _view(self, one: Experiment) -> ExperimentView:
        return ExperimentView(
            id=one.id,
            name=one.name,
            goal=one.goal,
            words=one.words,
            who=one.who,
            door=one.door,
            submitted_utc=one.submitted_utc,
            start_utc=one.start_utc,
            after=one.after,
            state=one.state,
            why=one.why,
            run=one.run,
            differences=one.differences,
            attended=self._attended,
        )

    def _run_view(self, one: Experiment) -> RunView | None:
        if one.run is None:
            return None
        active = self.supervisor.current == one.id
        light = self.supervisor.light
        known = None if active or light.experiment != one.id else bool(light.off)
        return runview.run_view(one.id, self.home.runs / one.run, active=active, light_off=known)

    def _change(
        self, id_: int, do: Callable[[Path], ChangeView | RefusalView]
    ) -> ChangeView | RefusalView:
        run = self.run_dir(id_)
        if run is None:
            return _no("state", f"a change of {id_}", "no run of it", "Wait until it runs.")
        try:
            return do(run)
        except ConfigError as error:
            return _no("journal", f"a change of {id_}", str(error), "See its log.")


def _unknown(id_: int) -> RefusalView:
    return _no("experiment", f"experiment {id_}", "there is none", "See the list of experiments.")


def _no(rule: str, what: str, limit: str, remedy: str) -> RefusalView:
    return RefusalView(rule=rule, what=what, limit=limit, remedy=remedy)


def _short(text: str) -> str:
    """A name of one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1].rsplit(' ', 1)[0]}…"
