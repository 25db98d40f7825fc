"""Live commands through whole runs: sent into the journal, applied at a visit boundary."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import (
    EAGER,
    QUICK_BURST,
    always,
    demo,
    ends,
    one,
    opened,
    plan,
    resumed,
    rows,
    scenario,
    scripted,
    wants,
)

from agent.act import Actor
from agent.journal.journal import Journal
from agent.journal.live import MOST_WAITING, QueueFull
from agent.journal.states import Outcome
from agent.live.command import parse
from agent.live.desk import Desk
from agent.live.guard import Trouble
from agent.plan import Plan
from agent.progress import Quiet
from agent.schedule import fill
from agent.session import Live
from agent.settings import end_s
from policies.action import (
    Burst,
    ChangeExposure,
    ChangeObjective,
    Decision,
    Keep,
    Refocus,
    Revisit,
    Stop,
)
from sim.paced import PacedClock
from sim.scope import open_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Bench:
    """A desk over a real journal, without an instrument."""

    def __init__(self, path: Path, plan_: Plan, *, asks: bool = True, guards: Any = ()) -> None:
        self.journal = Journal(path, lambda: self.now_s, durable=False)
        self.now_s = 0.0
        self.stops: list[tuple[Outcome, str]] = []
        self.news: list[tuple[str, str]] = []
        fill(plan_, self.journal.visits)
        self.actor = Actor(
            plan_, self.journal, end_s=end_s(plan_), stop=lambda *s: self.stops.append(s), asks=asks
        )
        self.desk = Desk(
            plan_,
            demo(),
            self.journal,
            self.actor,
            lambda *s: self.stops.append(s),
            Quiet(),
            guards=guards,
            news=lambda *n: self.news.append(n),
        )

    def say(self, **command: Any) -> str:
        """Send a command, attend, and give what became of it."""
        number = self.journal.live.send(json.dumps(command), "Ada", "api", self.now_s)
        self.desk.attend(self.now_s)
        return next(c.why for c in self.journal.live.commands() if c.id == number)

    def decide(self, *actions: Any, visit: int = 1) -> list[str]:
        """What becomes of the agent's own actions."""
        decision = Decision(
            visit_id=visit, policy="test", actions=actions, reason="seen", cites=(visit,)
        )
        return self.actor.apply(decision, self.now_s, "{}")

    def visits(self, where: str) -> int:
        """How many visits are so."""
        row = self.journal.database.row(f"SELECT count(*) FROM visits WHERE {where}")
        assert row is not None
        return int(row[0])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, plan(fields=2, rounds=3, reaction=QUICK_BURST))
    yield made
    made.journal.close()


CASES = [
    ({"command": "pause"}, "paused, light off"),
    ({"command": "resume"}, "not done: the run is not paused"),
    ({"command": "skip", "fov": "p1"}, "visit 2 skipped"),
    ({"command": "skip", "visit": 3}, "visit 3 skipped"),
    ({"command": "skip"}, "not done: give a field or a visit"),
    ({"command": "skip", "fov": "p1", "visit": 2}, "not done: give a field or a visit"),
    ({"command": "skip", "fov": "p9"}, "not done: no field of view 'p9'"),
    ({"command": "skip", "visit": 999}, "not done: no such visit is pending"),
    ({"command": "add", "fov": "p0", "delay_s": 30}, "one more visit at 30 s"),
    ({"command": "add", "fov": "p0", "delay_s": 1e9}, "not done: the plan ends before"),
    ({"command": "add", "fov": "p9"}, "not done: no field of view 'p9'"),
    ({"command": "burst", "fov": "p0"}, "visits every 10 s"),
    ({"command": "end_burst", "fov": "p0"}, "not done: no burst is running"),
    ({"command": "refocus", "fov": "p0"}, "not done: the plan has no autofocus"),
    ({"command": "hold", "fov": "p9"}, "not done: no field of view 'p9'"),
    ({"command": "release", "fov": "p0"}, "not done: nobody holds p0"),
    ({"command": "set_exposure", "channel": "DAPI", "exposure_ms": 20}, "DAPI at 20 ms"),
    ({"command": "set_exposure", "channel": "DAPI", "exposure_ms": 501}, "limit: max_exposure_ms"),
    ({"command": "set_exposure", "channel": "Cy5", "exposure_ms": 20}, "not done: no channel"),
    ({"command": "release_exposure", "channel": "DAPI"}, "not done: nobody has set DAPI"),
    ({"command": "approve", "ask": 1}, "not done: question 1 is not open"),
    ({"command": "attend", "attended": True}, "attended"),
]


@pytest.mark.parametrize(("command", "said"), CASES, ids=[str(c) for c, _ in CASES])
def test_each_command_says_what_became_of_it(
    bench: Bench, command: dict[str, Any], said: str
) -> None:
    became = bench.say(**command)
    assert said in became
    (state,) = rows_of(bench, "SELECT state FROM commands")
    assert state == ("refused" if became.startswith("not done") else "done")


def rows_of(bench: Bench, sql: str) -> list[Any]:
    return [row[0] for row in bench.journal.database.rows(sql)]


BAD = [
    '{"command": "shutdown"}',
    '{"command": "pause", "force": true}',
    '{"command": "set_exposure", "channel": "DAPI", "exposure_ms": NaN}',
    '{"command": "set_exposure", "channel": "DAPI", "exposure_ms": -1}',
    '{"command": "set_exposure", "channel": "DAPI", "exposure_ms": "inf"}',
    '{"command": "add", "fov": "p0", "delay_s": -5}',
    '{"command": "add", "fov": ""}',
    '{"command": "pause", "why": "' + "x" * 501 + '"}',
    "[]",
    "not json",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_in_the_vocabulary_is_no_command(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse(text)


def test_a_row_that_is_no_command_is_refused_and_the_run_goes_on(bench: Bench) -> None:
    bench.journal.live.send('{"command": "open_shutter"}', "Eve", "api", 0.0)
    bench.desk.attend(0.0)
    assert rows_of(bench, "SELECT state FROM commands") == ["refused"]
    assert bench.say(command="pause") == "paused, light off"


def test_a_flooded_queue_is_refused_not_kept(bench: Bench) -> None:
    for _ in range(MOST_WAITING):
        bench.journal.live.send('{"command": "pause"}', "Eve", "api", 0.0)
    with pytest.raises(QueueFull):
        bench.journal.live.send('{"command": "pause"}', "Eve", "api", 0.0)
    bench.desk.attend(0.0)
    assert bench.say(command="resume") == "goes on"


# ---------------------------------------------------------------------- what a person has set


def test_what_a_person_has_set_is_not_changed_back_by_a_decision(bench: Bench) -> None:
    bench.say(command="set_exposure", channel="DAPI", exposure_ms=20)
    bench.say(command="hold", fov="p0")
    became = bench.decide(
        ChangeExposure(fov="p0", channel="DAPI", exposure_ms=5), Burst(fov="p0"), Revisit(fov="p0")
    )
    assert became[0] == "not done: held, DAPI was set to 20 ms by Ada"
    assert became[1:] == ["not done: held, Ada has the field left alone"] * 2
    assert bench.desk.exposures == {"DAPI": 20.0}
    bench.say(command="release_exposure", channel="DAPI")
    bench.say(command="release", fov="p0")
    assert bench.desk.exposures == {}
    assert "visits every" in bench.decide(Burst(fov="p0"), visit=2)[0]


def test_a_held_field_is_left_out_until_it_is_released(bench: Bench) -> None:
    bench.say(command="hold", fov="p0")
    bench.now_s = 61.0
    bench.desk.attend(bench.now_s)
    assert bench.visits("fov='p0' AND state='skipped' AND why='held by Ada'") == 2
    assert bench.visits("fov='p0' AND state='pending'") == 1, "later rounds stay queued"
    bench.say(command="release", fov="p0")
    bench.now_s = 121.0
    bench.desk.attend(bench.now_s)
    assert bench.visits("fov='p0' AND state='pending'") == 1


# ---------------------------------------------------------------------- autonomy

TABLE = [  # attended, plan's autonomy, action, what becomes of it
    (False, {}, Revisit(fov="p0"), "one more visit"),
    (False, {}, Burst(fov="p0"), "visits every"),
    (False, {"unattended": {"costly": "ask"}}, Burst(fov="p0"), "asked (question 1)"),
    (True, {"unattended": {"costly": "ask"}}, Burst(fov="p0"), "visits every"),
    (False, {"unattended": {"costly": "refuse"}}, Burst(fov="p0"), "not done: costly actions"),
    (False, {"unattended": {"reversible": "ask"}}, Revisit(fov="p0"), "asked"),
    (False, {"unattended": {"costly": "ask"}}, Stop(), "asked"),
    (False, {"unattended": {"irreversible": "ask"}}, ChangeObjective(objective="40X"), "no objec"),
    (
        False,
        {"unattended": {"irreversible": "refuse"}},
        Keep(fovs=("p0",), why="best"),
        "1 of 2 fields left alone",  # ordered by the plan's own key
    ),
]


@pytest.mark.parametrize(("attended", "autonomy", "action", "said"), TABLE)
def test_autonomy_goes_by_consequence(
    tmp_path: Path, attended: bool, autonomy: dict[str, Any], action: Any, said: str
) -> None:
    bench = Bench(tmp_path, plan(reaction=QUICK_BURST, autonomy=autonomy))
    bench.say(command="attend", attended=attended)
    (became,) = bench.decide(action)
    assert said in became
    bench.journal.close()


def test_approval_without_anybody_to_ask_fails_closed(tmp_path: Path) -> None:
    autonomy = {"unattended": {"costly": "ask"}}
    bench = Bench(tmp_path, plan(reaction=QUICK_BURST, autonomy=autonomy), asks=False)
    assert bench.decide(Burst(fov="p0")) == [
        "not done: costly actions are asked for, and nobody can be asked"
    ]
    assert rows_of(bench, "SELECT id FROM asks") == []
    bench.journal.close()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Bench]:
    autonomy = {"unattended": {"costly": "ask"}, "ask_timeout_s": 60}
    made = Bench(tmp_path, plan(reaction=QUICK_BURST, autonomy=autonomy))
    made.decide(Burst(fov="p0"))
    yield made
    made.journal.close()


def test_an_approved_question_is_done_by_name_of_who_approved_it(asked: Bench) -> None:
    assert asked.say(command="approve", ask=1).startswith("approved: ")
    assert asked.visits("kind='reaction'") > 0
    (ask,) = asked.journal.live.asks()
    assert (str(ask.state), ask.who) == ("done", "Ada")


def test_a_denied_question_is_not_done(asked: Bench) -> None:
    assert asked.say(command="deny", ask=1) == "denied: it is not done"
    assert asked.visits("kind='reaction'") == 0
    assert asked.say(command="approve", ask=1) == "not done: question 1 is not open"


def test_a_question_nobody_answers_times_out_to_the_safe_default(asked: Bench) -> None:
    asked.now_s = 61.0
    asked.desk.attend(asked.now_s)
    (ask,) = asked.journal.live.asks()
    assert str(ask.state) == "expired"
    assert asked.say(command="approve", ask=1).startswith("not done")
    assert asked.visits("kind='reaction'") == 0


def test_an_approval_that_comes_with_the_time_out_is_too_late(asked: Bench) -> None:
    asked.now_s = 60.0
    assert "was open until 60 s" in asked.say(command="approve", ask=1)
    assert asked.visits("kind='reaction'") == 0


# ---------------------------------------------------------------------- guards


class Once:
    """A guard that finds something once."""

    def __init__(self, then: Any) -> None:
        self.left = [Trouble("operator_touch", then, "stage moved by hand: x 0 -> 50 um")]

    def check(self, now_s: float) -> Trouble | None:
        return self.left.pop() if self.left else None


@pytest.mark.parametrize(
    ("then", "fits", "paused", "stops"),
    [("pause", False, True, 0), ("note", True, False, 0), ("stop", False, False, 1)],
)
def test_what_a_guard_finds_is_noted_told_and_acted_upon(
    tmp_path: Path, then: str, fits: bool, paused: bool, stops: int
) -> None:
    bench = Bench(tmp_path, plan(), guards=(Once(then),))
    assert bench.desk.fit(0.0) is fits
    assert bench.desk.paused is paused
    assert len(bench.stops) == stops
    assert bench.news == [("operator_touch", "stage moved by hand: x 0 -> 50 um")]
    assert rows_of(bench, "SELECT text FROM notes WHERE kind='operator_touch'")
    if paused:
        assert bench.say(command="resume") == "goes on"
        assert bench.desk.fit(0.0)
    bench.journal.close()


# ---------------------------------------------------------------------- whole runs


def test_a_paused_run_images_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    with opened(tmp_path / "r", plan(), live=Live(commands=True)) as session:
        session.begin()
        session.journal.live.send('{"command": "pause"}', "Ada", "api", 0.0)

        def later() -> None:
            while not session.journal.live.locks("pause"):
                time.sleep(0.01)
            time.sleep(0.3)
            seen.append(session.ledger.total().exposures)
            session.journal.live.send('{"command": "resume"}', "Ada", "api", 0.0)
            session.poke()

        seen: list[int] = []
        thread = threading.Thread(target=later)
        thread.start()
        ending = ends(session)
        thread.join()
    assert seen == [0]
    assert ending.outcome is Outcome.COMPLETE
    assert one(tmp_path / "r", "SELECT count(*) FROM frames") == 12


def test_an_exposure_that_a_person_has_set_is_used_from_the_next_visit_on(tmp_path: Path) -> None:
    with opened(tmp_path / "r", plan(), live=Live(commands=True)) as session:
        session.begin()
        text = '{"command": "set_exposure", "channel": "DAPI", "exposure_ms": 25}'
        session.journal.live.send(text, "Ada", "api", 0.0)
        assert ends(session).outcome is Outcome.COMPLETE
    found = rows(tmp_path / "r", "SELECT DISTINCT channel, exposure_ms FROM exposures ORDER BY 1")
    assert found == [("DAPI", 25.0), ("FITC", 10.0)]


def test_a_stop_command_ends_the_run_and_it_can_be_resumed(tmp_path: Path) -> None:
    with opened(tmp_path / "r", plan(), live=Live(commands=True)) as session:
        session.begin()
        session.journal.live.send('{"command": "stop", "why": "fire"}', "Ada", "api", 0.0)
        ending = ends(session)
    assert (ending.outcome, ending.why) == (Outcome.STOPPED, "commanded by Ada: fire")
    assert resumed(tmp_path / "r", plan()).outcome is Outcome.COMPLETE


def test_a_run_without_live_commands_ignores_them(tmp_path: Path) -> None:
    with opened(tmp_path / "r", plan()) as session:
        session.begin()
        session.journal.live.send('{"command": "stop"}', "Ada", "api", 0.0)
        assert ends(session).outcome is Outcome.COMPLETE


def test_a_question_is_approved_in_mid_run(tmp_path: Path) -> None:
    """Through the graph: the policy wants a burst, the plan asks, a person approves it."""
    plan_ = plan(
        rounds=4,
        policy=EAGER,
        reaction=QUICK_BURST,
        autonomy={"unattended": {"costly": "ask"}, "ask_timeout_s": 1e6},
    )
    live = Live(commands=True, asks=True)
    slow = open_scope(demo(), scenario(), 1, PacedClock(100))  # time enough for an answer
    with opened(tmp_path / "r", plan_, judge=always(0.9), live=live, scope=slow) as session:
        session.begin()
        asks = session.journal.live

        def approve() -> None:
            while not asks.open_asks():
                time.sleep(0.002)
            asks.send('{"command": "approve", "ask": 1}', "Ada", "api", 0.0)

        thread = threading.Thread(target=approve)
        thread.start()
        assert ends(session).outcome is Outcome.COMPLETE
        thread.join()
    assert one(tmp_path / "r", "SELECT state FROM asks WHERE id=1") == "done"
    assert one(tmp_path / "r", "SELECT count(*) FROM visits WHERE kind='reaction'") > 0


def test_refocus_and_bursts_by_hand_go_through_the_actors_own_rules(tmp_path: Path) -> None:
    def script(n: int, verdict: Any) -> Any:
        return wants(verdict, Refocus(fov="p0")) if n == 0 else wants(verdict)

    plan_ = plan(reaction=QUICK_BURST)
    with (
        scripted(script),
        opened(tmp_path / "r", plan_, judge=always(0.0), live=Live(commands=True)) as session,
    ):
        session.begin()
        session.journal.live.send('{"command": "burst", "fov": "p0"}', "Ada", "api", 0.0)
        assert ends(session).outcome is Outcome.COMPLETE
    assert one(tmp_path / "r", "SELECT count(*) FROM visits WHERE kind='reaction'") > 0
    assert "Ada" in one(tmp_path / "r", "SELECT who FROM commands")
