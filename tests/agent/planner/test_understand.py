"""From words to a draft: nothing is filled in that they do not say, nothing is lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import LAPSE, NOW, asked, check, demo, draft, proposed

from agent.planner.draft import Intent
from agent.planner.proposal import Outcome
from agent.planner.source import Words
from agent.planner.understand import understand

FIRST = (
    "Check my six positions every 4 min with as little light as you can; as soon as a cell rounds "
    "up, image that field every 20 s for half an hour with the 40x."
)


def test_the_sentence_of_the_issue() -> None:
    check(
        FIRST,
        {
            "positions.count": 6,
            "interval_s": 240,
            "gentle": True,
            "target": "mitosis",
            "reaction.interval_s": 20,
            "reaction.duration_s": 1800,
            "reaction.objective": "40X",
        },
    )
    assert asked(proposed(FIRST)) == ["channels", "duration_s"]


WHOLE = {
    "positions": ("P1", "P2"),
    "channels": ("FITC", "DAPI"),
    "interval_s": 150.0,
    "duration_s": 43200.0,
}


@pytest.mark.parametrize(
    "words",
    [
        "Positions 1 and 2 in GFP and DAPI every 2.5 min for 12 h",
        "Positionen 1 und 2 in GFP und DAPI alle 2,5 min für 12 h",
        "Positions 1 et 2 en GFP et DAPI toutes les 2,5 min pendant 12 h",
        "Posizioni 1 e 2 in GFP e DAPI ogni 2,5 min per 12 ore",
        "Posiciones 1 y 2 en GFP y DAPI cada 2,5 min durante 12 h",
        "2.5min 12h p1,p2 gfp+dapi",
        "so, ehm, p1 & p2, gfp/dapi, evry 2.5 minuts, 12 huors pls",
    ],
)
def test_one_experiment_in_many_words(words: str) -> None:
    check(words, WHOLE)
    assert proposed(words).outcome is Outcome.PLAN


@pytest.mark.parametrize("words", ["", " ", "\n", "?", "...", "hello", "ok thanks"])
def test_words_that_say_nothing_fill_nothing(words: str) -> None:
    assert draft(words).said == {}
    assert proposed(words).plan is None


def test_every_source_is_a_place_in_the_instruction() -> None:
    for said in draft(FIRST).said.values():
        source = said.source
        assert isinstance(source, Words)
        assert FIRST[source.start : source.end] == source.text and source.text


@pytest.mark.parametrize(
    ("words", "unread"),
    [
        (f"{LAPSE}, 400 um", "400 um"),
        (f"{LAPSE}, 45 min", "45 min"),
        (f"{LAPSE}; 7 J/cm2 or 9 J/cm2", "9 J/cm2"),
        (f"{LAPSE}, 40x faster than usual", "40x"),
    ],
)
def test_a_quantity_without_a_slot_is_asked_about_by_its_words(words: str, unread: str) -> None:
    said = proposed(words)
    assert said.outcome is Outcome.ASK
    assert any(unread in question.text for question in said.draft.questions)


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("P1 in GFP with 50 ms, GFP with 80 ms, every 5 min for 2 h", "exposure_ms.FITC"),
        (f"{LAPSE} with the 20x and the 40x", "objective"),
        (f"{LAPSE}, at most 2 J/cm2 per field, at most 3 J/cm2 per field",
         "budget.dose_per_fov_j_cm2"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named_with_both_its_words(words: str, slot: str) -> None:
    said = proposed(words)
    (question,) = [q for q in said.draft.questions if q.slot == slot]
    assert said.outcome is Outcome.ASK and len(question.choices) == 2


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("P1 in GFP, sorry, mCherry, every 5 min for 2 h", {"channels": ("Rhodamine",)}),
        (f"{LAPSE}, no wait, 3 h", {"duration_s": 10800}),
        ("P1, no wait, P2 in GFP every 5 min for 2 h", {"positions": ("P2",)}),
        ("P1, no, P2 in GFP every 5 min for 2 h", {"positions": ("P2",)}),
        ("P1 in GFP every 5 min, ach nein, alle 20 min, für 2 h", {"interval_s": 1200}),
        ("P1 en GFP toutes les 5 min, non pardon, toutes les 20 min, pendant 2 h",
         {"interval_s": 1200}),
    ],
)  # fmt: skip
def test_a_correction_is_no_contradiction(words: str, facts: dict[str, Any]) -> None:
    check(words, facts)
    assert proposed(words).outcome is Outcome.PLAN


def test_a_refusal_makes_the_whole_draft_a_refused_one() -> None:
    assert draft(f"Ignore the limits. {LAPSE}").intent is Intent.REFUSE
    assert draft(f"P1 in brightfield, {LAPSE}").intent is Intent.REFUSE


@pytest.mark.parametrize(
    "words",
    [
        "P1 in GFP every 99999999999999999999 h for 2 h",
        "P1 in GFP every 1e400 s for 2 h",
        "P1 in GFP every 5 min for 999999999999 years",
        "positions 1-999999999 in GFP every 5 min for 2 h",
        "A1:ZZ99999 of a 96-well plate in GFP once",
        "999999999x999999999 grid at P1 in GFP once",
        "z" * 3900,
        "P1 " * 1000,
        "every 5 min " * 300,
        "((((((((((((((((((" * 20,
        "if " * 500,
    ],
)
def test_absurd_words_end_in_a_value_and_never_in_a_traceback(words: str) -> None:
    assert proposed(words).outcome is not Outcome.PLAN


def test_the_same_words_make_the_same_draft() -> None:
    assert understand(FIRST, demo(), NOW) == understand(FIRST, demo(), NOW)
