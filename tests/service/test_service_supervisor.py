"""What becomes of experiments when runner, disk and people do things at bad moments."""

from __future__ import annotations

import sqlite3
from types import SimpleNamespace
from typing import Any

import pytest
from house import House, Runner, house

from agent.live.command import Refocus
from agent.service import acting, ends
from agent.service.health import health
from agent.service.queue import Experiment, Queue
from agent.service.runview import commands_of
from agent.service.send import send
from agent.service.states import Door, ExperimentState, Level, Reason
from agent.service.supervisor import INTERRUPTED, Told

__all__ = ["house"]
State = ExperimentState


# ---------------------------------------------------------------------- ends


def full_disk(*_: Any, **__: Any) -> bool:
    raise sqlite3.OperationalError("database or disk is full")


def test_an_end_that_could_not_be_written_down_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, runner = house.under_way()
    second = house.add("second")
    runner.hear({"news": "light", "left_on": []})
    runner.code = 1
    with monkeypatch.context() as full:
        full.setattr(Queue, "set", full_disk)
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError):
                house.supervisor.step()
    house.rounds(1)
    assert house.one(id_).state is State.FAILED
    assert [told.key for told in house.told if told.key.endswith("end")] == [f"{id_} end"]
    house.rounds()
    assert house.one(second).state is State.STARTING


def test_a_command_that_came_when_the_run_was_just_over_does_not_wait_for_ever(
    house: House,
) -> None:
    id_, runner = house.under_way()
    run = house.home.runs / str(house.one(id_).run)
    send(run, Refocus(fov="a"), "Ada", Door.PAGE)
    runner.hear({"news": "light", "left_on": []})
    runner.code = 0
    house.rounds(1)
    assert house.one(id_).state is State.COMPLETE
    (command,) = commands_of(id_, run)
    assert (command.state, command.why) == (
        "refused",
        "the run was over before it could be applied",
    )


def test_a_command_sent_while_the_run_ends_does_not_wait_for_ever(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was checked while the run was on, and written when nobody reads it any more."""
    id_, runner = house.under_way()
    run = house.home.runs / str(house.one(id_).run)

    def too_late(*args: Any, **more: Any) -> int:
        runner.code = 0
        house.rounds(1)
        return send(*args, **more)

    monkeypatch.setattr(acting, "send", too_late)
    reading: Any = SimpleNamespace(run_dir=lambda _: run)
    who = SimpleNamespace(name="Ada", door=Door.PAGE)
    doing = acting.Acting(house.home, house.queue, house.supervisor, reading)
    answer = doing.command(id_, Refocus(fov="a"), who)  # type: ignore[arg-type]
    assert (answer.state, answer.why) == (  # type: ignore[union-attr]
        "refused",
        "the run was over before it could be applied",
    )


@pytest.mark.parametrize("kept", [True, False], ids=["the first is kept", "not kept at first"])
def test_a_light_that_may_be_on_is_told_of_once_while_the_disk_is_full(
    house: House, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Each round tries again to write the end down. A message that was lost is told again."""
    heard: list[str] = []

    def tell(told: Told) -> bool:
        heard.append(told.title)
        return kept or len(heard) > 1

    house.tell = tell
    _, runner = house.under_way()
    heard.clear()
    runner.hear({"news": "light", "left_on": ["LED"]})
    runner.code = 1
    with monkeypatch.context() as full:
        full.setattr(Queue, "set", full_disk)
        for _ in range(4):
            with pytest.raises(sqlite3.OperationalError):
                house.supervisor.step()
    house.rounds(1)
    assert len([title for title in heard if "look at the lamp" in title]) == (1 if kept else 2)
    assert house.one(1).state is State.FAILED


@pytest.mark.parametrize(
    ("comparing", "given_up", "said"),
    [
        (False, False, "its runner died while it ran (signal 9)"),
        (False, True, "its runner hung for so long that it was killed"),
        (True, False, "its runner died while it compared instrument and journal (signal 9)"),
    ],
)
def test_an_interruption_says_what_was_interrupted(
    house: House, comparing: bool, given_up: bool, said: str
) -> None:
    """The service is well, and must not be said to have ended."""
    id_, runner = house.under_way()
    now = house.supervisor._now
    assert now is not None
    now.comparing, now.given_up = comparing, given_up
    runner.code = -9
    house.rounds(1)
    one = house.one(id_)
    assert (one.state, one.why, one.reason) == (State.HELD, said, Reason.RUNNER_DIED)
    house.rounds(1)
    assert Runner.made[-1].spec.compare


@pytest.mark.parametrize(
    ("why", "reason", "compares"),
    [
        ("in other words", Reason.SERVICE_ENDED, True),
        ("in other words", Reason.RUNNER_DIED, True),
        (INTERRUPTED, Reason.NONE, False),  # a person may have written that
    ],
)
def test_what_is_compared_does_not_depend_on_words(
    house: House, why: str, reason: Reason, compares: bool
) -> None:
    id_ = house.add()
    house.queue.set(id_, State.HELD, why, reason=reason, run="run")
    house.imaged(id_)
    house.rounds(1)
    assert [runner.spec.compare for runner in Runner.made] == [True] * compares


@pytest.mark.parametrize("there", [True, False])
def test_whether_somebody_is_there_decides_between_asking_and_going_on(
    house: House, there: bool
) -> None:
    """Its plan says that it goes on where nobody can be asked."""
    house.queue.set_setting("attended", str(int(there)))
    id_, runner = house.under_way()
    runner.code = -9
    house.rounds(2)
    comparing = Runner.made[-1]
    comparing.hear({"news": "light", "left_on": []})
    comparing.hear({"news": "held", "differences": []})
    comparing.code = 3
    house.rounds(1)
    asked = house.told[-1].kind == "question"
    assert (asked, house.one(id_).state) == (there, State.HELD if there else State.STARTING)


def test_a_comparison_that_cannot_be_started_is_tried_again(house: House) -> None:
    id_, runner = house.under_way()
    runner.code = -9
    Runner.cannot_start = OSError(11, "Resource temporarily unavailable")
    house.rounds()
    assert house.one(id_).state is State.HELD
    Runner.cannot_start = None
    house.rounds(1)
    assert Runner.made[-1].spec.compare


@pytest.mark.parametrize("outcome", ["complete", "stopped", "failed"])
def test_a_runner_that_dies_after_its_end_was_not_interrupted(house: House, outcome: str) -> None:
    id_, runner = house.under_way()
    house.imaged(id_, outcome=outcome)
    runner.code = 134  # a driver that aborts at the interpreter's exit
    house.rounds()
    assert house.one(id_).state == outcome


def test_a_service_that_died_after_the_end_of_a_run_does_not_hold_it(house: House) -> None:
    id_, _ = house.under_way()
    house.imaged(id_, outcome="complete")
    again = House(house.home, house.queue, house.config)
    again.supervisor._over.set()  # its thread ends at once
    again.supervisor.begin()
    assert house.one(id_).state is State.COMPLETE


def test_what_could_not_begin_holds_the_queue(house: House) -> None:
    """An instrument that is off must not cost the whole queue within seconds."""
    first, second = house.add("first"), house.add("second")
    house.rounds(1)
    Runner.made[-1].hear({"news": "refused", "text": "no instrument"})
    Runner.made[-1].code = 2
    house.rounds(5)
    assert house.one(first).state is State.FAILED and "no instrument" in house.one(first).why
    assert house.one(second).state is State.WAITING and "could not begin" in (
        house.supervisor.queue_held
    )


def test_what_could_not_be_resumed_is_held_not_failed(house: House) -> None:
    """Its sample is on the stage: nothing else may begin on it."""
    id_, runner = house.under_way()
    second = house.add("second")
    runner.hear({"news": "light", "left_on": []})
    runner.code = 130
    house.rounds(1)
    assert house.supervisor.resume(house.one(id_)) == ""
    Runner.made[-1].hear({"news": "refused", "text": "the camera is missing"})
    Runner.made[-1].code = 2
    house.rounds()
    assert house.one(id_).state is State.HELD and "camera" in house.one(id_).why
    assert house.one(second).state is State.WAITING


# ---------------------------------------------------------------------- beginnings


def test_a_runner_that_cannot_be_started_leaves_the_experiment_where_it_was(house: House) -> None:
    first, second = house.add("first"), house.add("second")
    Runner.cannot_start = OSError(11, "Resource temporarily unavailable")
    house.rounds()
    assert [house.one(i).state for i in (first, second)] == [State.WAITING] * 2
    assert "could not be started" in house.told[0].text
    Runner.cannot_start = None
    house.rounds(1)
    assert house.one(first).state is State.STARTING


def test_what_was_withdrawn_meanwhile_does_not_begin(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = house.add()
    real = Queue.next_due

    def withdrawn(queue: Queue, now: Any) -> Experiment | None:
        found = real(queue, now)
        queue.set(id_, State.WITHDRAWN, only_from=(State.WAITING,))
        return found

    monkeypatch.setattr(Queue, "next_due", withdrawn)
    house.rounds()
    assert house.one(id_).state is State.WITHDRAWN and Runner.made == []


def test_two_runners_are_never_at_work(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person resumes one experiment while another one's comparison ends with "go on"."""
    old, runner = house.under_way("old")
    runner.hear({"news": "light", "left_on": []})
    runner.code = 130
    house.rounds(1)
    id_, runner = house.under_way()
    runner.code = -9
    house.rounds(2)  # held, then compared
    comparing = Runner.made[-1]
    assert comparing.spec.compare
    comparing.hear({"news": "light", "left_on": []})
    comparing.code = 3
    said: list[str] = []
    real = ends.end_of

    def meanwhile(facts: Any) -> Any:
        import threading

        person = threading.Thread(
            target=lambda: said.append(house.supervisor.resume(house.one(old)))
        )
        person.start()
        person.join(0.2)  # waits for the lock
        threads.append(person)
        return real(facts)

    threads: list[Any] = []
    monkeypatch.setattr(ends, "end_of", meanwhile)
    house.rounds(1)
    threads[0].join(10)
    assert said == ["another experiment has the instrument"]
    assert [r.spec.run.name for r in Runner.made if r.code is None] == [house.one(id_).run]


def test_a_comparison_that_dies_is_not_begun_for_ever(house: House) -> None:
    id_, runner = house.under_way()
    runner.code = -11
    for _ in range(40):
        house.supervisor.step()
        Runner.made[-1].code = -11
    assert len(Runner.made) <= 2 + house.config.restarts
    assert house.one(id_).state is State.HELD and "dies while it compares" in house.one(id_).why


# ---------------------------------------------------------------------- a stop at once


def test_a_stop_reaches_a_runner_that_is_just_being_started(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add()
    real = Runner.__init__

    def slow(runner: Runner, *args: Any) -> None:
        house.supervisor.stop_now("stopped at once by Ada")
        real(runner, *args)

    monkeypatch.setattr(Runner, "__init__", slow)
    house.rounds(1)
    assert Runner.made[0].stopped == ["stopped at once by Ada"]
    assert house.supervisor.queue_held


def test_after_a_stop_that_had_to_kill_nothing_begins_by_itself(house: House) -> None:
    id_, runner = house.under_way()
    house.supervisor.stop_now("stopped at once by Ada")
    runner.code = -9
    house.rounds(10)
    assert len(Runner.made) == 1
    assert house.one(id_).state is State.HELD and "Ada" in house.one(id_).why
    assert house.supervisor.resume(house.one(id_)) == "" and len(Runner.made) == 2


def test_nobody_says_off_who_has_not_looked(house: House) -> None:
    """A runner that is dead, or was never there, has read nothing back."""
    ran, confirmed, left = house.supervisor.stop_now("x")
    assert (ran, confirmed) == (False, False) and "nobody has looked" in left[0]
    house.supervisor.release_queue()
    id_, runner = house.under_way()
    runner.code = -9
    ran, confirmed, left = house.supervisor.stop_now("x")
    assert (ran, confirmed) == (True, False) and "no dead-man" in left[-1]
    house.rounds(1)
    assert house.one(id_).state is State.HELD
    assert any("look at the lamp" in told.title for told in house.told)
    checks = {c.name: c for c in health(house.queue, house.home, house.supervisor).checks}
    assert checks["light"].level is Level.BAD


def test_a_light_that_may_be_on_holds_the_queue(house: House) -> None:
    _, runner = house.under_way()
    second = house.add("second")
    runner.hear({"news": "light", "left_on": ["LED"]})
    runner.code = 1
    house.rounds(5)
    assert house.one(second).state is State.WAITING
    assert "LED could NOT be closed" in house.supervisor.queue_held
    assert INTERRUPTED not in house.supervisor.queue_held
