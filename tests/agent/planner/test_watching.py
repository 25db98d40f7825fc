"""What is watched for, and how the run reacts."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, LAPSE, asked, check, proposed

from agent.planner.proposal import Outcome


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("as soon as a cell divides", "mitosis"),
        ("when a cell rounds up", "mitosis"),
        ("if something dies", "dead cell"),
        ("whenever there is a mitosis", "mitosis"),
        ("as soon as a rosette shows up", "rosette"),  # in the person's own words
        ("if you see any filopodia", "filopodia"),
    ],
)
def test_a_target_by_its_sign_or_in_own_words(words: str, target: str) -> None:
    check(f"{LAPSE}; {words}, every 20 s for 10 min", {"watch": True, "target": target})


@pytest.mark.parametrize(
    "words",
    [
        "P1 in GFP alle 5 min für 2 h; sobald sich eine Zelle teilt, alle 20 s für 10 min",
        "P1 en GFP toutes les 5 min pendant 2 h; dès qu'une cellule se divise, toutes les 20 s "
        "pendant 10 min",
        "P1 in GFP ogni 5 min per 2 ore; non appena una cellula si divide, ogni 20 s per 10 min",
        "P1 en GFP cada 5 min durante 2 h; en cuanto una célula se divida, cada 20 s durante "
        "10 min",
    ],
)
def test_the_two_clocks_of_a_watch_in_other_languages(words: str) -> None:
    check(
        words,
        {
            "target": "mitosis",
            "interval_s": 300,
            "duration_s": 7200,
            "reaction.interval_s": 20,
            "reaction.duration_s": 600,
        },
    )


BURST = f"{LAPSE}; as soon as a cell divides, every 20 s"


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        (f"{BURST} for 10 min", {"reaction.duration_s": 600, "reaction.follow": ABSENT}),
        (f"{BURST} until it is gone", {"reaction.until_gone": True}),
        (f"{BURST} for 10 min, only once per field", {"reaction.repeat": "once_per_field"}),
        (f"{BURST} for 10 min and follow it", {"reaction.follow": True}),
        (f"{BURST} for 10 min, don't follow it", {"reaction.follow": ABSENT}),
        (f"{LAPSE}; as soon as a cell divides, 31 images at 20 s", {"reaction.duration_s": 600}),
        (f"{LAPSE}; film it every 20 s for 10 min when a cell divides",
         {"reaction.interval_s": 20, "reaction.duration_s": 600, "interval_s": 300}),
    ],
)  # fmt: skip
def test_a_reaction_by_its_parts(words: str, facts: dict[str, Any]) -> None:
    check(words, facts)


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("when you see something interesting, every 20 s for 10 min", "target"),
        ("react to mitosis", "reaction.interval_s"),
    ],
)
def test_half_a_reaction_is_asked_about(words: str, slot: str) -> None:
    said = proposed(f"{LAPSE}; {words}")
    assert said.outcome is Outcome.ASK and asked(said) == [slot]


def test_nothing_is_watched_for_where_no_words_say_so() -> None:
    check(f"{LAPSE}. These are dividing cells, passage 12.", {"watch": ABSENT})
