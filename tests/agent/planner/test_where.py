"""Positions, wells, plates, grids: what is named, and nothing beside it."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, asked, check, proposed, rules

from agent.planner.proposal import Outcome

REST = "in GFP every 10 min for 2 h"
ALL = ("P1", "P2", "P3", "P4", "P5", "P6")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("P1 and P3", ("P1", "P3")),
        ("positions 1,4,6", ("P1", "P4", "P6")),
        ("positions 2-4", ("P2", "P3", "P4")),
        ("P1 to P3, sorry, P1 to P4,", ("P1", "P2", "P3", "P4")),
        ("positions 1 to 4, sorry, 1 to 5,", ("P1", "P2", "P3", "P4", "P5")),
        ("all positions but P2", ("P1", "P3", "P4", "P5", "P6")),
        ("P1 to P4 except P2", ("P1", "P3", "P4")),
        ("the first three positions", ("P1", "P2", "P3")),
        ("the last two positions", ("P5", "P6")),
        ("all positions", ALL),
        ("positions one two and six", ("P1", "P2", "P6")),
        ("the first, the second and the sixth of the marked positions", ("P1", "P2", "P6")),
        ("sites 2 to 5, 1 wavelength", ("P2", "P3", "P4", "P5")),
        ("P1 to P4, 100 loops", ("P1", "P2", "P3", "P4")),
        ("passage P18 cells: P1", ("P1",)),  # a passage, where P1 is a position
    ],
)
def test_positions_by_name_number_and_exception(words: str, names: tuple[str, ...]) -> None:
    check(f"{words} {REST}", {"positions": names})


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("die Positionen 1, 4 und 6 in GFP alle 10 min für 2 h", ("P1", "P4", "P6")),
        ("les positions 1, 4 et 6 en GFP toutes les 10 min pendant 2 h", ("P1", "P4", "P6")),
        ("le posizioni 1, 4 e 6 in GFP ogni 10 min per 2 ore", ("P1", "P4", "P6")),
        ("las posiciones 1, 4 y 6 en GFP cada 10 min durante 2 h", ("P1", "P4", "P6")),
        ("Position eins bis vier in GFP alle 10 min für 2 h", ("P1", "P2", "P3", "P4")),
        ("an der zweiten und der dritten Position in GFP alle 10 min für 2 h", ("P2", "P3")),
        ("position un à position trois en GFP toutes les 10 min pendant 2 h", ("P1", "P2", "P3")),
        ("posizioni da uno a tre in GFP ogni 10 min per 2 ore", ("P1", "P2", "P3")),
        ("alle Positionen außer P2 in GFP alle 10 min für 2 h", ("P1", "P3", "P4", "P5", "P6")),
    ],
)
def test_positions_in_other_languages(words: str, names: tuple[str, ...]) -> None:
    check(words, {"positions": names})


def test_a_number_of_positions_is_all_of_them_or_a_question() -> None:
    six = proposed(f"my six positions {REST}")
    assert six.outcome is Outcome.PLAN and six.draft.get("positions") == ALL
    for few in ("my four positions", "my eight positions"):
        said = proposed(f"{few} {REST}")
        assert said.outcome is Outcome.ASK and asked(said) == ["positions"]


@pytest.mark.parametrize(
    "words",
    [
        "some of my positions",
        "P1, skip P1",
    ],
)
def test_places_that_are_not_plain_are_asked_about(words: str) -> None:
    assert proposed(f"{words} {REST}").outcome is Outcome.ASK


def test_a_position_that_nobody_marked_is_refused_and_no_other_is_taken() -> None:
    said = proposed(f"P1, P2 and P9 {REST}")
    assert said.outcome is Outcome.REFUSE and rules(said) == ["positions"]
    assert "P9" in said.draft.refusals[0].what and "P1, P2" in said.draft.refusals[0].bound


@pytest.mark.parametrize(
    ("words", "plate", "wells"),
    [
        ("wells A1 to B3 of a 96-well plate", "96-well", "A1 A2 A3 B1 B2 B3"),
        ("96-well plate, A1-A3", "96-well", "A1 A2 A3"),
        ("column 3 of a 6-well plate", "6-well", "A3 B3"),
        ("row B of a 12-well plate", "12-well", "B1 B2 B3 B4"),
        ("everything but B2 on a 6-well plate", "6-well", "A1 A2 A3 B1 B3"),
        ("the whole 6-well plate", "6-well", "A1 A2 A3 B1 B2 B3"),
        ("a 6-well, sorry, 12-well plate, wells A4 and B4", "12-well", "A4 B4"),
    ],
)
def test_wells_of_a_plate(words: str, plate: str, wells: str) -> None:
    check(f"{words}, {REST}", {"plate": plate, "wells": tuple(wells.split()), "positions": ABSENT})


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("well H13 of a 96-well plate", "wells"),
        ("wells A1 and C1 of a 6-well plate", "wells"),
        ("well A0 of a 96-well plate", "wells"),
        ("well A1 of a 1536-well plate", "plate"),
    ],
)
def test_wells_that_a_plate_has_not_are_refused(words: str, rule: str) -> None:
    said = proposed(f"{words} {REST}")
    assert said.outcome is Outcome.REFUSE and rule in rules(said)


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("96-well plate", "wells"),
        ("wells A1 and B3", "plate"),
        ("well A1 of a 96-well plate and P2", "positions"),
        ("a grid at P1", "grid.rows"),
    ],
)
def test_half_a_place_is_asked_about(words: str, slot: str) -> None:
    said = proposed(f"{words} {REST}")
    assert said.outcome is Outcome.ASK and asked(said) == [slot]


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("a 3x2 grid with 10 % overlap at P1", {"rows": 3, "columns": 2, "overlap_percent": 10}),
        ("4 by 5 tiles at P1", {"rows": 4, "columns": 5, "overlap_percent": ABSENT}),
        ("P1, 2x2 grid, overlap 5%,", {"rows": 2, "columns": 2, "overlap_percent": 5}),
    ],
)
def test_grids(words: str, facts: dict[str, Any]) -> None:
    check(
        f"{words} {REST}",
        {"positions": ("P1",)} | {f"grid.{key}": value for key, value in facts.items()},
    )


@pytest.mark.parametrize("words", ["a -3x3 grid at P1", "a 0x3 grid at P1", "a 500x500 grid at P1"])
def test_an_impossible_grid_is_no_plan(words: str) -> None:
    assert proposed(f"{words} {REST}").outcome is not Outcome.PLAN
