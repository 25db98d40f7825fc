"""A search keeps the best fields that have evidence, says so, and starts no burst before."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies_watching import FIELDS, verdict

from hardware.data import VisitKind
from policies.action import Decision, Keep
from policies.fixed import FixedPolicy
from policies.policy import Memory, Policy, Situation
from policies.search import SearchParameters, SearchPolicy
from policies.search_evidence import By
from policies.verdict import Flag, Focus, FocusState, Verdict, abstention
from policies.watch import WatchPolicy
from policies.watch_parameters import WatchParameters


@dataclass
class Survey:
    """A search in a run of rounds over FIELDS."""

    best: int = 2
    by: By = "target"
    rounds: int = 1
    then: Policy = field(default_factory=FixedPolicy)

    def __post_init__(self) -> None:
        parameters = SearchParameters(
            fields=FIELDS, best=self.best, by=self.by, rounds=self.rounds, target="mitosis"
        )
        self.policy = SearchPolicy(parameters, self.then)
        self.memory: Memory = self.policy.start()
        self.visit = 0

    def look(self, said: Verdict, *, rounds_over: int, late: bool = False) -> Decision:
        """One lap."""
        self.visit += 1
        said = said.model_copy(update={"visit_id": self.visit})
        situation = Situation(
            kind=VisitKind.BASELINE,
            started_s=60.0 * self.visit - 1,
            now_s=60.0 * self.visit,
            bursting={},
            late=late,
            affordable=frozenset(FIELDS),
            rounds_over=rounds_over,
        )
        before = copy.deepcopy(self.memory)
        memory, decision = self.policy.decide(self.memory, said, situation)
        assert self.memory == before, "decide changed the memory it was given"
        assert json.loads(json.dumps(memory)) == memory
        assert self.policy.decide(self.memory, said, situation) == (memory, decision)
        self.memory = memory
        return decision

    def round(self, *said: Verdict, number: int = 1) -> Decision:
        """A round of all fields; the decision on its last visit."""
        for each in said[:-1]:
            self.look(each, rounds_over=number - 1)
        return self.look(said[-1], rounds_over=number)


def seen(fov: str, **values: Any) -> Verdict:
    """A verdict with these values; without them it says nothing."""
    return verdict(1, fov, 0.0).model_copy(update={"p_target": None, "count": None, **values})


def each(name: str, *values: float, fields: tuple[str, ...] = FIELDS) -> list[Verdict]:
    """One verdict of each field, with one value each."""
    return [seen(fov, **{name: value}) for fov, value in zip(fields, values, strict=True)]


def kept(decision: Decision) -> tuple[str, ...] | None:
    found = [action for action in decision.actions if isinstance(action, Keep)]
    return found[0].fovs if found else None


def test_the_best_fields_are_kept_and_the_reason_names_the_ranking() -> None:
    survey = Survey()
    decision = survey.round(*each("p_target", 0.1, 0.9, 0.4, 0.7))
    assert kept(decision) == ("A2", "B1")
    assert decision.policy == "search"
    assert decision.reason.startswith(
        "survey over after 1 round: kept A2 (p 0.90), B1 (p 0.70) by mean probability of mitosis;"
        " left A3 (p 0.40), A1 (p 0.10); "
    )
    assert decision.cites == (4, 2), "its own visit, and those that it rests on"
    (action,) = decision.actions
    assert isinstance(action, Keep) and action.why == "left: not among the best 2"


def test_it_is_chosen_once() -> None:
    survey = Survey()
    survey.round(*(seen(f, p_target=0.5) for f in FIELDS))
    for fov in FIELDS:
        assert kept(survey.look(seen(fov, p_target=1.0), rounds_over=0)) is None


def test_equals_stay_in_the_plans_order() -> None:
    decision = Survey().round(*(seen(f, p_target=0.5) for f in reversed(FIELDS)))
    assert kept(decision) == ("A1", "A2")


def test_the_mean_over_all_looks_of_all_rounds_counts() -> None:
    survey = Survey(best=1, by="count", rounds=2)
    assert kept(survey.round(*each("count", 9, 5, 5, 5))) is None
    decision = survey.round(*each("count", 0, 5, 6, 5), number=2)
    assert kept(decision) == ("A3",)
    assert "A3 (5.5 objects)" in decision.reason


@pytest.mark.parametrize("by", ["target", "count", "confluence"])
@pytest.mark.parametrize(
    "mute",
    [
        pytest.param(abstention(1, "A1", "t", "mitosis", "the judge failed: boom"), id="failed"),
        pytest.param(seen("A1"), id="says nothing"),
    ],
)
def test_a_field_without_evidence_is_not_among_the_best(by: By, mute: Verdict) -> None:
    value = {"target": "p_target"}.get(by, by)
    rest = each(value, 0, 0, 1, fields=FIELDS[1:])
    decision = Survey(best=4, by=by).round(mute, *rest)
    assert kept(decision) == ("B1", "A2", "A3")
    assert "left without evidence A1; 4 were asked for, no more have evidence" in decision.reason
    (action,) = decision.actions
    assert isinstance(action, Keep) and action.why == "left: no evidence in the survey"


def test_a_late_verdict_is_no_evidence() -> None:
    survey = Survey(best=4)
    survey.look(seen("A1", p_target=1.0), rounds_over=0, late=True)
    rest = [seen(f, p_target=0.1) for f in FIELDS[1:]]
    assert kept(survey.round(*rest)) == FIELDS[1:]


OUT = Focus(state=FocusState.OUT, score=0.1)


@pytest.mark.parametrize(
    "spoilt", [{"focus": OUT}, {"flags": (Flag.SATURATED,)}, {"focus": OUT, "abstained": True}]
)
def test_a_spoilt_image_is_neither_counted_nor_measured(spoilt: dict[str, Any]) -> None:
    for by, value in (("count", 99), ("confluence", 1.0)):
        survey = Survey(best=4, by=by)  # type: ignore[arg-type]
        rest = [seen(f, count=1, confluence=0.1) for f in FIELDS[1:]]
        decision = survey.round(seen("A1", **{by: value}, **spoilt), *rest)
        assert kept(decision) == FIELDS[1:]


def test_an_abstention_on_the_target_may_have_counted_all_the_same() -> None:
    """A plan that looks for nothing asks for no target: classical abstains on it, and counts."""
    counted = [seen(f, count=n, abstained=True) for n, f in enumerate(FIELDS)]
    assert kept(Survey(best=1, by="count").round(*counted)) == ("B1",)
    assert kept(Survey(best=1).round(*counted[:-1], seen("B1", p_target=0.2))) == ("B1",)


def test_a_judge_that_abstains_is_not_believed_whatever_number_it_gives() -> None:
    unsure = seen("A1", p_target=0.9, abstained=True)
    rest = [seen(f, p_target=0.1) for f in FIELDS[1:]]
    assert kept(Survey(best=1).round(unsure, *rest)) == ("A2",)


def test_a_verdict_about_something_else_is_no_evidence() -> None:
    other = seen("A1", p_target=1.0).model_copy(update={"target": "dead cell"})
    rest = [seen(f, p_target=0.1) for f in FIELDS[1:]]
    assert kept(Survey(best=1).round(other, *rest)) == ("A2",)


def test_without_any_evidence_nobody_is_left_and_the_survey_goes_on() -> None:
    survey = Survey(best=1)
    decision = survey.round(*(seen(f) for f in FIELDS))
    assert kept(decision) is None
    assert "the survey takes one more round" in decision.reason
    survey.look(seen("A1", p_target=0.1), rounds_over=1)  # the first with evidence, not the best
    decision = survey.round(*(seen(f, p_target=0.9) for f in FIELDS[1:]), number=2)
    assert kept(decision) == ("A2",)


EAGER = WatchParameters(confirm=(1, 1))


def test_no_burst_begins_during_the_survey_and_one_may_after_it() -> None:
    survey = Survey(then=WatchPolicy(EAGER))
    for fov in FIELDS[:-1]:
        said = survey.look(seen(fov, p_target=0.9), rounds_over=0)
        assert said.actions == ()
        assert (
            f"{fov}: mitosis in view (p 0.90), but the survey goes first (round 1)" in said.reason
        )
    last = survey.look(seen("B1", p_target=0.1), rounds_over=1)
    assert kept(last) == ("A1", "A2")
    after = survey.look(seen("A1", p_target=0.9), rounds_over=1)
    assert [action.action for action in after.actions] == ["burst"]


def test_a_field_out_of_focus_may_be_looked_at_again_during_the_survey() -> None:
    survey = Survey(then=WatchPolicy(EAGER))
    said = survey.look(seen("A1", focus=OUT, abstained=True), rounds_over=0)
    assert [action.action for action in said.actions] == ["refocus", "revisit"]


def test_nothing_is_decided_on_a_field_that_was_left() -> None:
    survey = Survey(best=1, then=WatchPolicy(EAGER))
    survey.round(seen("A1", p_target=0.9), *(seen(f, p_target=0.1) for f in FIELDS[1:]))
    said = survey.look(seen("B1", p_target=0.99), rounds_over=1)
    assert said.actions == () and said.reason == "B1: left by the search, nothing to decide"


def test_a_long_ranking_is_cut_short() -> None:
    many = tuple(f"p{n}" for n in range(40))
    policy = SearchPolicy(
        SearchParameters(fields=many, best=20, by="count", target=""), FixedPolicy()
    )
    memory, decision = policy.start(), None
    for n, fov in enumerate(many, start=1):
        over = int(n == len(many))
        situation = Situation(
            VisitKind.BASELINE, 0.0, 1.0, {}, False, frozenset(), rounds_over=over
        )
        memory, decision = policy.decide(memory, seen(fov, count=n), situation)
    assert decision is not None and len(decision.reason) < 700
    assert "and 8 more by mean count; left" in decision.reason


@pytest.mark.parametrize(
    "wrong", [{"best": 0}, {"rounds": 0}, {"target": ""}], ids=["best", "rounds", "target"]
)
def test_numbers_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    given_: dict[str, Any] = {"fields": FIELDS, "best": 1, "by": "target", "target": "mitosis"}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SearchParameters(**given_ | wrong)


LOOKS = st.sampled_from(["late", "failed", "blank", "blurred"]) | st.floats(0, 1)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 6),
    st.sampled_from(["target", "count", "confluence"]),
    st.integers(1, 3),
    st.data(),
)
def test_a_search_keeps_exactly_as_many_as_are_asked_for_and_have_evidence(
    best: int, by: By, rounds: int, data: st.DataObject
) -> None:
    survey, values = Survey(best=best, by=by, rounds=rounds), dict[str, list[float]]()
    name = {"target": "p_target"}.get(by, by)
    decision = None
    for number in range(1, rounds + 1):
        for fov in data.draw(st.permutations(FIELDS)):
            what = data.draw(LOOKS)
            said, late = seen(fov), what == "late"
            if what == "failed":
                said = abstention(1, fov, "t", "mitosis", "the judge failed")
            elif what == "blurred":
                said = seen(fov, focus=OUT, abstained=True)
            elif late or isinstance(what, float):
                value = 0.99 if late else float(what)
                said = seen(fov, **{name: round(value * 9) if by == "count" else value})
            if isinstance(what, float):
                values.setdefault(fov, []).append(float(getattr(said, name)))
            assert decision is None or kept(decision) is None, "chosen before the last round"
            decision = survey.look(said, rounds_over=number - 1, late=late)
    decision = survey.look(seen("A1"), rounds_over=rounds)
    mean = {fov: sum(found) / len(found) for fov, found in values.items()}
    if not mean:
        assert kept(decision) is None
        return
    chosen = kept(decision)
    assert chosen is not None and len(chosen) == min(best, len(mean))
    assert set(chosen) <= set(mean)
    assert min(mean[f] for f in chosen) >= max(
        (mean[f] for f in mean if f not in chosen), default=0
    )
