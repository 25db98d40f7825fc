"""A refusal before a question before a plan; what the checks refuse is refused with its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from said_kit import LAPSE, asked, demo, draft, of, proposed

from agent.planner.draft import Intent, No, Question
from agent.planner.proposal import Outcome, Proposal, propose


def test_the_outcomes_by_their_rank() -> None:
    plan = proposed(LAPSE)
    assert plan.outcome is Outcome.PLAN and plan.plan is not None and plan.cost is not None
    no, question = No("limits", "w", "b", "r"), Question("duration_s", "?")
    asking = plan.draft.asking(question)
    answer = replace(asking, intent=Intent.ANSWER)
    assert Proposal(asking).outcome is Outcome.ASK
    assert Proposal(answer, answer="x").outcome is Outcome.ANSWER
    assert Proposal(answer.refusing(no), plan.plan).outcome is Outcome.REFUSE


def test_a_draft_that_was_refused_is_neither_completed_nor_planned() -> None:
    said = of(draft(LAPSE).refusing(No("limits", "w", "b", "r")))
    assert said.plan is None and said.cost is None and said.draft.intent is Intent.REFUSE
    assert not said.draft.has("exposure_ms.FITC")


def test_an_open_question_means_no_plan() -> None:
    said = of(draft(LAPSE).asking(Question("unclear", "what is “7” for?")))
    assert said.outcome is Outcome.ASK and said.plan is None


@pytest.mark.parametrize(
    ("words", "value", "bound"),
    [
        ("P1 in GFP with 5 s exposure every 5 min for 2 h", "5 s", "at most 1000 ms"),
        ("P1 in DAPI 501 ms every 5 min for 2 h", "501 ms", "at most 500 ms"),
        (f"{LAPSE}; as soon as a cell divides, GFP 2000 ms every 20 s for 10 min", "2000 ms",
         "at most 1000 ms"),
        ("P1 in GFP, stack of 900 um in 5 um steps, once", "900 um", "z"),
        ("P1 in GFP, 500x500 grid, once", "", "at most 20,000"),
        ("P1 to P6 in GFP every 1 s for 2 h", "every 1 s", "takes"),
        (f"{LAPSE} with the 63x", "63x", "no objective 63X"),
    ],
)  # fmt: skip
def test_a_value_beyond_a_limit_is_refused_with_its_words_and_never_clamped(
    words: str, value: str, bound: str
) -> None:
    """LESSONS 2."""
    said = proposed(words)
    assert said.outcome is Outcome.REFUSE and said.plan is None
    assert any(value in no.what and bound in no.bound for no in said.draft.refusals)
    assert all(no.remedy for no in said.draft.refusals)


@pytest.mark.parametrize(
    ("words", "exposure"),
    [("DAPI 500 ms", 500), ("GFP 1000 ms", 1000), ("GFP 0.5 ms", 0.5)],
)
def test_the_value_that_was_said_is_the_one_that_is_planned(words: str, exposure: float) -> None:
    plan = proposed(f"P1 in {words} every 5 min for 2 h").plan
    assert plan is not None and plan.baseline.channels[0].exposure == exposure


def test_the_limits_are_those_of_the_microscope_and_of_no_word() -> None:
    """LESSONS 1, 23: the same words, another file, another outcome."""
    words = "P1 in GFP 800 ms every 5 min for 2 h"
    assert proposed(words).outcome is Outcome.PLAN
    channels = dict(demo().channels)
    channels["FITC"] = channels["FITC"].model_copy(update={"max_exposure_ms": 700})
    stricter = demo().model_copy(update={"channels": channels})
    said = propose(draft(words), stricter, None)
    assert said.outcome is Outcome.REFUSE and "at most 700 ms" in said.draft.refusals[0].bound


def test_a_plan_from_words_switches_nothing_that_words_did_not_ask_for() -> None:
    """LESSONS 21."""
    plan = proposed(LAPSE).plan
    assert plan is not None
    assert plan.decide.policy == "fixed" and plan.search is None and plan.autofocus is None
    assert plan.objective is None and plan.start_at is None and not plan.notify.on
    assert plan.coupling == "free_run" and not plan.baseline.keep_shutter_open_across


def test_a_plan_from_words_has_no_note_about_something_nobody_said() -> None:
    assert not [f for f in proposed(LAPSE).findings if f.key == "reaction"]


def test_a_question_is_answered_with_a_cost_and_no_plan() -> None:
    said = proposed(f"How much disk would {LAPSE} need?")
    assert said.outcome is Outcome.ANSWER and said.plan is None and "GB of disk" in said.answer


def test_questions_are_asked_once_each() -> None:
    slots = asked(proposed("GFP"))
    assert len(slots) == len(set(slots)) and slots
