"""Actions become changes of the schedule: only those, only once, only so many."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import plan

from agent.act import MAX_ACTIONS_PER_LAP, TOO_MANY, Actor
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.schedule import fill
from policies.action import (
    Ask,
    Burst,
    ChangeExposure,
    ChangeObjective,
    Decision,
    EndBurst,
    Refocus,
    Revisit,
    Stop,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from policies.action import Action

REACTION = {"interval_s": 10, "duration_s": 60, "channels": [{"config": "DAPI", "exposure": 5}]}
FOCUS = {"channel": "DAPI", "exposure_ms": 5}
END_S = 180.0


class Case:
    """An actor on a real journal with three rounds of two fields queued."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.plan = plan(fields=2, rounds=3, interval_s=60, reaction=REACTION, **sections)
        self.journal = Journal(folder, lambda: 0.0, durable=False)
        fill(self.plan, self.journal.visits)
        self.stops: list[tuple[Outcome, str]] = []
        self.actor = Actor(
            self.plan, self.journal, end_s=END_S, stop=lambda *asked: self.stops.append(asked)
        )
        self._decisions = 0

    def act(self, *actions: Action, now_s: float = 30.0, fov: str = "p0") -> list[str]:
        self._decisions += 1
        cites = (self._decisions,)
        decision = Decision(
            visit_id=self._decisions, policy="t", actions=actions, reason="because", cites=cites
        )
        return self.actor.apply(decision, now_s, '{"now_s": 30.0}')

    def visits(self, where: str = "1") -> list[tuple[Any, ...]]:
        return self.journal.database.rows(
            f"SELECT fov, kind, due_s, state FROM visits WHERE {where} ORDER BY id"
        )

    def dump(self) -> list[str]:
        """Everything in the journal but the decisions."""
        return [s for s in self.journal.database.connection.iterdump() if '"decisions"' not in s]


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path, autofocus=FOCUS)
    with contextlib.closing(made.journal):
        yield made


def test_a_burst_is_visits_at_the_reactions_rate_until_it_ends_by_itself(case: Case) -> None:
    assert case.act(Burst(fov="p0")) == ["7 visits every 10 s, until released"]
    due = [30.0 + 10 * i for i in range(7)]
    assert case.visits("kind='reaction'") == [("p0", "reaction", d, "pending") for d in due]
    columns = "burst, cause, frames_expected, priority"
    found = case.journal.database.rows(f"SELECT {columns} FROM visits WHERE kind='reaction'")
    assert set(found) == {(1, 1, 1, 1)}, "one channel in a reaction, two in the baseline"
    assert case.journal.mind.bursts(31.0)["p0"].until_s == 90.0


def test_a_burst_does_not_outlast_the_plan(case: Case) -> None:
    assert case.act(Burst(fov="p0"), now_s=165.0) == ["2 visits every 10 s, until released"]
    assert case.act(Burst(fov="p1"), now_s=END_S)[0].startswith("not done: the plan ends")


def test_one_burst_at_a_time_in_a_field(case: Case) -> None:
    case.act(Burst(fov="p0"))
    assert case.act(Burst(fov="p0"), now_s=40.0) == ["not done: the field is imaged fast already"]
    assert case.act(Burst(fov="p1"), now_s=40.0) == ["7 visits every 10 s, until released"]
    assert case.act(Burst(fov="p0"), now_s=90.0)[0].startswith("7 visits")


def test_the_end_of_a_burst_cancels_what_is_left_of_it_and_nothing_else(case: Case) -> None:
    case.act(Burst(fov="p0"))
    case.act(Burst(fov="p1"))
    case.journal.database.write(
        "UPDATE visits SET state='delivered' WHERE kind='reaction' AND due_s<50"
    )
    assert case.act(EndBurst(fov="p0"), now_s=50.0) == ["back to the baseline; 5 visits cancelled"]
    assert {v[0] for v in case.visits("state='cancelled'")} == {"p0"}
    assert len(case.visits("kind='baseline' AND state='pending'")) == 6
    assert case.act(EndBurst(fov="p0"), now_s=51.0) == ["not done: no burst is running there"]


def test_a_revisit_goes_before_everything_else(case: Case) -> None:
    assert case.act(Revisit(fov="p1", delay_s=5)) == ["one more visit at 35 s"]
    assert case.visits("kind='revisit'") == [("p1", "revisit", 35.0, "pending")]
    late = case.act(Revisit(fov="p1", delay_s=160))
    assert late == ["not done: the plan ends before"]


def test_a_refocus_belongs_to_the_next_visit_even_one_of_the_same_decision(case: Case) -> None:
    applied = case.act(Refocus(fov="p0"), Revisit(fov="p0"), now_s=30.0)
    assert applied == ["autofocus at the next visit", "one more visit at 30 s"]
    chosen = case.journal.database.rows("SELECT kind, due_s FROM visits WHERE refocus=1")
    assert chosen == [("baseline", 0.0)], "it was due before"
    case.journal.database.write("UPDATE visits SET state='delivered', refocus=0")
    case.act(Refocus(fov="p0"), Revisit(fov="p0"), now_s=40.0)
    assert case.journal.database.rows("SELECT kind FROM visits WHERE refocus=1") == [("revisit",)]
    case.journal.database.write("UPDATE visits SET state='delivered'")
    assert case.act(Refocus(fov="p0")) == ["not done: no visit is left"]


def test_waiting_skips_the_visits_of_that_time(case: Case) -> None:
    case.act(Burst(fov="p0"))
    assert case.act(Wait(fov="p0", duration_s=31)) == ["left alone for 31 s; 6 visits skipped"]
    left = [v[2] for v in case.visits("fov='p0' AND state='pending'")]
    assert left == [120.0, 70.0, 80.0, 90.0]


def test_an_exposure_is_changed_for_the_visits_to_come(case: Case) -> None:
    done = case.act(ChangeExposure(fov="p0", channel="DAPI", exposure_ms=33))
    assert done == ["DAPI at 33 ms from the next visit on"]
    assert case.journal.visits.changed_exposures("p0") == {"DAPI": 33.0}
    assert case.journal.visits.changed_exposures("p1") == {}


def test_a_question_is_written_down_and_answered_by_its_default(case: Case) -> None:
    assert "carry on" in case.act(Ask(question="Is this a bubble?", default="carry on"))[0]
    ((kind, text),) = case.journal.database.rows("SELECT kind, text FROM notes")
    assert kind == "question" and "Is this a bubble?" in text


def test_stopping_is_decided_first_and_done_afterwards(case: Case) -> None:
    assert case.act(Stop()) == ["run ends after the visit under way"]
    assert case.stops == [], "the decision is in the journal before the run ends"
    case.actor.stop_if_wanted(Decision(visit_id=9, policy="t", actions=(Stop(),), reason="enough"))
    assert case.stops == [(Outcome.STOPPED, "decided: enough")]
    case.actor.stop_if_wanted(Decision(visit_id=9, policy="t", reason="go on"))
    assert len(case.stops) == 1


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(action, id=action.action)
        for action in (
            Burst(fov="nowhere"),
            EndBurst(fov="nowhere"),
            Revisit(fov="nowhere"),
            Refocus(fov="nowhere"),
            ChangeExposure(fov="nowhere", channel="DAPI", exposure_ms=1),
            Wait(fov="nowhere", duration_s=1e6),
        )
    ],
)
def test_a_field_that_is_not_in_the_plan_is_left_alone(case: Case, action: Action) -> None:
    before = case.dump()
    assert case.act(action) == ["not done: no field of view 'nowhere' in the plan"]
    assert case.dump() == before


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (ChangeObjective(objective="40X"), "changes no objective"),
        (ChangeExposure(fov="p0", channel="Cy5", exposure_ms=1), "no channel 'Cy5'"),
    ],
)
def test_what_a_plan_does_not_provide_for_is_not_done(case: Case, action: Action, why: str) -> None:
    before = case.dump()
    (said,) = case.act(action)
    assert said.startswith("not done") and why in said
    assert case.dump() == before


def test_without_autofocus_in_the_plan_nothing_is_refocused(tmp_path: Path) -> None:
    made = Case(tmp_path)
    assert made.act(Refocus(fov="p0")) == ["not done: the plan has no autofocus"]
    made.journal.close()


def test_a_held_field_gets_no_new_visits(case: Case) -> None:
    case.journal.visits.hold("p0", "autofocus failed")
    said = case.act(Burst(fov="p0"), Revisit(fov="p0"), Revisit(fov="p1"))
    assert said == ["not done: the position is held"] * 2 + ["one more visit at 30 s"]


def test_a_policy_that_wants_too_much_gets_the_first_few(case: Case) -> None:
    wanted = [Revisit(fov="p0", delay_s=i) for i in range(1, MAX_ACTIONS_PER_LAP + 3)]
    said = case.act(*wanted, Stop())
    assert said[MAX_ACTIONS_PER_LAP:] == [TOO_MANY] * 3
    assert len(case.visits("kind='revisit'")) == MAX_ACTIONS_PER_LAP
    decision = Decision(visit_id=1, policy="t", actions=(*wanted, Stop()), reason="")
    case.actor.stop_if_wanted(decision)
    assert case.stops == []


def test_what_became_of_each_action_is_in_the_journal_with_its_reason(case: Case) -> None:
    said = case.act(Burst(fov="p0"), Revisit(fov="nowhere"))
    row = case.journal.database.row(
        "SELECT visit, time_s, policy, reason, applied, situation FROM decisions"
    )
    assert row == (1, 30.0, "t", "because", json.dumps(said), '{"now_s": 30.0}')


def test_a_decision_that_fails_half_way_changes_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("disk full")

    before = case.dump()
    monkeypatch.setattr(case.journal.mind, "write_decision", full)
    with pytest.raises(OSError, match="disk full"):
        case.act(Burst(fov="p0"), Stop())
    assert case.dump() == before and case.stops == []
