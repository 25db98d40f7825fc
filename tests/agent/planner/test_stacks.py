"""z stacks: range, step, planes, sides; of which channels."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, LAPSE, asked, check, proposed, rules

from agent.planner.proposal import Outcome


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("10 um stack in 2 um steps", {"range_um": 10, "step_um": 2}),
        ("z-stack of 12,5 µm in steps of 0,5 µm", {"range_um": 12.5, "step_um": 0.5}),
        ("z-stack ±5 um in 1 um steps", {"range_um": 10, "step_um": 1}),
        ("z-stack, 5 um on either side, 1 um steps", {"range_um": 10, "step_um": 1}),
        ("z-stack of 11 planes 0.5 um apart", {"planes": 11, "step_um": 0.5, "range_um": ABSENT}),
        ("11 slices over 10 um", {"planes": 11, "range_um": 10, "step_um": ABSENT}),
        ("stack 6 um above and 2 um below, step 1 um",
         {"above_um": 6, "below_um": 2, "step_um": 1, "range_um": ABSENT}),
        ("z stack 12 um 0.5 um", {"range_um": 12, "step_um": 0.5}),
        ("stack of 10 um in 2 um steps, no wait, 1 um steps", {"range_um": 10, "step_um": 1}),
        ("2 um steps over 16 um, z stack", {"range_um": 16, "step_um": 2}),
        ("z from -5 to 5 um in 1 um steps", {"range_um": 10, "step_um": 1}),
        ("z from -5 to +8 um in 1 um steps", {"above_um": 8, "below_um": 5, "range_um": ABSENT}),
    ],
)  # fmt: skip
def test_a_stack_by_its_parts(words: str, said: dict[str, Any]) -> None:
    check(f"P1, GFP, {words}, once", {f"stack.{key}": value for key, value in said.items()})


def test_a_stack_of_the_reaction_is_none_of_the_time_lapse() -> None:
    words = f"{LAPSE}; as soon as a cell divides, every 20 s for 10 min, 10 um stack in 2 um steps"
    check(
        words,
        {
            "reaction.stack.range_um": 10,
            "reaction.stack.step_um": 2,
            "stack.range_um": ABSENT,
            "stack.step_um": ABSENT,
        },
    )


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("stack of 10 um in 2 um steps only in GFP", ("FITC",)),
        ("stack of 10 um in 2 um steps, DAPI in a single plane", ("FITC",)),
        ("stack of 10 um in 2 um steps", ABSENT),
    ],
)
def test_a_stack_of_some_channels(words: str, channels: Any) -> None:
    check(f"P1 in GFP and DAPI, {words}, every 10 min for 2 h", {"stack.channels": channels})


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("a z stack", "stack.range_um"),
        ("10 um z stack", "stack.step_um"),
        ("z stack of 11 planes", "stack.step_um"),
        ("z stack in 1 um steps", "stack.range_um"),
    ],
)
def test_half_a_stack_is_asked_about_and_no_step_is_invented(words: str, slot: str) -> None:
    """LESSONS 4."""
    said = proposed(f"P1, GFP, {words}, once")
    assert said.outcome is Outcome.ASK and asked(said) == [slot]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("z stack over 10 um with steps of 20 um", "stack.step_um"),
        ("stack of 0 um in 1 um steps", "stack.range_um"),
        ("stack of -10 um in 1 um steps", "stack.range_um"),
        ("stack of 10 um in 0 um steps", "stack.step_um"),
    ],
)
def test_an_impossible_stack_is_refused(words: str, rule: str) -> None:
    said = proposed(f"P1, GFP, {words}, once")
    assert said.outcome is Outcome.REFUSE and rules(said) == [rule]


def test_a_stack_beyond_the_limits_is_refused_with_its_words() -> None:
    said = proposed("P1, GFP, 900 um stack in 2 um steps, once")  # z: -200 to 200 um
    assert said.outcome is Outcome.REFUSE and "900 um" in said.draft.refusals[0].what


def test_a_length_without_a_word_is_asked_about_unless_it_is_no_stack() -> None:
    assert "unclear" in asked(proposed(f"{LAPSE}, 400 um"))
    assert proposed(f"{LAPSE}, in a 35 mm dish").outcome is Outcome.PLAN
