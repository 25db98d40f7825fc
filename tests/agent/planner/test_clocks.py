"""Times of day: a start, an end; counted from now; of stories they say nothing."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, asked, check, proposed

from agent.planner.proposal import Outcome

# it is Wednesday, 25 November 2026, 18:00
EIGHT = 14 * 3600  # from then until 8 am


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("from 10 pm until 8 am", {"start_at": "2026-11-25T22:00", "duration_s": 36000}),
        ("8 pm to 8 am", {"start_at": "2026-11-25T20:00", "duration_s": 43200}),
        ("until tomorrow 8 am", {"start_at": ABSENT, "duration_s": EIGHT}),
        ("until 8 am", {"duration_s": EIGHT}),
        ("until 20:30", {"duration_s": 9000}),
        ("until Friday 6 pm", {"duration_s": 2 * 86400}),
        ("start in 2 hours, for 3 h", {"start_at": "2026-11-25T20:00", "duration_s": 10800}),
        # an hour that has passed is the next day's, and an end lies behind its start
        ("from 10 am until 8 am", {"start_at": "2026-11-26T10:00", "duration_s": 79200}),
        ("start in 20 hours, until 8 am", {"start_at": "2026-11-26T14:00", "duration_s": 64800}),
        ("until 5 pm", {"duration_s": 23 * 3600}),
    ],
)
def test_clocks_make_start_and_length(words: str, facts: dict[str, Any]) -> None:
    check(f"P1 in GFP every 5 min, {words}", facts)


@pytest.mark.parametrize(
    "words",
    [
        "P1 in GFP alle 5 min bis 8 Uhr",
        "P1 en GFP toutes les 5 min jusqu'à 8 h",
        "P1 in GFP ogni 5 min fino alle 8",
        "P1 en GFP cada 5 min hasta las 8",
    ],
)
def test_clocks_of_other_languages(words: str) -> None:
    check(words, {"duration_s": EIGHT})


def test_ends_of_phases_count_from_the_end_of_the_phase_before() -> None:
    check(
        "P1 in GFP every 5 min until 7 pm, then every 20 min until 8 am",
        {"phases": ((300, 3600), (1200, 13 * 3600))},
    )


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("P1 in GFP every 5 min, 8 am", "unclear"),  # a start or an end?
        ("P1 in GFP every 5 min for 6 h until 8 am", "interval_s"),  # both cannot hold
    ],
)
def test_a_clock_that_fits_nothing_is_asked_about(words: str, slot: str) -> None:
    said = proposed(words)
    assert said.outcome is Outcome.ASK and slot in asked(said)


@pytest.mark.parametrize(
    "words",
    [
        "We passaged them at 9:00. P1 in GFP every 5 min for 2 h",
        "They were fed at 9 am; P1 in GFP every 5 min for 2 h",
        "We passaged them at 9 am. P1 in GFP every 5 min for 2 h",
        "P1 in GFP every 5 min for 2 h, mail me before 9 am",
    ],
)
def test_a_clock_in_a_story_is_no_start(words: str) -> None:
    check(words, {"start_at": ABSENT, "interval_s": 300, "duration_s": 7200})
