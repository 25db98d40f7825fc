"""One value of a known slot from a few words: what stands there, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from chat_kit import NOW

from agent.planner.chat_quotes import find
from agent.planner.one_value import Either, Unread, clock, number

WHOLE = "GFP at 1.5 ms, every 1.5 min for 12 h, ±5 um in steps of 0.5 um, 50 % overlap, 3 J/cm2"


@pytest.mark.parametrize(
    ("slot", "words", "value"),
    [
        ("exposure_ms.FITC", "1.5 ms", 1.5),
        ("interval_s", "every 1.5 min", 90),
        ("interval_s", "1.5 min", 90),
        ("interval_s", "every 1.5 min for 12 h", 90),
        ("duration_s", "every 1.5 min for 12 h", 43200),
        ("duration_s", "for 12 h", 43200),
        ("stack.range_um", "±5 um", 10),
        ("stack.range_um", "5 um", 10),  # of ±5 um, whatever is quoted of it
        ("stack.step_um", "steps of 0.5 um", 0.5),
        ("grid.overlap_percent", "50 %", 50),
        ("stop.confluence", "50 %", 0.5),
        ("budget.dose_per_fov_j_cm2", "3 J/cm2", 3),
        ("interval_s", "5 min", None),  # a part of a number
        ("exposure_ms.FITC", "5 ms", None),
        ("stack.step_um", "5 um", 5),  # the whole of the first place it stands at
        ("budget.disk_gb", "3 J/cm2", None),
        ("rounds", "12 h", None),
        ("stack.step_um", "±5 um in steps of 0.5 um", None),  # which?
    ],
)
def test_the_number_of_the_words(slot: str, words: str, value: float | None) -> None:
    found = find(words, WHOLE)[0]
    read = number(slot, WHOLE, found.start, found.end, NOW, "en")
    assert isinstance(read, Unread) if value is None else read == pytest.approx(value)


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        ("interval_s", "2-3 min", Either(120, 180)),
        ("rounds", "40 time points", 40),
        ("rounds", "2.5 rounds", None),
        ("binning", "2x2", 2),
        ("binning", "2x4", None),
        ("search.best", "five", 5),
        ("budget.disk_gb", "200 GB", 200),
        ("exposure_ms.DAPI", "0 ms", 0),
        ("interval_s", "-5 min", -300),
        ("interval_s", "twice a minute", 30),
        ("duration_s", "2 Hz", None),
    ],
)
def test_numbers_as_they_are_said(slot: str, text: str, value: Any) -> None:
    read = number(slot, text, 0, len(text), NOW, "en")
    assert isinstance(read, Unread) if value is None else read == value


def test_a_number_without_a_unit_only_where_the_question_names_it() -> None:
    for slot, value in (("stack.step_um", 2), ("exposure_ms.FITC", 2), ("interval_s", None)):
        bare = number(slot, "2", 0, 1, NOW, "en", bare=True)
        assert isinstance(bare, Unread) if value is None else bare == value
        assert isinstance(number(slot, "2", 0, 1, NOW, "en"), Unread)


def test_clock_times() -> None:
    when = clock("from 10 pm until 8 am", 5, 10, NOW, "en")
    assert not isinstance(when, Unread) and when.isoformat() == "2026-11-25T22:00:00"
    assert isinstance(clock("for 8 h", 0, 7, NOW, "en"), Unread)
    both = "from 10 pm until 8 am"
    assert isinstance(clock(both, 0, len(both), NOW, "en"), Unread)


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("every  5\nMIN", "Every 5 min", ["Every 5 min"]),
        ("5 min", "15 min", []),
        ("5 min", "5 minutes", []),
        ("GFP", "eGFP, GFP", ["GFP"]),
        ("(GFP)", "x(GFP)y", ["(GFP)"]),
        ("a.b", "a+b", []),
        ("", "abc", []),
        ("   ", "a b", []),
        ("x" * 500, "x" * 500, []),
        ("a a", "a a a a", ["a a", "a a"]),
    ],
)
def test_where_a_quote_stands(quote: str, text: str, found: list[str]) -> None:
    assert [words.text for words in find(quote, text)] == found
    assert all(text[w.start : w.end] == w.text for w in find(quote, text))
