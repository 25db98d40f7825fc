"""What a plan says on how often to react, and that the watch policy never goes past it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies_watching import FIELDS, Watch, names, verdict

from hardware.data import VisitKind
from policies.policy import Situation, View
from policies.watch import WatchPolicy
from policies.watch_parameters import Repeat, WatchParameters

EAGER = WatchParameters(
    confirm=(1, 1), release=(1, 1), min_dwell_s=0, rearm_after_s=0, max_concurrent=4
)


class Counting(Watch):
    """A run that counts the bursts that began."""

    def __init__(self, **limits: object) -> None:
        super().__init__(dataclasses.replace(EAGER, **limits))  # type: ignore[arg-type]
        self.begun: dict[str, int] = {}

    def sees(self, fov: str, p: float) -> list[str]:
        actions = names(self.look(fov, p))
        for action in actions:
            if action.startswith("burst "):
                self.begun[action[6:]] = self.begun.get(action[6:], 0) + 1
        return actions

    def situation(self, situation: Situation) -> Situation:
        return dataclasses.replace(situation, events=dict(self.begun))


def episode(run: Counting, fov: str) -> list[str]:
    """The target comes and goes."""
    return run.sees(fov, 0.9) + run.sees(fov, 0.1)


FILMED = ["burst {}", "end_burst {}"]


@pytest.mark.parametrize(
    ("limits", "filmed"),
    [
        ({}, "A1 A1 A2 A2"),
        ({"repeat": "once_per_field"}, "A1 A2"),
        ({"repeat": "once"}, "A1"),
        ({"max_events": 3}, "A1 A1 A2"),
        ({"max_events": 1}, "A1"),
        ({"repeat": "once_per_field", "max_events": 1}, "A1"),
    ],
)
def test_how_often_a_run_reacts(limits: dict[str, object], filmed: str) -> None:
    run = Counting(**limits)
    actions = [action for fov in ("A1", "A1", "A2", "A2") for action in episode(run, fov)]
    assert actions == [line.format(fov) for fov in filmed.split() for line in FILMED]


def test_the_reason_says_why_nothing_is_filmed() -> None:
    run = Counting(repeat="once_per_field")
    episode(run, "A1")
    reason = run.look("A1", 0.9).reason
    assert (
        reason
        == "A1: mitosis in view (p 0.90), but the plan reacts once in each field, and has here"
    )


def test_a_field_in_line_is_not_served_past_the_limit() -> None:
    """Three fields wait for one place; the plan allows one burst more."""
    run = Counting(max_concurrent=1, max_events=2)
    assert run.sees("A1", 0.9) == ["burst A1"]
    assert run.sees("A2", 0.9) == run.sees("A3", 0.9) == []
    assert run.sees("A1", 0.1) == ["end_burst A1", "burst A2"]
    assert run.sees("A2", 0.1) == ["end_burst A2"]
    assert run.sees("A3", 0.9) == []


def test_bursts_of_one_decision_count_as_well() -> None:
    run = Counting(max_events=2, max_concurrent=1)
    run.bursting = {"B1": 1e9}  # the one place is taken, by somebody else
    assert [run.sees(fov, 0.9) for fov in ("A1", "A2", "A3")] == [[], [], []]
    run.policy = WatchPolicy(dataclasses.replace(run.parameters, max_concurrent=4))
    assert run.sees("A3", 0.9) == ["burst A1", "burst A2"]


REPEATS = st.sampled_from(["every_event", "once_per_field", "once"])


@settings(max_examples=150, deadline=None)
@given(
    REPEATS,
    st.none() | st.integers(1, 4),
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from(FIELDS), st.sampled_from([0.05, 0.5, 0.9])), max_size=50),
)
def test_never_more_than_the_plan_allows(
    repeat: Repeat, most: int | None, at_once: int, looks: list[tuple[str, float]]
) -> None:
    run = Counting(repeat=repeat, max_events=most, max_concurrent=at_once)
    for fov, p in looks:
        run.sees(fov, p)
    total = sum(run.begun.values())
    assert most is None or total <= most
    assert repeat != "once" or total <= 1
    assert repeat != "once_per_field" or max(run.begun.values(), default=0) <= 1


def test_nothing_begins_while_another_policy_bars_it() -> None:
    policy = WatchPolicy(EAGER)
    situation = Situation(
        VisitKind.BASELINE, 1.0, 2.0, {}, False, frozenset(FIELDS), barred="it is over"
    )
    _, decision = policy.decide(policy.start(), verdict(1, "A1", 0.9), situation)
    assert decision.actions == ()
    assert decision.reason == "A1: mitosis in view (p 0.90), but it is over"


def test_a_look_at_the_planned_place_says_nothing_of_a_target_followed_elsewhere() -> None:
    policy = WatchPolicy(EAGER)
    away = View(0, 0, 90, 0, 200, 200)
    for kind, view, ended in (
        (VisitKind.BASELINE, away, False),
        (VisitKind.REACTION, away, True),
        (VisitKind.BASELINE, dataclasses.replace(away, dx_um=0), True),
    ):
        before = Situation(VisitKind.BASELINE, 1.0, 2.0, {}, False, frozenset(FIELDS))
        memory, _ = policy.decide(policy.start(), verdict(1, "A1", 0.9), before)
        now = Situation(kind, 3.0, 4.0, {"A1": 99.0}, False, frozenset(FIELDS), view=view)
        _, decision = policy.decide(memory, verdict(2, "A1", 0.05), now)
        assert names(decision) == (["end_burst A1"] if ended else []), (kind, view)
