"""Durations: interval, length, phase or exposure; never a guess where words do not say which."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, asked, check, proposed

from agent.planner.proposal import Outcome


@pytest.mark.parametrize(
    ("words", "interval", "length"),
    [
        ("P1 in GFP every 5 min for 2 h", 300, 7200),
        ("GFP 5min 12h P1", 300, 43200),
        ("P1 in GFP, 12 h, 5 min", 300, 43200),
        ("P1 in GFP quarter-hourly for half a day", 900, 43200),
        ("P1 in GFP at 1 fps for half an hour", 1, 1800),
        ("P1 in GFP, two hours at a frame per minute", 60, 7200),
        ("P1 in GFP twice an hour for 1.5 h", 1800, 5400),
        ("P1 in GFP alle 2,5 min für 3 h", 150, 10800),
        ("P1 en GFP toutes les 10 min pendant 6 h", 600, 21600),
        ("P1 in GFP ogni 10 min per 6 ore", 600, 21600),
        ("P1 en GFP cada 10 min durante 6 h", 600, 21600),
        ("P1 in GFP every 5 min for 24 h, a whole day", 300, 86400),
        ("P1 in GFP every 5 min, two hours after injection, for 6 h", 300, 21600),
    ],
)
def test_interval_and_length_are_told_apart(words: str, interval: float, length: float) -> None:
    check(words, {"interval_s": interval, "duration_s": length})


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("P1 in GFP every 5 min, no wait, every 20 min, for 12 h", {"interval_s": 1200}),
        ("P1 in GFP every 30 min, no wait, 20 min, for 6 h", {"interval_s": 1200}),
        ("P1 in GFP every 5 min, actually 8, for 6 h", {"interval_s": 480}),
        ("P1 in GFP every 5 min for 6 h, sorry, 8 h", {"interval_s": 300, "duration_s": 28800}),
        ("P1 in GFP every 5 min for 40, sorry, 50 min", {"interval_s": 300, "duration_s": 3000}),
        ("P1 in GFP 5 min 8 h. And not 8 but 10 h.", {"interval_s": 300, "duration_s": 36000}),
        (
            "GFP su P1 ogni 10 minuti, anzi ogni 15, per 20 ore, scusa, 24 ore",
            {"interval_s": 900, "duration_s": 86400},
        ),
    ],
)
def test_a_correction_takes_the_place_of_what_it_corrects(
    words: str, facts: dict[str, Any]
) -> None:
    check(words, facts)
    assert proposed(words).outcome is Outcome.PLAN


@pytest.mark.parametrize(
    ("words", "phases"),
    [
        (
            "P1 in GFP every 5 min for 2 h, then every 20 min for 10 h",
            ((300, 7200), (1200, 36000)),
        ),
        (
            "P1 in GFP every 30 s for the first 10 min, then every 2 min for 1 h, "
            "then every 10 min for 5 h",
            ((30, 600), (120, 3600), (600, 18000)),
        ),
        (
            "P1 in GFP every 5 min for the first 2 h, then every 20 min, 12 h in total",
            ((300, 7200), (1200, 36000)),
        ),
        (
            "P1 in GFP, 30 s spacing for 15 min, then 2 min spacing for 1 h, then 10 min for 8 h",
            ((30, 900), (120, 3600), (600, 28800)),
        ),
        (
            "P1 in GFP every 20 s first, that's 20 min, followed by 5 h at one frame per 3 min",
            ((20, 1200), (180, 18000)),
        ),
    ],
)
def test_phases_follow_each_other(words: str, phases: tuple[tuple[float, float], ...]) -> None:
    check(words, {"phases": phases, "interval_s": ABSENT, "duration_s": ABSENT})


def test_a_phase_without_its_interval_is_asked_about() -> None:
    said = proposed("P1 in GFP every 5 min for 2 h, then for 10 h")
    assert said.outcome is Outcome.ASK and "interval_s" in asked(said)


@pytest.mark.parametrize(
    "words",
    [
        "P1 GFP 10 min 20 min",  # neither is so much longer that it must be the length
        "P1 GFP 20 min",  # an interval or a length
        "P1 in GFP every 5 min for 10 or 12 h",
        "P1 in GFP every 5 min for 2 h for 3 h",
        "P1 in GFP every 5 min and every 7 min for 2 h",
        "P1 in GFP for the first hour, then 20 s, every 5 min, 2 h in all",
    ],
)
def test_a_time_that_could_be_either_is_asked_about(words: str) -> None:
    said = proposed(words)
    assert said.outcome is Outcome.ASK and "unclear" in asked(said)


@pytest.mark.parametrize(
    ("words", "facts", "missing"),
    [
        ("P1 GFP 5 min", {"interval_s": 300, "duration_s": ABSENT}, "duration_s"),
        ("P1 GFP 12 h", {"interval_s": ABSENT, "duration_s": 43200}, "interval_s"),
    ],
)
def test_one_bare_time_fills_one_slot_and_the_other_is_asked(
    words: str, facts: dict[str, Any], missing: str
) -> None:
    check(words, facts)
    assert asked(proposed(words)) == [missing]


@pytest.mark.parametrize(
    ("words", "exposure"),
    [
        ("P1 in GFP with 50 ms every 5 min for 2 h", 50),
        ("P1 in GFP, exposure 0.2 s, every 5 min for 2 h", 200),
        ("P1 in GFP 2 s, every 5 min for 2 h", 2000),  # too much, and refused as such
        ("P1 in GFP, 500 us exposure, every 5 min for 2 h", 0.5),
    ],
)
def test_an_exposure_is_no_interval(words: str, exposure: float) -> None:
    check(words, {"exposure_ms.FITC": exposure, "interval_s": 300, "duration_s": 7200})


@pytest.mark.parametrize("length", ["0 min", "-5 min"])
def test_an_interval_that_is_none_is_refused(length: str) -> None:
    said = proposed(f"P1 in GFP every {length} for 2 h")
    assert said.outcome is not Outcome.PLAN and not said.draft.has("interval_s")
