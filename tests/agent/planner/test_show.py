"""What a person sees of a proposal: the plan in words, sources, cost, questions, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import LAPSE, proposed

from agent.planner.draft import Question
from agent.planner.proposal import Outcome
from agent.planner.show import asked, show, told

BURST = f"{LAPSE}; as soon as a cell divides, every 20 s for 10 min with the 40x"


@pytest.mark.parametrize(
    ("slot", "value", "words"),
    [
        ("interval_s", 300.0, "300 s"),
        ("exposure_ms.FITC", 20.0, "20 ms"),
        ("stack.step_um", 0.5, "0.5 um"),
        ("grid.overlap_percent", 10, "10 %"),
        ("budget.disk_gb", 0.5, "0.5 GB"),
        ("budget.dose_per_fov_j_cm2", 2.0, "2 J/cm2"),
        ("gentle", True, "yes"),
        ("positions", ("P1", "P2"), "P1, P2"),
        ("phases", ((300.0, 7200.0), (1200.0, 36000.0)),
         "every 300 s for 7200 s, then every 1200 s for 36000 s"),
        ("wells", tuple(f"A{n}" for n in range(1, 25)),
         "A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, ... (24)"),
        ("target", "mitosis", "mitosis"),
    ],
)  # fmt: skip
def test_values_have_their_units(slot: str, value: Any, words: str) -> None:
    assert told(slot, value) == words


def test_a_plan_shows_the_source_of_every_value_what_it_costs_and_what_happens_in_trouble() -> None:
    said = proposed(BURST)
    assert said.outcome is Outcome.PLAN
    lines = show(said).splitlines()
    for slot in said.draft.said:
        if slot not in ("watch", "once", "positions.all", "positions.count"):
            (line,) = [x for x in lines if x.split() and x.split()[0] == slot]
            assert line.partition("<- ")[2]
    text = "\n".join(lines)
    assert "interval_s" in text and "“every 5 min”" in text and "“every 20 s”" in text
    assert "microscope demo, channels.FITC.exposure_ms" in text
    assert "Takes " in text and "A burst takes " in text and "In trouble: " in text


def test_warnings_of_the_checks_are_shown() -> None:
    said = proposed("P1 in GFP with 1 s every 10 s for 24 h, at most 0.1 J/cm2 per field")
    assert "warning: " in show(said) and "0.1 J/cm2" in show(said)


def test_a_question_shows_what_was_understood_and_what_can_be_answered() -> None:
    text = show(proposed("GFP every 5 min for 2 h"))
    assert "interval_s" in text and "question (positions): where?" in text
    assert "(proposed: all marked positions)" in text and "Takes " not in text


def test_a_question_with_choices_and_without() -> None:
    assert asked(Question("x", "which?")) == "which?"
    assert asked(Question("x", "which?", ("a", "b"), "a")) == "which? [a | b] (proposed: a)"


def test_a_refusal_says_what_the_limit_and_the_remedy_and_that_nothing_was_planned() -> None:
    text = show(proposed("P1 in GFP with 5 s exposure every 5 min for 2 h"))
    assert text.startswith("refused: “5 s”") and "1000 ms" in text
    assert "nothing was planned" in text and "Takes " not in text


def test_an_answer_is_only_an_answer() -> None:
    said = proposed(f"How much disk would {LAPSE} need?")
    assert show(said).splitlines()[0] == said.answer.splitlines()[0]


def test_what_was_typed_over_several_lines_is_shown_on_one() -> None:
    text = show(proposed("P1 in GFP every\n5 min for 2 h"))
    assert "“every 5 min”" in text
