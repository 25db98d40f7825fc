"""What a runner says becomes state, conditions and messages; and what it does not say."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from house import PLAN, House, Runner, house

from agent.act import Actor
from agent.journal.journal import Journal
from agent.load import parse_plan
from agent.runner.told import Told
from agent.schedule import fill
from agent.service import hearing
from agent.service.health import health
from agent.service.states import Level
from policies.action import Burst, ChangeExposure, Decision, Revisit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policies.action import Action

__all__ = ["house"]


def test_a_run_that_does_nothing_is_told_of_and_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LESSONS 10: a stall ended a run and nobody saw it for a day."""
    id_, runner = house.under_way()
    runner.hear({"news": "pulse", "still_s": 1.0})
    house.rounds(2)
    assert not [told for told in house.told if "hangs" in told.title]
    runner.hear({"news": "pulse", "still_s": hearing.STILL_S + 1})
    house.rounds(2)
    (said,) = [told for told in house.told if "hangs" in told.title]
    assert said.kind == "trouble"
    checks = {c.name: c for c in health(house.queue, house.home, house.supervisor).checks}
    assert checks["instrument"].level is Level.BAD
    runner.hear({"news": "pulse", "still_s": 0.0})
    house.rounds(1)
    assert "hangs" not in house.supervisor.conditions
    monkeypatch.setattr(hearing, "GIVEN_UP_S", 0.0)
    monkeypatch.setattr(hearing, "STILL_S", 0.0)
    house.rounds(1)
    assert runner.code == -9
    house.rounds(1)
    assert "hung" in house.one(id_).why


ASKING = PLAN + "autonomy: {unattended: {reversible: ask, costly: auto}}\n"


class Line:
    """A runner's end of the line: real actor, real progress; what it tells goes to `runner`."""

    def __init__(self, folder: Path, runner: Runner) -> None:
        plan = parse_plan(ASKING, "plan")
        self.journal = Journal(folder, lambda: 0.0, durable=False)
        fill(plan, self.journal.visits)
        self.actor = Actor(plan, self.journal, end_s=400.0, stop=lambda *_: None, asks=True)
        self.runner = runner
        self.decisions = 0

    def tell(self, news: str, **more: Any) -> None:
        """As `agent.runner.line.News` does."""
        self.runner.hear(json.loads(json.dumps({"news": news, **more})))

    def decide(self, reason: str, *actions: Action) -> None:
        """A decision of the agent, acted on and told."""
        self.decisions += 1
        decision = Decision(
            visit_id=self.decisions, policy="t", actions=actions, reason=reason, cites=(1,)
        )
        became = self.actor.apply(decision, 30.0, "{}")
        Told(self).decided(30.0, "a", reason, tuple(became))  # type: ignore[arg-type]


@pytest.fixture
def line(house: House, tmp_path: Path) -> Iterator[Line]:
    (tmp_path / "line").mkdir()
    made = Line(tmp_path / "line", house.under_way()[1])
    yield made
    made.journal.close()


def kinds(house: House) -> list[str]:
    """Of the messages after "has begun"."""
    return [told.kind for told in house.told[1:]]


def test_each_question_is_a_message_of_its_own(house: House, line: Line) -> None:
    """The same key waits until the storm is over; by then the answer comes too late."""
    for delay_s in (1.0, 2.0, 3.0):
        line.decide("why", Revisit(fov="a", delay_s=delay_s))
    keys = [told.key for told in house.told if told.kind == "question"]
    assert keys == [f"1 question {number}" for number in (1, 2, 3)]


@pytest.mark.parametrize("reason", ["7 visits every 10 s saw it", "asked (question 9) before"])
def test_a_reason_that_reads_like_news_is_none(house: House, line: Line, reason: str) -> None:
    """What a person or a model wrote is not what became of an action."""
    line.decide(reason, ChangeExposure(fov="a", channel="DAPI", exposure_ms=5.0))
    assert kinds(house) == []


def test_a_burst_and_a_question_of_one_decision_are_two_messages(house: House, line: Line) -> None:
    line.decide("mitosis", Burst(fov="a"), Revisit(fov="a", delay_s=5.0))
    assert kinds(house) == ["event", "question"]
    assert "a is imaged fast" in house.told[1].title


@pytest.mark.parametrize(("who", "level"), [("guard", Level.BAD), ("Ada", Level.GOOD)])
def test_a_run_that_a_guard_has_paused_is_no_run_that_a_person_has_paused(
    house: House, monkeypatch: pytest.MonkeyPatch, who: str, level: Level
) -> None:
    monkeypatch.setattr(hearing, "LOOK_S", 0.0)
    id_, _ = house.under_way()
    journal = Journal(house.home.runs / (house.one(id_).run or ""), lambda: 0.0, durable=False)
    journal.live.lock("pause", "", "somebody moved the stage", who, 0.0)
    journal.close()
    house.rounds(1)
    assert house.one(id_).why == f"paused by {who}: somebody moved the stage"
    checks = {c.name: c for c in health(house.queue, house.home, house.supervisor).checks}
    assert checks["instrument"].level is level


def test_health_says_what_the_run_has_said_against_model_and_instrument(house: House) -> None:
    _, runner = house.under_way()
    for kind, check, after in (
        ("model_crashed", "judge", Level.WARNING),
        ("model_given_up", "judge", Level.WARNING),
        ("model_back", "judge", Level.GOOD),
        ("clock_jump", "instrument", Level.WARNING),
    ):
        runner.hear({"news": "trouble", "kind": kind, "text": f"said: {kind}"})
        checks = {c.name: c for c in health(house.queue, house.home, house.supervisor).checks}
        assert checks[check].level is after, kind
    assert kinds(house) == ["trouble", "trouble", "milestone", "trouble"]


def test_who_left_while_the_run_was_being_prepared_is_not_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LOOK_S", 0.0)
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
