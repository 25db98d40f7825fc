"""Each rule of the watch policy, one test each."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from policies_watching import Watch, names

from policies.action import Revisit
from policies.verdict import FocusState
from policies.watch_parameters import WatchParameters


def test_a_first_positive_look_asks_for_a_second_one_soon() -> None:
    watch = Watch()
    decision = watch.look("A1", 0.81)
    assert decision.actions == (Revisit(fov="A1", delay_s=20.0),)
    assert "A1: perhaps mitosis (p 0.81" in decision.reason
    assert "looking again in 20 s" in decision.reason


def test_two_of_three_positive_looks_start_a_burst_and_say_why() -> None:
    watch = Watch()
    watch.look("A3", 0.81)
    decision = watch.look("A3", 0.77, after=20)
    assert names(decision) == ["burst A3"]
    assert decision.reason == "A3: mitosis in 2 of 2 looks (p 0.81, 0.77); imaging fast"
    assert decision.cites == (2, 1)
    assert decision.visit_id == 2


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        ([0.9, 0.1], []),
        ([0.9, 0.1, 0.9], ["burst A1"]),
        ([0.9, 0.1, 0.1, 0.9], ["revisit A1"]),  # 1 of the last 3
        ([0.9, 0.5, 0.7], ["burst A1"]),
        ([0.59, 0.59, 0.59], []),  # below `enter`
        ([0.6, 0.6], ["burst A1"]),  # at `enter`
        ([0.9, None, 0.9], ["burst A1"]),  # an abstention is not counted
        ([0.9, 0.9, 0.1], []),  # bursting, nothing to do yet
        ([0.1, 0.9, 0.9], ["burst A1"]),
    ],
)
def test_n_of_k_looks_decide_not_one(looks: list[float | None], last: list[str]) -> None:
    watch = Watch()
    for p in looks:
        decision = watch.look("A1", p)
    assert names(decision) == last


@pytest.mark.parametrize("confirm", [(1, 1), (3, 3), (3, 5)])
def test_the_number_of_looks_needed_is_the_plans(confirm: tuple[int, int]) -> None:
    watch = Watch(WatchParameters(confirm=confirm))
    for _ in range(confirm[0] - 1):
        assert names(watch.look("A1", 0.9, after=20)) == ["revisit A1"]
    assert names(watch.look("A1", 0.9, after=20)) == ["burst A1"]


def test_a_burst_never_starts_on_a_negative_look() -> None:
    watch = Watch(affordable=frozenset())
    watch.look("A1", 0.9)
    watch.look("A1", 0.9)
    watch.affordable = frozenset({"A1"})
    assert names(watch.look("A1", 0.1)) == []


@pytest.mark.parametrize("kind", ["late", "abstained", "other target", "before the burst"])
def test_a_verdict_that_is_no_evidence_starts_nothing_and_ends_nothing(kind: str) -> None:
    def look(watch: Watch, p: float) -> list[str]:
        return names(
            watch.look(
                "A1",
                None if kind == "abstained" else p,
                after=1,
                late=kind == "late",
                target="apoptosis" if kind == "other target" else "mitosis",
                started=0.0 if kind == "before the burst" else None,
            )
        )

    if kind != "before the burst":
        watch = Watch()
        assert [look(watch, 0.95) for _ in range(6)] == [[]] * 6
    watch = Watch(WatchParameters(min_dwell_s=0))
    watch.look("A1", 0.9)
    assert names(watch.look("A1", 0.9)) == ["burst A1"]
    assert [look(watch, 0.01) for _ in range(6)] == [[]] * 6
    assert "A1" in watch.bursting


def test_late_and_abstained_verdicts_say_that_they_do_not_count() -> None:
    watch = Watch()
    assert watch.look("A1", 0.9, late=True).reason == "A1: the verdict came late; not counted"
    assert "the judge abstained (out of focus); not counted" in watch.look("A1", None).reason


def bursting_watch(parameters: WatchParameters | None = None) -> Watch:
    """A watch whose field A1 has just begun a burst."""
    watch = Watch(parameters or WatchParameters())
    watch.look("A1", 0.9)
    assert names(watch.look("A1", 0.9, after=20)) == ["burst A1"]
    assert names(watch.look("A1", 0.9, after=60)) == []
    return watch


def test_three_of_four_negative_looks_end_the_burst_and_say_why() -> None:
    watch = bursting_watch()
    for _ in range(5):
        assert names(watch.look("A1", 0.9)) == []
    assert [names(watch.look("A1", 0.1)) for _ in range(2)] == [[], []]
    decision = watch.look("A1", 0.15)
    assert names(decision) == ["end_burst A1"]
    assert decision.reason == (
        "A1: no mitosis in 3 of 4 looks (p 0.90, 0.10, 0.10, 0.15); "
        "back to the baseline after 9 min"
    )
    assert decision.cites == (11, 8, 9, 10)


def test_looks_from_before_the_burst_do_not_help_to_end_it() -> None:
    watch = Watch(WatchParameters(min_dwell_s=0, confirm=(1, 1)))
    for _ in range(3):
        watch.look("A1", 0.1)
    assert names(watch.look("A1", 0.9)) == ["burst A1"]
    assert names(watch.look("A1", 0.1)) == []


def test_a_burst_does_not_end_before_its_minimum_time() -> None:
    watch = bursting_watch(WatchParameters(min_dwell_s=300))
    for _ in range(3):
        decision = watch.look("A1", 0.1)
        assert names(decision) == []
    assert "fast imaging lasts at least 5 min" in decision.reason
    assert names(watch.look("A1", 0.1)) == ["end_burst A1"]


def test_between_the_two_thresholds_nothing_starts_and_nothing_ends() -> None:
    watch = Watch()
    assert [names(watch.look("A1", 0.5)) for _ in range(8)] == [[]] * 8
    watch = bursting_watch()
    assert [names(watch.look("A1", 0.5)) for _ in range(30)] == [[]] * 30


def test_a_burst_that_was_released_is_not_repeated_before_rearming() -> None:
    watch = bursting_watch(WatchParameters(min_dwell_s=0, rearm_after_s=600))
    for _ in range(3):
        decision = watch.look("A1", 0.1)
    assert names(decision) == ["end_burst A1"]
    for _ in range(9):
        decision = watch.look("A1", 0.9)
        assert names(decision) == []
    assert "filmed just now; again in 60 s at the earliest" in decision.reason
    assert names(watch.look("A1", 0.9)) == ["burst A1"]


def test_an_event_that_outlasts_its_burst_does_not_get_a_second_one() -> None:
    watch = bursting_watch(WatchParameters(rearm_after_s=6000))
    watch.now = watch.bursting["A1"]
    decision = watch.look("A1", 0.9, after=10)
    assert names(decision) == []
    assert "A1: fast imaging ended by itself after 40 min" in decision.reason
    for _ in range(20):
        assert names(watch.look("A1", 0.9)) == []


def test_a_new_event_after_the_old_one_was_seen_gone_gets_its_burst() -> None:
    watch = bursting_watch(WatchParameters(rearm_after_s=6000))
    watch.now = watch.bursting["A1"]
    assert names(watch.look("A1", 0.9)) == []
    assert names(watch.look("A1", 0.2)) == []
    assert names(watch.look("A1", 0.9)) == ["burst A1"]  # 2 of the last 3 since the burst


def test_after_rearming_an_event_in_view_counts_as_a_new_one() -> None:
    watch = bursting_watch(WatchParameters(rearm_after_s=600))
    watch.now = watch.bursting["A1"]
    for _ in range(9):
        assert names(watch.look("A1", 0.9)) == []
    assert names(watch.look("A1", 0.9)) == ["burst A1"]


def test_the_end_of_a_burst_is_noticed_at_another_fields_visit() -> None:
    watch = bursting_watch()
    watch.now = watch.bursting["A1"]
    decision = watch.look("B1", 0.1)
    assert "A1: fast imaging ended by itself" in decision.reason
    assert "ended by itself" not in watch.look("B1", 0.1).reason


def test_a_burst_ended_by_a_person_is_not_started_again_at_once() -> None:
    watch = bursting_watch()
    watch.look("A1", 0.9)
    watch.bursting.clear()
    decision = watch.look("A1", 0.9)
    assert names(decision) == []
    assert "A1: fast imaging was ended from outside" in decision.reason


def test_a_refused_burst_is_not_asked_for_again_at_every_visit() -> None:
    watch = Watch(refuse=True)
    asked = sum("burst A1" in names(watch.look("A1", 0.9)) for _ in range(20))
    assert asked == 2  # again after rearm_after_s, not 19 times


def test_a_burst_started_by_a_person_is_ended_like_any_other() -> None:
    watch = Watch(WatchParameters(min_dwell_s=120))
    watch.bursting = {"A1": 9999.0}
    ends = [names(watch.look("A1", 0.1)) for _ in range(4)]  # the first finds it bursting
    assert ends == [[], [], [], ["end_burst A1"]]


def test_a_field_that_cannot_pay_is_not_imaged_fast() -> None:
    watch = Watch(affordable=frozenset({"A2"}))
    for _ in range(4):
        decision = watch.look("A1", 0.9)
        assert names(decision) == []
    assert "light budget allows no fast imaging" in decision.reason


def confirm(watch: Watch, fov: str) -> list[str]:
    """Two positive looks at a field; the actions of the second."""
    watch.look(fov, 0.9, after=10)
    return names(watch.look(fov, 0.9, after=10))


def test_at_the_cap_a_field_waits_and_says_so() -> None:
    watch = Watch(WatchParameters(max_concurrent=2))
    assert confirm(watch, "A1") == ["burst A1"]
    assert confirm(watch, "A2") == ["burst A2"]
    assert confirm(watch, "A3") == []
    reason = watch.look("A3", 0.8).reason
    assert "waiting in line, 2 fields imaged fast already (at most 2)" in reason


def test_the_field_seen_first_gets_the_place_that_falls_free() -> None:
    watch = Watch(WatchParameters(max_concurrent=1, min_dwell_s=0))
    assert confirm(watch, "A1") == ["burst A1"]
    assert confirm(watch, "A3") == []
    assert confirm(watch, "A2") == []
    watch.look("A1", 0.1)
    watch.look("A1", 0.1)
    decision = watch.look("A1", 0.1)
    assert names(decision) == ["end_burst A1", "burst A3"]
    assert "A3: mitosis in 2 of 2 looks (p 0.90, 0.90); imaging fast" in decision.reason
    assert {3, 4} <= set(decision.cites)  # A3's visits
    for _ in range(3):
        decision = watch.look("A3", 0.1)
    assert names(decision) == ["end_burst A3", "burst A2"]


@pytest.mark.parametrize("last", [0.1, 0.5])
def test_a_field_in_line_whose_event_is_over_gets_no_burst(last: float) -> None:
    watch = Watch(WatchParameters(max_concurrent=1, min_dwell_s=0))
    confirm(watch, "A1")
    confirm(watch, "A2")
    watch.look("A2", last)
    for _ in range(3):
        decision = watch.look("A1", 0.1)
    assert names(decision) == ["end_burst A1"]


def test_a_field_in_line_that_was_not_seen_for_long_gets_no_burst() -> None:
    watch = Watch(WatchParameters(max_concurrent=1, forget_after_s=600), burst_s=700.0)
    confirm(watch, "A1")
    confirm(watch, "A2")
    assert names(watch.look("B1", 0.1, after=750)) == []


def test_a_late_verdict_hands_out_no_free_place() -> None:
    watch = Watch(WatchParameters(max_concurrent=1), burst_s=60.0)
    confirm(watch, "A1")
    confirm(watch, "A2")
    assert names(watch.look("B1", 0.1, after=60, late=True)) == []
    assert names(watch.look("B1", 0.1, after=1)) == ["burst A2"]


def test_old_looks_are_forgotten() -> None:
    watch = Watch(WatchParameters(forget_after_s=1800))
    watch.look("A1", 0.9)
    assert names(watch.look("A1", 0.9, after=1900)) == ["revisit A1"]


@pytest.mark.parametrize(
    ("states", "last"),
    [
        (["out"], ["refocus A1", "revisit A1"]),
        (["soft"], []),
        (["soft", "soft"], ["refocus A1", "revisit A1"]),
        (["soft", "in", "soft"], []),
        (["soft", "unknown", "soft"], ["refocus A1", "revisit A1"]),  # unknown: no look at all
        (["in"], []),
        (["unknown"] * 3, []),
        (["out", "out"], []),  # refocused just now
        (["out", "in", "out"], []),
    ],
)
def test_lost_focus_is_refocused_once(states: list[str], last: list[str]) -> None:
    watch = Watch()
    for state in states:
        decision = watch.look("A1", 0.1, focus=FocusState(state))
    assert names(decision) == last


def test_an_abstention_because_of_focus_still_refocuses() -> None:
    decision = Watch().look("A1", None, focus=FocusState.OUT)
    assert names(decision) == ["refocus A1", "revisit A1"]
    assert "focus out; refocusing and looking again" in decision.reason


def test_vain_refocusing_is_tried_less_and_less_often() -> None:
    watch = Watch(WatchParameters(refocus_after_s=600))
    times = []
    for _ in range(320):
        if "refocus A1" in names(watch.look("A1", None, focus=FocusState.OUT)):
            times.append(watch.now)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == [600, 1200, 2400, 4800, 4800, 4800]


def test_a_field_that_was_sharp_again_is_refocused_without_extra_delay() -> None:
    watch = Watch(WatchParameters(refocus_after_s=600))
    for _ in range(3):
        assert "refocus A1" in names(watch.look("A1", 0.1, focus=FocusState.OUT, after=700))
        watch.look("A1", 0.1, focus=FocusState.IN, after=60)


@pytest.mark.parametrize("why", ["late", "switched off"])
def test_no_refocusing(why: str) -> None:
    watch = Watch(WatchParameters(refocus=why != "switched off"))
    assert names(watch.look("A1", None, focus=FocusState.OUT, late=why == "late")) == []


def test_during_a_burst_refocusing_needs_no_extra_visit() -> None:
    watch = bursting_watch()
    assert names(watch.look("A1", None, focus=FocusState.OUT)) == ["refocus A1"]


def test_one_second_look_is_enough_for_doubt_and_focus_together() -> None:
    decision = Watch().look("A1", 0.9, focus=FocusState.OUT)
    assert names(decision) == ["revisit A1", "refocus A1"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"enter": 0.3, "leave": 0.4}, "enter"),
        ({"enter": 1.0}, "enter"),
        ({"leave": 0.0}, "leave"),
        ({"confirm": (3, 2)}, "confirm"),
        ({"release": (0, 2)}, "release"),
        ({"min_dwell_s": -1.0}, "min_dwell_s"),
        ({"confirm_after_s": float("nan")}, "confirm_after_s"),
        ({"rearm_after_s": float("inf")}, "rearm_after_s"),
        ({"max_concurrent": 0}, "max_concurrent"),
    ],
)
def test_senseless_parameters_are_refused_by_name(change: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        dataclasses.replace(WatchParameters(), **change)
