"""A stand-in for the service, for its doors' tests and for building a page without an instrument.

It answers from the journal of a finished run and keeps everything else in memory. Nothing is
imaged, nothing is planned: words are recognised by catchwords (`instruct`, `tell`). It is not the
service, and a test of the service must not use it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from agent.finding import ConfigError
from agent.live.command import Approve, Deny, HoldFov, Pause, ReleaseFov, Resume, SetExposure, Stop
from agent.load import parse_plan
from agent.service.states import Door, ExperimentState, Level
from agent.service.views import (
    AskView,
    ChangeView,
    CheckView,
    CommandView,
    DiffView,
    ExperimentView,
    HealthView,
    MessageView,
    ProposalView,
    QuestionView,
    RefusalView,
    RunView,
    SourceView,
    StatusView,
    StopView,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.live.command import LiveCommand
    from agent.service.contract import Who

HOSTILE_NAME = '"><img src=x onerror=alert(1)>'
UTC = dt.datetime(2026, 3, 1, 20, 0, tzinfo=dt.UTC)
PAST, CURRENT, NEXT = 1, 2, 3  # numbers of the experiments that are there at the start


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks."""

    name: str = "Ada"
    door: Door = Door.API


class StandIn:
    """Implements `agent.service.contract.Service`.

    Experiment 1 is over, 2 runs (the same run directory), 3 waits. One question is open.
    Catchwords: "unclear" leaves a question open, "burn" is refused, "how" is answered, anything
    else is understood as the run's own plan; of `tell`: "burn" is refused, else the interval
    changes.
    """

    def __init__(self, run_dir: Path) -> None:
        self._dir = run_dir
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        with self._journal() as db:
            keys = dict(db.execute("SELECT key, value FROM run"))
            self._end_s = float(keys["ended_s"])
            self._fovs = [name for (name,) in db.execute("SELECT name FROM fovs ORDER BY ordinal")]
        self.plan_text: str = keys["plan"]
        goal = str(yaml.safe_load(self.plan_text)["goal"])
        self.experiments_: dict[int, ExperimentView] = {
            id_: ExperimentView(
                id=id_,
                name=name,
                goal=goal,
                words='film them & "quotes" <b>bold</b>',
                who="Ada",
                door=Door.PAGE,
                submitted_utc=UTC + dt.timedelta(minutes=id_),
                state=state,
                run=None if state is ExperimentState.WAITING else run_dir.name,
                after=after,
            )
            for id_, name, state, after in (
                (PAST, "yesterday", ExperimentState.COMPLETE, None),
                (CURRENT, HOSTILE_NAME, ExperimentState.RUNNING, None),
                (NEXT, "tomorrow", ExperimentState.WAITING, CURRENT),
            )
        }
        self.asks_ = {
            1: AskView(
                id=1,
                experiment=CURRENT,
                visit=1,
                fov=self._fovs[0],
                action="give up all fields but A1",
                reason="nothing happens in the others",
                consequence="irreversible",
                default="go on with all fields",
                asked_s=60.0,
                expires_s=600.0,
                state="asked",
            )
        }
        self.changes_: dict[int, ChangeView] = {}
        self.commands_: dict[int, CommandView] = {}
        self.proposals: dict[str, ProposalView] = {}
        self.held: dict[str, str] = {}
        self.exposures: dict[str, str] = {}
        self.attended = True
        self.problems: tuple[str, ...] = ()
        self.queue_held = ""
        self.stops = 0

    # ------------------------------------------------------------------ reading

    def status(self) -> StatusView:
        with self._lock:
            current = next((e for e in self.experiments_.values() if e.state.active), None)
            word = "idle, light off" if current is None else f"{current.state}: {current.name}"
            return StatusView(
                utc=dt.datetime.now(dt.UTC),
                version="0.1.0",
                microscope="demo",
                simulated=True,
                attended=self.attended,
                queue_held=self.queue_held,
                level=self.health().level,
                headline=f"Stand-in, {word}",
                current=current,
                run=None if current is None else self._run(current.id),
                waiting=tuple(
                    e for e in self.experiments_.values() if e.state is ExperimentState.WAITING
                ),
                asks=tuple(a for a in self.asks_.values() if a.state == "asked"),
                problems=self.problems,
            )

    def health(self) -> HealthView:
        checks = [
            CheckView(name="light", level=Level.GOOD, text="off"),
            CheckView(name="disk", level=Level.GOOD, text="12 GB free"),
            *(CheckView(name="problem", level=Level.BAD, text=text) for text in self.problems),
        ]
        return HealthView(level=Level.BAD if self.problems else Level.GOOD, checks=tuple(checks))

    def experiments(self, *, over: bool = True, limit: int = 100) -> Sequence[ExperimentView]:
        with self._lock:
            all_ = sorted(self.experiments_.values(), key=lambda e: -e.id)
            return [e for e in all_ if over or not e.state.over][:limit]

    def experiment(self, id_: int) -> ExperimentView | RefusalView:
        with self._lock:
            return self.experiments_.get(id_) or _unknown(id_)

    def run(self, id_: int) -> RunView | RefusalView:
        found = self.experiment(id_)
        if isinstance(found, RefusalView):
            return found
        return self._run(id_) if found.run else _no("not_begun", f"run of experiment {id_}")

    def run_dir(self, id_: int) -> Path | None:
        found = self.experiments_.get(id_)
        return self._dir if found is not None and found.run else None

    def plan_in_words(self, id_: int) -> Sequence[str]:
        if id_ not in self.experiments_:
            return []
        return [self.experiments_[id_].goal, "Two fields, two channels, every minute, five times."]

    def plan_yaml(self, id_: int) -> str:
        return self.plan_text if id_ in self.experiments_ else ""

    def asks(self, id_: int | None = None, *, open_only: bool = True) -> Sequence[AskView]:
        wanted = CURRENT if id_ is None else id_
        with self._lock:
            return [
                ask
                for ask in self.asks_.values()
                if ask.experiment == wanted and (not open_only or ask.state == "asked")
            ]

    def changes(self, id_: int) -> Sequence[ChangeView]:
        with self._lock:
            return [change for change in self.changes_.values() if change.experiment == id_]

    def commands(self, id_: int) -> Sequence[CommandView]:
        with self._lock:
            return [command for command in self.commands_.values() if command.experiment == id_]

    def messages(self, *, limit: int = 100) -> Sequence[MessageView]:
        message = MessageView(
            id=1,
            utc=UTC,
            kind="done",
            title="yesterday is complete",
            text="34 visits",
            state="sent",
        )
        return [message][:limit]

    # ------------------------------------------------------------------ submitting

    def instruct(self, words: str, who: Who) -> ProposalView:
        with self._lock:
            thread = f"thread{next(self._numbers)}"
            self.proposals[thread] = _understood(thread, words, self.plan_text)
            return self.proposals[thread]

    def answer(self, thread: str, answers: dict[str, str], who: Who) -> ProposalView | RefusalView:
        with self._lock:
            kept = self.proposals.get(thread)
            if kept is None:
                return _no("unknown_thread", f"conversation {thread}")
            asked = {question.slot for question in kept.questions}
            if set(answers) - asked:
                return _no("not_asked", f"answer to {', '.join(sorted(set(answers) - asked))}")
            if asked - set(answers):
                return kept
            self.proposals[thread] = _plan(thread, kept.words, self.plan_text)
            return self.proposals[thread]

    def propose_yaml(self, text: str, who: Who) -> ProposalView:
        with self._lock:
            thread = f"thread{next(self._numbers)}"
            try:
                parse_plan(text, "plan")
                made = _plan(thread, "", text)
            except ConfigError as error:
                made = ProposalView(
                    thread=thread,
                    outcome="refuse",
                    words="",
                    refusals=tuple(_no("plan", str(finding)) for finding in error.findings),
                )
            self.proposals[thread] = made
            return made

    def submit(
        self,
        thread: str,
        who: Who,
        *,
        name: str | None = None,
        start_utc: dt.datetime | None = None,
        after: int | None = None,
    ) -> ExperimentView | RefusalView:
        with self._lock:
            kept = self.proposals.get(thread)
            if kept is None or kept.outcome != "plan":
                return _no("no_plan", f"conversation {thread} as an experiment")
            if after is not None and after not in self.experiments_:
                return _unknown(after)
            id_ = max(self.experiments_) + 1
            self.experiments_[id_] = ExperimentView(
                id=id_,
                name=name or f"experiment {id_}",
                goal=str(yaml.safe_load(kept.plan_yaml)["goal"]),
                words=kept.words,
                who=who.name,
                door=who.door,
                submitted_utc=dt.datetime.now(dt.UTC),
                start_utc=start_utc,
                after=after,
                state=ExperimentState.WAITING,
            )
            return self.experiments_[id_]

    def withdraw(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        with self._lock:
            found = self.experiments_.get(id_)
            if found is None:
                return _unknown(id_)
            if found.state is not ExperimentState.WAITING:
                return _no("not_waiting", f"withdraw experiment {id_}")
            return self._becomes(id_, ExperimentState.WITHDRAWN, f"withdrawn by {who.name}")

    # ------------------------------------------------------------------ while it runs

    def command(self, id_: int, command: LiveCommand, who: Who) -> CommandView | RefusalView:
        with self._lock:
            found = self.experiments_.get(id_)
            if found is None:
                return _unknown(id_)
            if not found.state.active:
                return _no("not_running", f"{command.command} for experiment {id_}")
            said = self._do(id_, command, who)
            refused = said.startswith("not done")
            number = next(self._numbers)
            self.commands_[number] = CommandView(
                id=number,
                experiment=id_,
                command=command.model_dump(mode="json"),
                who=who.name,
                door=who.door,
                utc=dt.datetime.now(dt.UTC),
                state="refused" if refused else "done",
                why=said,
                applied_s=self._end_s,
            )
            return self.commands_[number]

    def stop_now(self, who: Who) -> StopView:
        self.stops += 1  # no lock: that is the point of it
        self.queue_held = f"stopped at once by {who.name}"
        for id_, experiment in list(self.experiments_.items()):
            if experiment.state.active:
                self._becomes(id_, ExperimentState.STOPPED, f"stopped at once by {who.name}")
        return StopView(stopped=True, light_off="confirmed", took_s=0.01)

    def release_queue(self, who: Who) -> StatusView:
        self.queue_held = ""
        return self.status()

    def tell(self, id_: int, words: str, who: Who) -> ChangeView:
        with self._lock:
            number = next(self._numbers)
            known = id_ in self.experiments_
            refused = not known or "burn" in words
            no = _unknown(id_) if not known else _no("dose", words)
            self.changes_[number] = ChangeView(
                id=number,
                experiment=id_,
                words=words,
                who=who.name,
                utc=dt.datetime.now(dt.UTC),
                diff=() if refused else (DiffView(key="interval", old="60 s", new="30 s"),),
                effect=() if refused else (DiffView(key="light", old="0.5", new="1.0 J/cm2"),),
                state="refused" if refused else "asked",
                why=no.limit if refused else "",
                refusals=(no,) if refused else (),
            )
            return self.changes_[number]

    def confirm_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        return self._settle(id_, change, "applied", f"confirmed by {who.name}")

    def refuse_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        return self._settle(id_, change, "refused", f"denied by {who.name}")

    def undo_change(self, id_: int, who: Who) -> ChangeView | RefusalView:
        with self._lock:
            last = [c for c in self.changes(id_) if c.state == "applied"]
            if not last:
                return _no("nothing_in_force", f"undo a change of experiment {id_}")
            return self.tell(id_, f"undo change {last[-1].id}", who)

    def attend(self, attended: bool, who: Who) -> StatusView:
        self.attended = attended
        return self.status()

    def resume_held(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        with self._lock:
            found = self.experiments_.get(id_)
            if found is None:
                return _unknown(id_)
            if found.state not in (ExperimentState.HELD, ExperimentState.STOPPED):
                return _no("not_held", f"resume experiment {id_}")
            return self._becomes(id_, ExperimentState.RUNNING, f"resumed by {who.name}")

    # ------------------------------------------------------------------ for tests

    def hold(self, *differences: str) -> None:
        """As after a crash: the current experiment is held because of differences."""
        changed = {"state": ExperimentState.HELD, "differences": differences, "why": "interrupted"}
        self.experiments_[CURRENT] = self.experiments_[CURRENT].model_copy(update=changed)

    # ------------------------------------------------------------------ inside

    def _do(self, id_: int, command: LiveCommand, who: Who) -> str:
        fov = getattr(command, "fov", None)
        if fov is not None and fov not in self._fovs:
            return f"not done: no field of view {fov!r} in the plan"
        said = f"{command.command} done"
        match command:
            case Pause():
                self._becomes(id_, ExperimentState.PAUSED, command.why)
            case Resume():
                if self.experiments_[id_].state is not ExperimentState.PAUSED:
                    return "not done: the run is not paused"
                self._becomes(id_, ExperimentState.RUNNING, "")
            case Stop():
                self._becomes(id_, ExperimentState.STOPPED, f"stopped by {who.name}")
            case Approve() | Deny():
                said = self._answered(command, who)
            case SetExposure():
                self.exposures[command.channel] = f"{command.exposure_ms:g} ms by {who.name}"
            case HoldFov():
                self.held[command.fov] = f"held by {who.name}"
            case ReleaseFov():
                self.held.pop(command.fov, None)
        return said

    def _answered(self, command: Approve | Deny, who: Who) -> str:
        ask = self.asks_.get(command.ask)
        if ask is None or ask.state != "asked":
            return f"not done: question {command.ask} is not open"
        state = "done" if isinstance(command, Approve) else "denied"
        self.asks_[ask.id] = ask.model_copy(update={"state": state, "who": who.name})
        return f"question {ask.id}: {state}"

    def _becomes(self, id_: int, state: ExperimentState, why: str) -> ExperimentView:
        changed = {"state": state, "why": why}
        self.experiments_[id_] = self.experiments_[id_].model_copy(update=changed)
        return self.experiments_[id_]

    def _settle(self, id_: int, change: int, state: str, why: str) -> ChangeView | RefusalView:
        with self._lock:
            found = self.changes_.get(change)
            if found is None or found.experiment != id_ or found.state != "asked":
                return _no("not_asked", f"change {change} of experiment {id_}")
            self.changes_[change] = found.model_copy(update={"state": state, "why": why})
            return self.changes_[change]

    def _run(self, id_: int) -> RunView:
        with self._journal() as db:
            visits = dict(db.execute("SELECT state, count(*) FROM visits GROUP BY state"))
            doses = dict(
                db.execute(
                    "SELECT fov, sum(exposure_ms/1000.0*irradiance_w_cm2) FROM exposures GROUP BY 1"
                )
            )
            ((last, late),) = db.execute("SELECT max(id), sum(late) FROM visits")
            ((errors,),) = db.execute("SELECT count(*) FROM errors")
            ((refusals,),) = db.execute("SELECT count(*) FROM refusals")
        return RunView(
            experiment=id_,
            time_s=self._end_s,
            end_s=self._end_s,
            simulated=True,
            light="off",
            visits=visits,
            late=late or 0,
            bursts=(),
            held=dict(self.held),
            exposures_set=dict(self.exposures),
            dose_max_fov=max(doses.values(), default=0.0),
            dose_total=sum(doses.values()),
            dose_unit="J/cm2",
            errors=errors,
            refusals=refusals,
            last_visit=last,
            next_due_s=None,
        )

    def _journal(self) -> contextlib.closing[sqlite3.Connection]:
        uri = f"{(self._dir / 'journal.sqlite').absolute().as_uri()}?mode=ro"
        return contextlib.closing(sqlite3.connect(uri, uri=True))


def _no(rule: str, what: str) -> RefusalView:
    return RefusalView(
        rule=rule,
        what=what,
        limit="the stand-in does not do that now",
        remedy="Nothing was sent. Look at the status, and ask for something else.",
    )


def _unknown(id_: int) -> RefusalView:
    return _no("unknown_experiment", f"experiment {id_}")


def _understood(thread: str, words: str, plan_text: str) -> ProposalView:
    """By catchword."""
    said: dict[str, Any] = {"thread": thread, "words": words}
    if "burn" in words:
        return ProposalView(**said, outcome="refuse", refusals=(_no("max_exposure_ms", words),))
    if "unclear" in words:
        question = QuestionView(
            slot="duration_s", text="For how long?", choices=("6 h", "12 h"), proposed="12 h"
        )
        return ProposalView(**said, outcome="ask", questions=(question,))
    if "how" in words.split():
        return ProposalView(**said, outcome="answer", answer="DAPI and FITC, 20 ms each.")
    return _plan(thread, words, plan_text)


def _plan(thread: str, words: str, plan_text: str) -> ProposalView:
    goal = json.dumps(yaml.safe_load(plan_text)["goal"])
    return ProposalView(
        thread=thread,
        outcome="plan",
        words=words,
        described=(f"Goal: {goal}.", "Two fields, two channels.", "Light: 0.1 J/cm2 per field."),
        plan_yaml=plan_text,
        sources=(SourceView(slot="interval_s", value="60 s", source="usual value"),),
        warnings=("the disk will be half full",),
    )
