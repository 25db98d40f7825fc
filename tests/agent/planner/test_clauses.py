"""Clauses: where they are cut, and what each is about."""

from __future__ import annotations

from itertools import groupby

import pytest
from said_kit import clauses_of


@pytest.mark.parametrize(
    ("words", "abouts"),
    [
        ("P1 every 5 min; as soon as a cell divides, every 20 s", "baseline trigger reaction"),
        ("P1 every 5 min; film it every 20 s when a cell divides", "baseline reaction trigger"),
        ("P1 every 5 min; film a dividing cell every 30 s", "baseline trigger"),
        ("Mitosis: 30 s for 20 min", "trigger reaction"),
        ("Reaction: 12 s, 10 min", "reaction"),
        ("Baseline: P1, 5 min", "baseline"),
        ("P1 every 5 min, mitosis -> every 20 s", "baseline trigger reaction"),
        ("If a cell rounds up, every 20 s, otherwise every 5 min", "trigger reaction baseline"),
        ("P1 every 5 min, and mail me when it is done", "baseline notify"),
        ("P1 every 5 min, stop after 10 divisions", "baseline stop"),
        ("Find the 5 fields with the most cells", "search"),
        ("Autofocus every hour", "focus"),
        ("P1 every 5 min; if focus fails, skip the visit", "baseline focus"),
        ("P1 every 5 min, light at most 2 J/cm2 per field", "baseline budget"),
        ("They were passaged on Tuesday, P1 every 5 min", "story baseline"),
        ("Watch for mitosis, every 5 min for 12 h; when there is one, every 20 s",
         "trigger baseline trigger reaction"),
        ("Sobald sich eine Zelle teilt, alle 20 s", "trigger reaction"),
        ("Dès qu'une cellule se divise, toutes les 20 s", "trigger reaction"),
        ("Non appena una cellula si divide, ogni 20 s", "trigger reaction"),
        ("En cuanto una célula se divida, cada 20 s", "trigger reaction"),
    ],
)  # fmt: skip
def test_each_clause_is_about_one_thing(words: str, abouts: str) -> None:
    told = [about for about, _ in groupby(about for _, about in clauses_of(words))]
    assert " ".join(told) == abouts


@pytest.mark.parametrize(
    "words",
    [
        "exposure max. 100 ms in GFP",
        "stack of 2,5 um",
        "positions 1,4,6",
        "P1 approx. every 5 min",
        "wells A1 and B3",
    ],
)
def test_short_words_numbers_and_lists_are_not_cut(words: str) -> None:
    assert len(clauses_of(words)) == 1


def test_without_autofocus_is_no_wish_for_it() -> None:
    assert [about for _, about in clauses_of("P1 every 5 min, without autofocus")] == [
        "baseline",
        "baseline",
    ]
