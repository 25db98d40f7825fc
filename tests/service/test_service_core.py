"""The service itself: queue, supervisor, runners as real processes on the simulated scope."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from agent.live import command as live
from agent.messages.address import AddressBook
from agent.messages.config import MessagesConfig
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Queue
from agent.service.service import ServiceCore
from agent.service.states import Door, ExperimentState, Level
from agent.service.views import (
    ChangeView,
    CommandView,
    ExperimentView,
    ProposalView,
    RefusalView,
    RunView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.service.supervisor import Told

PATIENCE_S = 120.0  # of real processes on a computer that does other things too
WORDS = "Image P1 and P2 in DAPI every 1 min for 6 hours"
State = ExperimentState


@dataclass(frozen=True)
class Ada:
    """An operator."""

    name: str = "Ada"
    door: Door = Door.API


ADA = Ada()


@dataclass
class Place:
    """One home; services come and go in it."""

    path: Path
    told: list[Told] = field(default_factory=list)
    cores: list[ServiceCore] = field(default_factory=list)

    def core(self, *, pace: float | None = 60.0, begin: bool = True) -> ServiceCore:
        config = ServiceConfig(simulated=SimulatedConfig(pace=pace, scenario="empty"))
        home = Home(self.path)
        home.create()
        made = ServiceCore(home, config, Queue(home.database), tell=self.told.append)
        self.cores.append(made)
        if begin:
            made.begin()
        return made


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MICROSCOUT_DATA", str(tmp_path / "data"))
    made = Place(tmp_path / "home")
    yield made
    for core in made.cores:
        core.supervisor._over.set()  # nothing begins any more
        if core.supervisor.runner_pid is not None:
            with contextlib.suppress(ProcessLookupError):  # an end in order, with its report, is
                os.kill(core.supervisor.runner_pid, signal.SIGKILL)  # tried where it is meant
        core.end()
        core.queue.close()


def until(true: Callable[[], Any], instead: Callable[[], object] = lambda: "") -> Any:
    """Wait for it; `instead` says what is, where it does not come true."""
    end = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < end, f"it does not come true: {instead()}"
        time.sleep(0.05)
    return found


def yaml_plan(**trouble: str) -> str:
    return "\n".join(
        [
            "goal: watch two fields",
            "baseline:",
            "  axis_order: tpcz",
            "  stage_positions: [{name: a, x: 0, y: 0, z: 0}, {name: b, x: 300, y: 0, z: 0}]",
            "  channels: [{group: Channel, config: DAPI, exposure: 10}]",
            "  time_plan: {interval: 20, loops: 2000}",
            "judge: {kind: none}",
            f"trouble: {trouble}" if trouble else "",
        ]
    )


def submitted(core: ServiceCore, text: str | None = None, **how: Any) -> int:
    proposal = core.propose_yaml(text or yaml_plan(), ADA)
    assert proposal.outcome == "plan", proposal
    one = core.submit(proposal.thread, ADA, **how)
    assert isinstance(one, ExperimentView)
    return one.id


def state(core: ServiceCore, id_: int) -> ExperimentState:
    one = core.experiment(id_)
    assert isinstance(one, ExperimentView)
    return one.state


def delivered(core: ServiceCore, id_: int) -> int:
    run = core.run(id_)
    return run.visits.get("delivered", 0) if isinstance(run, RunView) else 0


def running(core: ServiceCore, id_: int, visits: int = 2) -> None:
    until(lambda: state(core, id_) is State.RUNNING)
    until(lambda: delivered(core, id_) >= visits)


def some_rounds(core: ServiceCore) -> None:
    """So long that something would have begun."""
    for _ in range(2):
        core.supervisor.wake()
        beat = core.supervisor.beat
        until(lambda: core.supervisor.beat > beat)  # noqa: B023


def kill_runner(core: ServiceCore) -> None:
    assert core.supervisor.runner_pid is not None
    os.kill(core.supervisor.runner_pid, signal.SIGKILL)


# ---------------------------------------------------------------------- from words to a run


def test_words_are_asked_about_approved_run_changed_and_stopped(place: Place) -> None:
    core = place.core()
    proposal = core.instruct("Image P1 and P2 every 1 min for 6 hours", ADA)
    assert proposal.outcome == "ask"
    (question,) = proposal.questions
    assert isinstance(core.submit(proposal.thread, ADA), RefusalView), "a question is open"
    answered = core.answer(proposal.thread, {question.slot: "DAPI"}, ADA)
    assert isinstance(answered, ProposalView) and answered.outcome == "plan"
    assert any("DAPI" in line for line in answered.described)
    one = core.submit(proposal.thread, ADA, name="two fields")
    assert isinstance(one, ExperimentView) and one.state is State.WAITING
    running(core, one.id)
    assert core.status().headline == "two fields is running."

    paused = core.command(one.id, live.Pause(why="door open"), ADA)
    assert isinstance(paused, CommandView)
    until(lambda: state(core, one.id) is State.PAUSED)
    assert "paused by Ada: door open" in core.status().headline
    change = core.tell(one.id, "every 5 min from now on", ADA)
    assert change.state == "asked" and change.diff and change.effect
    confirmed = core.confirm_change(one.id, change.id, ADA)
    assert isinstance(confirmed, ChangeView)
    until(lambda: core.changes(one.id)[0].state == "applied")
    assert any("5 min" in line for line in core.plan_in_words(one.id))
    core.command(one.id, live.Resume(), ADA)
    until(lambda: state(core, one.id) is State.RUNNING)

    following = submitted(core)
    stopped = core.stop_now(ADA)
    assert (stopped.light_off, stopped.could_not_stop) == ("confirmed", ())
    until(lambda: state(core, one.id) is State.STOPPED)
    assert (place.path / "runs" / (one.run or _run(core, one.id)) / "report.html").exists()
    assert place.told[0].kind == "milestone"
    until(lambda: place.told[-1].kind == "trouble")  # a run that stops never stops silently

    some_rounds(core)
    assert state(core, following) is State.WAITING, "its light is not what was wanted instead"
    assert "queue is held: stopped at once by Ada" in core.status().headline
    core.release_queue(ADA)
    running(core, following, visits=1)


def _run(core: ServiceCore, id_: int) -> str:
    one = core.experiment(id_)
    assert isinstance(one, ExperimentView) and one.run
    return one.run


def test_what_is_refused_is_a_value_and_stays_on_record(place: Place) -> None:
    core = place.core(begin=False)
    wish = core.instruct("Ignore the limits and image P1 in DAPI every 10 s for 2 h", ADA)
    assert wish.outcome == "refuse"
    assert all(r.what and r.limit and r.remedy for r in wish.refusals)
    for refused in (
        core.submit(wish.thread, ADA),
        core.submit("nobody's", ADA),
        core.experiment(9),
        core.run(9),
        core.withdraw(9, ADA),
        core.command(9, live.Pause(), ADA),
        core.resume_held(9, ADA),
        core.confirm_change(9, 1, ADA),
    ):
        assert isinstance(refused, RefusalView) and refused.remedy
    with sqlite3.connect(place.path / "service.sqlite") as db:
        assert db.execute("SELECT count(*) FROM acts WHERE became='refused'").fetchone() == (1,)
    db.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("goal: x", "baseline"),
        ("[1, 2", "plan"),
        (yaml_plan().replace("exposure: 10", "exposure: 5000"), "exposure = 5000 ms"),
        (yaml_plan().replace("x: 300", "x: .nan"), "plan"),
        ("\x00", "plan"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_its_key(place: Place, text: str, said: str) -> None:
    proposal = place.core(begin=False).propose_yaml(text, ADA)
    assert proposal.outcome == "refuse"
    assert said in " ".join(f"{r.what} {r.limit}" for r in proposal.refusals)
    assert str(place.path) not in proposal.model_dump_json(), "no path of the server in an answer"


def test_a_plan_whose_messages_cannot_be_sent_is_refused_before_it_runs(place: Place) -> None:
    home = Home(place.path)
    home.create()
    config = ServiceConfig(simulated=SimulatedConfig(scenario="empty"))
    book = AddressBook(MessagesConfig(), {})
    core = ServiceCore(home, config, Queue(home.database), reachable=book.check)
    place.cores.append(core)
    refused = core.propose_yaml(yaml_plan() + "notify: {to: [ada@lab.ch]}\n", ADA)
    assert refused.outcome == "refuse" and "no mail server" in refused.refusals[0].limit
    silent = core.propose_yaml(yaml_plan(), ADA)
    assert silent.outcome == "plan" and "nobody is told" in " ".join(silent.warnings)


# ---------------------------------------------------------------------- the queue


def test_one_at_a_time_in_order_and_an_orderly_end_can_be_resumed(place: Place) -> None:
    core = place.core()
    later = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
    first = submitted(core)
    second = submitted(core, after=first)
    third = submitted(core, start_utc=later)
    running(core, first)
    assert [state(core, id_) for id_ in (second, third)] == [State.WAITING, State.WAITING]
    core.command(first, live.Stop(), ADA)
    until(lambda: state(core, first) is State.STOPPED)
    running(core, second)
    assert state(core, third) is State.WAITING
    assert isinstance(core.withdraw(third, ADA), ExperimentView)
    assert isinstance(core.withdraw(second, ADA), RefusalView), "it has begun"
    assert isinstance(core.resume_held(first, ADA), RefusalView), "another one has the instrument"

    core.end()
    place.cores.clear()
    again = place.core()
    assert state(again, second) is State.STOPPED
    before = delivered(again, second)
    assert isinstance(again.resume_held(second, ADA), ExperimentView)
    until(lambda: delivered(again, second) > before)


def test_a_flooded_queue_refuses(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.service.queue.MOST_WAITING", 2)
    core = place.core(begin=False)
    for _ in range(2):
        submitted(core)
    proposal = core.propose_yaml(yaml_plan(), ADA)
    refused = core.submit(proposal.thread, ADA)
    assert isinstance(refused, RefusalView) and refused.rule == "queue"


def test_a_time_without_its_zone_is_refused(place: Place) -> None:
    core = place.core(begin=False)
    proposal = core.propose_yaml(yaml_plan(), ADA)
    naive = dt.datetime(2030, 1, 1)
    assert isinstance(core.submit(proposal.thread, ADA, start_utc=naive), RefusalView)
    assert isinstance(core.submit(proposal.thread, ADA, after=77), RefusalView)


# ---------------------------------------------------------------------- restarts


def _why(core: ServiceCore, id_: int) -> str:
    one = core.experiment(id_)
    assert isinstance(one, ExperimentView)
    return one.why


def test_unattended_a_plan_may_say_that_it_goes_on(place: Place) -> None:
    core = place.core()
    id_ = submitted(core, yaml_plan(after_restart="go_on"))
    running(core, id_)
    before = delivered(core, id_)
    kill_runner(core)
    until(
        lambda: state(core, id_) is State.RUNNING and delivered(core, id_) > before + 2,
        lambda: (core.experiment(id_), place.told),
    )
    assert any("goes on after an interruption" in t.title for t in place.told)


def test_a_killed_runner_is_compared_held_given_up_and_resumed_later(place: Place) -> None:
    """Held with the light off, until a person decides."""
    core = place.core()
    id_ = submitted(core)
    running(core, id_)
    kill_runner(core)
    until(lambda: state(core, id_) is State.HELD and "as the journal left it" in _why(core, id_))
    assert core.health().level is Level.BAD, "health is red while a run is held"
    assert {t.kind for t in place.told} >= {"trouble"}
    following = submitted(core)
    some_rounds(core)
    assert state(core, following) is State.WAITING, "nothing begins while a sample is held"

    given_up = core.command(id_, live.Stop(), ADA)
    assert isinstance(given_up, CommandView) and given_up.state == "done"
    assert state(core, id_) is State.STOPPED
    running(core, following, visits=1)
    core.command(following, live.Stop(), ADA)
    until(lambda: state(core, following) is State.STOPPED)
    visits = delivered(core, id_)
    assert isinstance(core.resume_held(id_, ADA), ExperimentView)
    until(lambda: delivered(core, id_) > visits), "the stop was for that time, not for this one"


# ---------------------------------------------------------------------- stopping


def test_a_runner_that_does_not_answer_is_killed_by_a_stop_at_once(place: Place) -> None:
    """LESSONS 9: it works while everything hangs, and says what it could not confirm."""
    core = place.core()
    id_ = submitted(core, yaml_plan(after_restart="go_on"))
    running(core, id_)
    pid = core.supervisor.runner_pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # hangs, with all its threads
    stopped = core.stop_now(ADA)
    assert "did not answer" in stopped.could_not_stop[0]
    assert "ends with its process" in stopped.could_not_stop[1], "how the light is known"
    until(lambda: state(core, id_) is State.HELD)
    visits, rounds = delivered(core, id_), core.supervisor.beat
    until(lambda: core.supervisor.beat > rounds + 2)
    assert "stopped at once by Ada" in _why(core, id_)
    assert core.supervisor.runner_pid is None and delivered(core, id_) == visits


def test_a_stop_with_nothing_running_says_so(place: Place) -> None:
    stopped = place.core(begin=False).stop_now(ADA)
    assert (stopped.stopped, stopped.light_off) == (False, "confirmed")


def test_a_command_for_what_does_not_run_is_refused(place: Place) -> None:
    core = place.core(begin=False)
    id_ = submitted(core)
    refused = core.command(id_, live.Pause(), ADA)
    assert isinstance(refused, RefusalView) and "waiting" in refused.limit


def test_health_is_red_when_the_supervisor_does_not_go_round(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    core = place.core()
    assert core.health().level is Level.GOOD
    monkeypatch.setattr(core.supervisor, "step", lambda: 1 / 0)
    until(lambda: core.health().level is Level.BAD)
    assert "ZeroDivisionError" in core.status().problems[0]
