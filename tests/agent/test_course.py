"""What decisions make of the queue: fields kept, bursts moved, the plan's own end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import frame_of, plan

from agent.account import account
from agent.act import Actor
from agent.handoff import FinishedVisit
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.schedule import fill
from agent.situation import Surroundings, from_json, to_json
from hardware.data import Refusal, Rule, VisitKind
from policies.action import Burst, Decision, EndBurst, Keep, Recentre, Revisit, Stop
from policies.policy import View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policies.action import Action

WATCH = {"policy": "watch"}
LEFT = "left: not among the best 1"


class Case:
    """An actor on a real journal: three rounds of three fields 300 um apart."""

    def __init__(self, folder: Path) -> None:
        reaction = {"interval_s": 10, "duration_s": 60, "follow": True}
        search = {"best": 1, "rounds": 1}
        self.plan = plan(
            fields=3, rounds=3, interval_s=60, policy=WATCH, reaction=reaction, search=search
        )
        self.journal = Journal(folder, lambda: 0.0, durable=False)
        fill(self.plan, self.journal.visits)
        self.stops: list[tuple[Outcome, str]] = []
        self.actor = Actor(
            self.plan,
            self.journal,
            end_s=180.0,
            stop=lambda *asked: self.stops.append(asked),
            outside=self.outside,
        )
        self.surroundings = Surroundings(self.plan, self.journal, frozenset, image_px=(100, 200))

    def outside(self, x_um: float, y_um: float) -> Refusal | None:
        """A stage that ends 500 um to the right."""
        if x_um <= 500:
            return None
        return Refusal(Rule.XY_LIMIT, f"x = {x_um:g} um", "at most 500 um", "Stay inside.")

    def act(self, *actions: Action, now_s: float = 30.0, visit: int = 0) -> list[str]:
        n = self.journal.database.rows("SELECT count(*) FROM decisions")[0][0]
        decision = Decision(
            visit_id=visit or 100 + n, policy="t", actions=actions, reason="why", cites=()
        )
        return self.actor.apply(decision, now_s, "{}")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.journal.database.rows(sql)

    def counts(self) -> dict[str, int]:
        return dict(self.rows("SELECT state, count(*) FROM visits GROUP BY state"))

    def finish(self, visit: int, state: str = "delivered") -> None:
        self.journal.database.write("UPDATE visits SET state=? WHERE id=?", state, visit)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    with contextlib.closing(made.journal):
        yield made


# ---------------------------------------------------------------------- keep


def test_the_others_pending_visits_are_skipped_with_the_reason(case: Case) -> None:
    case.finish(1)
    case.act(Revisit(fov="p0", delay_s=5), Revisit(fov="p1", delay_s=5))
    said = case.act(Keep(fovs=("p1",), why=LEFT))
    assert said == ["2 of 3 fields left alone; 6 visits skipped"]
    assert set(case.rows("SELECT fov, why FROM visits WHERE state='skipped'")) == {
        ("p0", LEFT),
        ("p2", LEFT),
    }
    assert case.rows("SELECT DISTINCT fov FROM visits WHERE state='pending'") == [("p1",)]
    assert case.rows("SELECT state FROM visits WHERE id=1") == [("delivered",)]
    assert case.journal.course.left() == {"p0", "p2"}


def test_a_field_that_was_left_gets_no_new_visits(case: Case) -> None:
    case.act(Keep(fovs=("p1",), why=LEFT))
    said = case.act(Burst(fov="p0"), Revisit(fov="p2"), Revisit(fov="p1"))
    assert said == [f"not done: the field is {LEFT}"] * 2 + ["one more visit at 30 s"]


def test_a_burst_in_a_field_that_is_left_is_cancelled_not_skipped(case: Case) -> None:
    case.act(Burst(fov="p0"))
    case.act(Keep(fovs=("p1",), why=LEFT))
    states = case.rows("SELECT DISTINCT state FROM visits WHERE kind='reaction'")
    assert states == [("cancelled",)]
    assert case.journal.mind.bursts(31.0) == {}


def test_an_unknown_field_is_not_kept(case: Case) -> None:
    said = case.act(Keep(fovs=("p1", "p9"), why=LEFT))
    assert said == ["not done: no field of view 'p9' in the plan"]
    assert case.counts() == {"pending": 9}


def test_nobody_can_leave_all_fields() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        Keep(fovs=(), why=LEFT)


# ---------------------------------------------------------------------- the rounds of a survey


def rounds_over(case: Case, visit: int) -> int:
    found = FinishedVisit(visit, "p0", VisitKind.BASELINE, 1.0, 2.0, None)
    return case.surroundings.of(found, 10.0, late=False).rounds_over


def test_a_round_is_over_when_each_of_its_visits_is_decided_or_given_up(case: Case) -> None:
    assert rounds_over(case, 1) == 0
    for visit in (1, 2):
        case.finish(visit)
        case.act(visit=visit)
    case.finish(3, "running")
    assert rounds_over(case, 99) == 0, "a visit is under way"
    case.finish(3)
    assert rounds_over(case, 99) == 0, "nobody has decided on it yet"
    assert rounds_over(case, 3) == 1, "it is the one that is decided on"
    for visit in (4, 5, 6):
        case.finish(visit, "skipped")
    assert rounds_over(case, 3) == 2, "there will be no verdict on what was not imaged"
    for visit in (7, 8, 9):
        case.finish(visit, "skipped")
    assert rounds_over(case, 3) == 3
    case.act(Keep(fovs=("p1",), why=LEFT))
    assert rounds_over(case, 3) == 0, "nobody asks any more"


# ---------------------------------------------------------------------- recentre


def shifts(case: Case) -> list[tuple[Any, ...]]:
    return case.rows("SELECT dx_um, dy_um, count(*) FROM recentred GROUP BY 1, 2 ORDER BY 1")


def test_the_visits_to_come_of_a_burst_are_moved_and_no_others(case: Case) -> None:
    case.act(Burst(fov="p1"), Burst(fov="p2"))
    case.finish(10, "running")
    said = case.act(Recentre(fov="p1", dx_um=30, dy_um=-12.5), now_s=31.0)
    assert said == ["6 visits at x +30.0, y -12.5 um from the planned place"]
    assert shifts(case) == [(30.0, -12.5, 6)]
    assert case.journal.course.shift(10) == (0.0, 0.0), "one that has begun stays where it is"
    assert case.journal.course.shift(11) == (30.0, -12.5)
    case.act(Recentre(fov="p1", dx_um=60, dy_um=0), now_s=32.0)
    assert shifts(case) == [(60.0, 0.0, 6)], "from the planned place, not from the last one"


def test_a_burst_begins_at_the_planned_place_again(case: Case) -> None:
    case.act(Burst(fov="p1"))
    case.act(Recentre(fov="p1", dx_um=30, dy_um=0), now_s=31.0)
    case.act(EndBurst(fov="p1"), now_s=40.0)
    assert case.act(Recentre(fov="p1", dx_um=30, dy_um=0), now_s=41.0) == [
        "not done: no burst is running there"
    ]
    case.act(Burst(fov="p1"), now_s=50.0)
    (burst,) = case.journal.mind.bursts(51.0).values()
    assert case.journal.course.shift_to_come(burst.id) == (0.0, 0.0)


def test_a_place_outside_the_stages_limits_is_refused_in_the_decision(case: Case) -> None:
    case.act(Burst(fov="p1"))  # at x = 300
    (said,) = case.act(Recentre(fov="p1", dx_um=201, dy_um=0), now_s=31.0)
    assert said.startswith("not done: ") and "at most 500 um" in said
    assert shifts(case) == []
    assert case.act(Recentre(fov="p1", dx_um=200, dy_um=0), now_s=31.0)[0].startswith("7 visits")


def test_what_a_field_shows_is_known_while_it_is_filmed(case: Case) -> None:
    case.act(Burst(fov="p1"))
    case.journal.light.frame(frame_of(10, 0, "p1", 0))  # 0.5 um pixels
    case.act(Recentre(fov="p1", dx_um=30, dy_um=-5), now_s=31.0)
    filmed = FinishedVisit(10, "p1", VisitKind.REACTION, 31.0, 32.0, None)
    situation = case.surroundings.of(filmed, 33.0, late=False)
    assert situation.view == View(300.0, 0.0, 30.0, -5.0, 100.0, 50.0)
    assert (situation.events, situation.left) == ({"p1": 1}, frozenset())
    assert from_json(to_json(situation)) == situation
    calm = FinishedVisit(1, "p0", VisitKind.BASELINE, 31.0, 32.0, None)
    assert case.surroundings.of(calm, 33.0, late=False).view is None


def test_a_situation_of_an_earlier_version_can_still_be_read() -> None:
    old = '{"kind": "baseline", "started_s": 1.0, "now_s": 2.0, "bursting": {}, "late": false,'
    situation = from_json(old + ' "affordable": ["p0"]}')
    assert (situation.events, situation.rounds_over, situation.view) == ({}, 0, None)


# ---------------------------------------------------------------------- the plan's own end


def test_what_is_pending_is_cancelled_and_the_account_balances(case: Case) -> None:
    case.finish(1, "skipped")
    case.act(Burst(fov="p0"))
    said = case.act(Stop(reached="after 1 event"))
    assert said == ["ended by the plan after 1 event; 8 visits cancelled"]
    assert case.counts() == {"skipped": 1, "cancelled": 15}
    found = account(case.journal.database)
    assert found.balances and (found.expected, found.cancelled) == (1, 15)
    decision = Decision(
        visit_id=9, policy="t", actions=(Stop(reached="after 1 event"),), reason="why"
    )
    case.actor.stop_if_wanted(decision)
    assert case.stops == [], "it is complete, not stopped"


def test_the_end_comes_after_what_else_the_decision_asks_for(case: Case) -> None:
    said = case.act(Stop(reached="after 1 event"), Revisit(fov="p0"))
    assert said[1] == "one more visit at 30 s"
    assert case.counts() == {"cancelled": 10}


def test_nothing_is_added_after_the_end(case: Case) -> None:
    """A real run still judges what is under way; a late verdict may ask for a revisit."""
    case.act(Stop(reached="after 1 event"))
    said = case.act(Burst(fov="p0"), Revisit(fov="p1"), Stop(reached="after 2 events"))
    assert said == ["not done: the run is over: ended by the plan after 1 event"] * 3
    assert case.counts() == {"cancelled": 9}
