"""What becomes of experiments when runner, disk and people do things at bad moments.

The runner here is a stand-in (`Runner`) that ends, dies and speaks when a test wants it; queue,
supervisor and messages are the real ones.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from agent.journal.journal import Journal
from agent.service import supervisor as supervising
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.health import health
from agent.service.home import Home
from agent.service.light import after_death, said_at_its_end
from agent.service.queue import Experiment, Queue
from agent.service.states import Door, ExperimentState, Level
from agent.service.supervisor import INTERRUPTED, Supervisor, Told
from agent.watched import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.runner.spec import RunnerSpec

State = ExperimentState
PLAN = """
goal: night
baseline:
  axis_order: tpcz
  stage_positions: [{name: a, x: 0, y: 0, z: 0}]
  channels: [{group: Channel, config: DAPI, exposure: 10}]
  time_plan: {interval: 20, loops: 20}
judge: {kind: none}
trouble: {after_restart: go_on}
"""


class Runner:
    """Stands in for a runner's process."""

    pid, failure = 4242, ""
    cannot_start: OSError | None = None
    made: list[Runner]

    def __init__(
        self, spec: RunnerSpec, _: Path, __: Path, hear: Callable[[dict[str, Any]], None]
    ) -> None:
        if Runner.cannot_start is not None:
            raise Runner.cannot_start
        self.spec, self.hear = spec, hear
        self.code: int | None = None
        self.stopped: list[str] = []
        Runner.made.append(self)

    def poll(self) -> int | None:
        return self.code

    def ping(self) -> None:
        """It hears it."""

    def order(self, do: str, **_: str) -> bool:
        return bool(do)

    def stop_now(self, why: str) -> tuple[bool, tuple[str, ...]]:
        self.stopped.append(why)
        return self.code is None, ()

    def kill(self) -> None:
        self.code = -9

    def close(self) -> None:
        """It has no pipes."""


@dataclass
class House:
    """A supervisor whose rounds a test makes itself."""

    home: Home
    queue: Queue
    config: ServiceConfig
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.queue, self.home, self.config, self.told.append)

    def add(self, name: str = "night") -> int:
        made = self.queue.add(
            name=name,
            goal="",
            words="",
            plan=PLAN,
            described=(),
            who="Ada",
            door=Door.API,
            start_utc=None,
            after=None,
        )
        return made.id

    def one(self, id_: int) -> Experiment:
        found = self.queue.get(id_)
        assert found is not None
        return found

    def imaged(self, id_: int, **keys: str) -> None:
        """Its run has a journal."""
        run = self.home.runs / (self.one(id_).run or "run")
        run.mkdir(exist_ok=True)
        journal = Journal(run, lambda: 0.0, durable=False)
        journal.records.set(**{"outcome": "running", "plan": PLAN} | keys)
        journal.close()

    def under_way(self, name: str = "night") -> tuple[int, Runner]:
        """An experiment whose runner images."""
        id_ = self.add(name)
        self.supervisor.step()
        self.imaged(id_)
        Runner.made[-1].hear({"news": "light", "left_on": []})
        Runner.made[-1].hear({"news": "state", "state": "running"})
        assert self.one(id_).state is State.RUNNING
        return id_, Runner.made[-1]

    def rounds(self, n: int = 3) -> None:
        for _ in range(n):
            self.supervisor.step()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(supervising, "Child", Runner)
    monkeypatch.setattr(supervising, "AGAIN_S", 0.0)
    monkeypatch.setattr(supervising, "DEAD_MAN_S", 0.0)
    monkeypatch.setattr(supervising, "STOP_S", 0.0)
    monkeypatch.setattr(Runner, "made", [], raising=False)
    monkeypatch.setattr(Runner, "cannot_start", None)
    home = Home(tmp_path / "home")
    home.create()
    queue = Queue(home.database)
    lamp = SimulatedConfig(lamp="127.0.0.1:1")  # outside: it may be on when its runner dies
    yield House(home, queue, ServiceConfig(simulated=lamp))
    queue.close()


# ---------------------------------------------------------------------- ends


def test_an_end_that_could_not_be_written_down_is_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, runner = house.under_way()
    second = house.add("second")
    runner.hear({"news": "light", "left_on": []})
    runner.code = 1
    real, full = Queue.set, [True]

    def write(queue: Queue, *args: Any, **how: Any) -> bool:
        if full:
            raise sqlite3.OperationalError("database or disk is full")
        return real(queue, *args, **how)

    monkeypatch.setattr(Queue, "set", write)
    for _ in range(2):
        with pytest.raises(sqlite3.OperationalError):
            house.supervisor.step()
    full.clear()
    house.rounds(1)
    assert house.one(id_).state is State.FAILED
    assert [told.key for told in house.told if told.key.endswith("end")] == [f"{id_} end"]
    house.rounds()
    assert house.one(second).state is State.STARTING


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


def test_two_runners_are_never_at_work(house: House) -> None:
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
    real = house.supervisor._held

    def meanwhile(*args: Any) -> Any:
        import threading

        person = threading.Thread(
            target=lambda: said.append(house.supervisor.resume(house.one(old)))
        )
        person.start()
        person.join(0.2)  # waits for the lock
        threads.append(person)
        return real(*args)

    threads: list[Any] = []
    house.supervisor._held = meanwhile  # type: ignore[method-assign]
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


# ---------------------------------------------------------------------- while it runs


def test_a_run_that_does_nothing_is_told_of_and_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LESSONS 10: a stall ended a run and nobody saw it for a day."""
    _, runner = house.under_way()
    runner.hear({"news": "pulse", "still_s": 1.0})
    house.rounds(2)
    assert not [told for told in house.told if "hangs" in told.title]
    runner.hear({"news": "pulse", "still_s": supervising.STILL_S + 1})
    house.rounds(2)
    (said,) = [told for told in house.told if "hangs" in told.title]
    assert said.kind == "trouble"
    checks = {c.name: c for c in health(house.queue, house.home, house.supervisor).checks}
    assert checks["instrument"].level is Level.BAD
    runner.hear({"news": "pulse", "still_s": 0.0})
    house.rounds(1)
    assert "hangs" not in house.supervisor.conditions
    monkeypatch.setattr(supervising, "GIVEN_UP_S", 0.0)
    monkeypatch.setattr(supervising, "STILL_S", 0.0)
    house.rounds(1)
    assert runner.code == -9


def test_each_question_is_a_message_of_its_own(house: House) -> None:
    """The same key waits until the storm is over; by then the answer comes too late."""
    _, runner = house.under_way()
    for number in (1, 2, 12):
        text = f"why -> wait: asked (question {number}); not done unless approved by 400 s"
        runner.hear({"news": "decided", "fov": "a", "text": text})
    keys = [told.key for told in house.told if told.kind == "question"]
    assert len(set(keys)) == 3


def test_who_left_while_the_run_was_being_prepared_is_not_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "LOOK_S", 0.0)
    house.queue.set_setting("attended", "1")
    id_ = house.add()
    house.rounds(1)
    house.queue.set_setting("attended", "0")
    house.imaged(id_, attended="1")
    Runner.made[-1].hear({"news": "state", "state": "running"})
    house.rounds(3)
    run = house.home.runs / (house.one(id_).run or "")
    with sqlite3.connect(run / "journal.sqlite") as db:
        (text,) = db.execute("SELECT command FROM commands").fetchone()
    db.close()
    assert json.loads(text) == {"command": "attend", "attended": False, "why": ""}


# ---------------------------------------------------------------------- the light


def alarm(folder: Path, *, ward: int, dark: bool | None) -> None:
    """What a dead-man has written."""
    lines: list[dict[str, Any]] = [
        {"event": "alarm", "utc": "2026-01-01T00:00:00", "cause": "gone", "what": "it is gone"}
        | {"ward": ward}
    ]
    if dark is not None:
        event = "dark" if dark else "not_dark"
        lines.append({"event": event, "took_s": 0.1, "not_confirmed": ["lamp"], "switches": 1})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / RECORD).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("ward", "dark", "off"),
    [(7, True, True), (7, False, False), (7, None, None), (6, True, None)],
    ids=["confirmed", "not confirmed", "still trying", "of an earlier runner"],
)
def test_after_a_death_the_light_is_what_its_own_dead_man_has_confirmed(
    tmp_path: Path, ward: int, dark: bool | None, off: bool | None
) -> None:
    alarm(tmp_path, ward=ward, dark=dark)
    began = time.monotonic()
    assert after_death(1, tmp_path, 7, 0.1).off is off
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("left_on", "switched", "off", "words"),
    [
        ((), False, True, "read back"),
        (None, False, None, "without having read it back"),
        (("LED",), False, False, "LED could NOT be closed"),
        (("LED",), True, True, "the dead-man switched it off"),
        (None, True, True, "the dead-man switched it off"),
    ],
)
def test_at_an_end_the_light_is_what_was_read_back(
    tmp_path: Path, left_on: tuple[str, ...] | None, switched: bool, off: bool, words: str
) -> None:
    if switched:
        alarm(tmp_path, ward=7, dark=True)
    light = said_at_its_end(1, left_on, tmp_path, 7)
    assert light.off is off and words in str(light)


def test_a_light_that_may_be_on_holds_the_queue(house: House) -> None:
    _, runner = house.under_way()
    second = house.add("second")
    runner.hear({"news": "light", "left_on": ["LED"]})
    runner.code = 1
    house.rounds(5)
    assert house.one(second).state is State.WAITING
    assert "LED could NOT be closed" in house.supervisor.queue_held
    assert INTERRUPTED not in house.supervisor.queue_held
