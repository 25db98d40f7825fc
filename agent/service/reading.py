"""What the service answers without changing anything: queue, runs, questions, health."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from typing import TYPE_CHECKING

from agent.service import changes, headline, runview
from agent.service.health import health
from agent.service.refusing import no, unknown
from agent.service.states import ExperimentState, Level
from agent.service.views import ExperimentView, RefusalView, StatusView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from agent.plan import Plan
    from agent.service.config import ServiceConfig
    from agent.service.experiment import Experiment
    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.supervisor import Supervisor
    from agent.service.views import (
        AskView,
        ChangeView,
        CheckView,
        CommandView,
        HealthView,
        MessageView,
        RunView,
    )

State = ExperimentState


class Reading:
    """From the queue, the supervisor and the runs' journals; never the instrument.

    `in_words` puts a plan in words, `outbox` gives messages, `checks` belong to the health beside
    the service's own.
    """

    def __init__(
        self,
        home: Home,
        config: ServiceConfig,
        queue: Queue,
        supervisor: Supervisor,
        in_words: Callable[[Plan], tuple[str, ...]],
        outbox: Callable[[int], Sequence[MessageView]],
        checks: Sequence[Callable[[], CheckView]],
    ) -> None:
        self._home = home
        self._config = config
        self._queue = queue
        self._supervisor = supervisor
        self._in_words = in_words
        self._outbox = outbox
        self._checks = checks
        self._told: tuple[str, tuple[str, ...]] = ("", ())  # the plan that was last put in words

    def status(self) -> StatusView:
        """What is going on."""
        id_ = self._supervisor.current
        one = None if id_ is None else self._queue.get(id_)
        if one is None:
            held = self._queue.in_state(State.HELD)
            one = held[0] if held else None
        found = self.health()
        run = None if one is None else self._run(one)
        problems = tuple(c.text for c in found.checks if c.level is not Level.GOOD)
        return StatusView(
            utc=dt.datetime.now(dt.UTC),
            version=version("microscout"),
            microscope=self._config.microscope,
            simulated=self._config.simulated is not None,
            attended=self._supervisor.attended,
            queue_held=self._supervisor.queue_held,
            level=found.level,
            headline=self._headline(one),
            current=None if one is None else self.view(one),
            run=run,
            waiting=tuple(self.view(e) for e in self._queue.in_state(State.WAITING)),
            asks=() if one is None else tuple(self.asks(one.id)),
            problems=problems,
        )

    def health(self) -> HealthView:
        """What is wrong, if anything."""
        return health(self._queue, self._home, self._supervisor, self._checks)

    def experiments(self, *, over: bool = True, limit: int = 100) -> Sequence[ExperimentView]:
        """Latest first."""
        return [self.view(e) for e in self._queue.all(limit) if over or not e.state.over]

    def experiment(self, id_: int) -> ExperimentView | RefusalView:
        """One of them."""
        one = self._queue.get(id_)
        return unknown(id_) if one is None else self.view(one)

    def run(self, id_: int) -> RunView | RefusalView:
        """How its run stands."""
        one = self._queue.get(id_)
        if one is None:
            return unknown(id_)
        view = self._run(one)
        return no("run", f"the run of {id_}", "it has not begun", "Wait.") if view is None else view

    def run_dir(self, id_: int) -> Path | None:
        """Its run's directory."""
        one = self._queue.get(id_)
        if one is None or one.run is None:
            return None
        path = self._home.runs / one.run
        return path if path.is_dir() else None

    def plan_in_words(self, id_: int) -> Sequence[str]:
        """The plan in force, one sentence each."""
        one = self._queue.get(id_)
        if one is None:
            return ()
        run = self.run_dir(id_)
        text = runview.keys(run).get("plan") if run is not None else None
        if text is None or text == one.plan:
            return one.described
        from agent.change.adopt import read_plan

        last, words = self._told
        if last != text:
            words = self._in_words(read_plan(text))
            self._told = (text, words)  # pages ask once a second
        return words

    def plan_yaml(self, id_: int) -> str:
        """The plan in force."""
        one, run = self._queue.get(id_), self.run_dir(id_)
        if one is None:
            return ""
        return (runview.keys(run).get("plan") if run is not None else None) or one.plan

    def asks(self, id_: int | None = None, *, open_only: bool = True) -> Sequence[AskView]:
        """Questions of a run."""
        wanted = self._supervisor.current if id_ is None else id_
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
        return self._outbox(limit)

    def view(self, one: Experiment) -> ExperimentView:
        """An experiment as people see it."""
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
            attended=self._supervisor.attended,
        )

    # ------------------------------------------------------------------ inside

    def _headline(self, one: Experiment | None) -> str:
        if one is not None:
            return headline.of_experiment(one)
        waiting = self._queue.in_state(State.WAITING)
        return headline.of_queue(waiting, self._supervisor.queue_held, self._supervisor.light)

    def _run(self, one: Experiment) -> RunView | None:
        if one.run is None:
            return None
        active = self._supervisor.current == one.id
        light = self._supervisor.light
        known = None if active or light.experiment != one.id else bool(light.off)
        return runview.run_view(one.id, self._home.runs / one.run, active=active, light_off=known)
