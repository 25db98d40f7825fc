"""Typing errors are mended, names and addresses are not, and places stay those of the original."""

from __future__ import annotations

import pytest
from said_kit import check, draft

from agent.planner.lexicon import lexicon
from agent.planner.normal import normal
from agent.planner.source import Words


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("evrey hour, mitossis", "every hour, mitosis"),
        ("wehn it divides", "when it divides"),
        ("q30min", "every 30min"),
        ("don’t", "don't"),
        ("5–10", "5-10"),
        ("a−b", "a-b"),
    ],
)
def test_what_is_mended(text: str, mended: str) -> None:
    assert normal(text, lexicon("en")).text == mended


@pytest.mark.parametrize(
    "text",
    [
        "ask Anna Everly",  # a name
        "ask Prof. Everly",
        "ask E. Rossi",
        "mail evrey@lab.org",
        "see https://x.example/evrey",
        "GFP and DAPI",
        "evr",  # too short to be anything
        "stop",  # known words stay, near as they are to others
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert normal(text, lexicon("en")).text == text


def test_places_of_the_normal_form_are_those_of_the_original() -> None:
    words = "P1 in GFP, evrey 5 minuts for 2 huors"
    source = draft(words).said["interval_s"].source
    assert isinstance(source, Words)
    assert words[source.start : source.end] == source.text == "evrey 5 minuts"


def test_mistyped_words_make_the_same_plan() -> None:
    check(
        "P1 in GFP evrey 5 minuts for 2 huors",
        {"positions": ("P1",), "interval_s": 300, "duration_s": 7200},
    )
