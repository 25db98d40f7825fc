"""Channels with their exposures, objectives, binning."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, LAPSE, asked, check, proposed, rules

from agent.planner.proposal import Outcome

TIME = "every 5 min for 2 h"
RED, GREEN, BLUE = "Rhodamine", "FITC", "DAPI"


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("in GFP", (GREEN,)),
        ("in green", (GREEN,)),
        ("in FITC and DAPI", (GREEN, BLUE)),
        ("in far red", ("Cy5",)),
        ("in far-red", ("Cy5",)),
        ("with Alexa 488 and Alexa-568", (GREEN, RED)),
        ("with H2B-mCherry", (RED,)),  # the fluorophore counts, not what it is bound to
        ("in all channels", (BLUE, GREEN, RED, "Cy5")),
        ("in all channels except Cy5", (BLUE, GREEN, RED)),
        ("in GFP, no DAPI", (GREEN,)),
        ("in GFP without DAPI or Cy5", (GREEN,)),
        ("in GFP, sorry, mCherry", (RED,)),
    ],
)
def test_channels_by_what_people_call_them(words: str, channels: tuple[str, ...]) -> None:
    check(f"P1 {words} {TIME}", {"channels": channels})


@pytest.mark.parametrize(
    ("words", "channel"),
    [
        ("P1 in Grün alle 5 min für 2 h", GREEN),
        ("P1 en rouge toutes les 5 min pendant 2 h", RED),
        ("P1 in verde ogni 5 min per 2 ore", GREEN),
        ("P1 en azul cada 5 min durante 2 h", BLUE),
    ],
)
def test_colours_of_other_languages(words: str, channel: str) -> None:
    check(words, {"channels": (channel,)})


@pytest.mark.parametrize(
    "words",
    [
        f"{LAPSE}; as soon as a nucleus breaks up, every 20 s for 10 min",
        f"{LAPSE}; keep the 3 fields with the most nuclei",
        f"{LAPSE}. They were stained with Hoechst on Monday",
    ],
)
def test_what_is_watched_for_counted_or_told_is_no_channel(words: str) -> None:
    check(words, {"channels": (GREEN,), "reaction.channels": ABSENT})


@pytest.mark.parametrize("name", ["brightfield", "phase contrast", "DIC", "CFP", "Hellfeld"])
def test_a_channel_that_the_microscope_has_not_is_refused(name: str) -> None:
    said = proposed(f"P1 in {name} {TIME}")
    assert said.outcome is Outcome.REFUSE and rules(said) == ["channels"]
    assert name in said.draft.refusals[0].what and GREEN in said.draft.refusals[0].bound
    assert proposed(f"P1 in GFP, not in {name}, {TIME}").outcome is Outcome.PLAN


@pytest.mark.parametrize(
    ("words", "exposures"),
    [
        ("GFP 50 ms and mCherry 100 ms", {GREEN: 50, RED: 100}),
        ("GFP (50 ms), mCherry (100 ms)", {GREEN: 50, RED: 100}),
        ("50 ms GFP, 100 ms mCherry", {GREEN: 50, RED: 100}),
        ("GFP and mCherry, 50 ms each", {GREEN: 50, RED: 50}),
        ("GFP and mCherry with 50 ms", {GREEN: 50, RED: 50}),
        ("GFP and mCherry, 50 ms and 100 ms", {GREEN: 50, RED: 100}),
        pytest.param(
            "GFP and mCherry, 50 and 100 ms",
            {GREEN: 50, RED: 100},
        ),
        ("GFP 50 ms, no wait, 80 ms", {GREEN: 80}),
        ("GFP with 20 ms and DAPI", {GREEN: 20, BLUE: ABSENT}),
        ("GFP, exposure 0.2 s", {GREEN: 200}),
    ],
)
def test_exposures_go_to_their_channels(words: str, exposures: dict[str, Any]) -> None:
    check(f"P1 in {words}, {TIME}", {f"exposure_ms.{c}": ms for c, ms in exposures.items()})


def test_an_exposure_before_any_channel_is_kept_for_the_one_that_comes() -> None:
    check(f"P1, 30 ms, {TIME}, DAPI", {"exposure_ms.DAPI": 30})


def test_the_reaction_has_its_own_channels_and_exposures() -> None:
    words = f"{LAPSE} with 50 ms; as soon as a cell divides, every 20 s for 10 min in Cy5, 60 ms"
    check(
        words,
        {
            "channels": (GREEN,),
            "reaction.channels": ("Cy5",),
            "exposure_ms.FITC": 50,
            "reaction.exposure_ms.Cy5": 60,
            "exposure_ms.Cy5": ABSENT,
        },
    )


def test_two_exposures_of_one_channel_are_a_contradiction() -> None:
    said = proposed(f"P1 in GFP 50 ms and GFP 80 ms {TIME}")
    assert said.outcome is Outcome.ASK and asked(said) == ["exposure_ms.FITC"]
    assert said.draft.questions[0].choices == ("50 ms", "80 ms")


@pytest.mark.parametrize("exposure", ["0 ms", "-5 ms", "nan ms", "infinity ms"])
def test_an_exposure_that_is_none_is_refused_and_no_default_takes_its_place(exposure: str) -> None:
    said = proposed(f"P1 in GFP {exposure} {TIME}")
    assert said.outcome is Outcome.REFUSE and rules(said) == ["exposure_ms.FITC"]
    assert exposure in said.draft.refusals[0].what


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("with the 20x", {"objective": "20X"}),
        ("at 40x magnification", {"objective": "40X"}),
        ("with the 20x every 40 s", {"objective": "20X"}),
        ("not with the 40x", {"objective": ABSENT}),
        ("; as soon as a cell divides, every 20 s for 10 min with the 40x",
         {"objective": ABSENT, "reaction.objective": "40X"}),
    ],
)  # fmt: skip
def test_objectives(words: str, facts: dict[str, Any]) -> None:
    check(f"P1 in GFP {words}, {TIME}" if words[0] != ";" else LAPSE + words, facts)


def test_an_objective_that_is_not_there_is_refused_and_no_other_is_taken() -> None:
    said = proposed(f"P1 in GFP with the 63x {TIME}")
    assert said.outcome is Outcome.REFUSE and rules(said) == ["objective"]
    assert "63x" in said.draft.refusals[0].what


@pytest.mark.parametrize(
    ("words", "binning"), [("2x2 binning", 2), ("binning 4", 4), ("with no binning", ABSENT)]
)
def test_binning(words: str, binning: Any) -> None:
    check(f"{LAPSE}, {words}", {"binning": binning})


def test_a_binning_that_is_not_square_is_not_dropped_in_silence() -> None:
    assert proposed(f"{LAPSE}, binning 2x4").outcome is not Outcome.PLAN
