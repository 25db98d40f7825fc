"""Numbers and names that nothing has read are asked about or refused, not left out."""

from __future__ import annotations

import pytest
from said_kit import LAPSE, asked, proposed, rules

from agent.planner.proposal import Outcome


@pytest.mark.parametrize(
    "words",
    [
        "exposure 10 000 ms",
        "exposure two point five s",
        "exposure of 5 kiloseconds",
        "exposure 5 hectoseconds",
        "exposure 500",
        "exposure 1e3.5e ms",
    ],
)
def test_an_exposure_that_cannot_be_read_is_never_a_default_one(words: str) -> None:
    """LESSONS 4."""
    said = proposed(f"{LAPSE}, {words}")
    assert said.plan is None


@pytest.mark.parametrize(
    ("words", "bound"),
    [
        ("go to x = 61000 um", "x may be -60000 to 60000 um"),
        ("y = -5 cm", "y may be -40000 to 40000 um"),
        ("z to 1 mm", "z may be -200 to 200 um"),
        ("x = 100 um", "places are marked positions"),
        ("X=100", "places are marked positions"),
    ],
)
def test_bare_stage_coordinates_are_refused_with_the_limit(words: str, bound: str) -> None:
    said = proposed(f"P1 in GFP once, {words}")
    assert said.outcome is Outcome.REFUSE
    assert any(no.rule == "stage" and bound in no.bound for no in said.draft.refusals)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("A0 and A1 of a 96-well plate", "A0"),
        ("wells A1, B00 and B2 of a 96-well plate", "B00"),
        ("O23 to Q25 of a 384-well plate", "Q25"),
    ],
)
def test_a_well_that_was_not_read_is_refused_by_name(words: str, name: str) -> None:
    said = proposed(f"{words}, GFP, every 30 min for 2 h")
    assert said.outcome is Outcome.REFUSE and "wells" in rules(said)
    assert any(name in no.what or name in no.bound for no in said.draft.refusals)


@pytest.mark.parametrize("words", ["-3x3 grid", "\u22123x3 grid"])
def test_a_negative_grid_is_refused(words: str) -> None:
    said = proposed(f"{words} at P1 in GFP once")
    assert said.outcome is Outcome.REFUSE and "grid.rows" in rules(said)


def test_numbers_of_a_story_are_left_alone() -> None:
    said = proposed(f"{LAPSE}. They were seeded at 40,000 cells per well, passage 17.")
    assert said.outcome is Outcome.PLAN and asked(said) == []
