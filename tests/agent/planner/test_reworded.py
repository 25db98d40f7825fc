"""Odd but clear wordings are put into plain ones; places of words stay those of the original."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, asked, check, demo, draft, proposed

from agent.planner.lexicon import lexicon
from agent.planner.marks import language_of
from agent.planner.normal import Normal, normal
from agent.planner.proposal import Outcome
from agent.planner.reworded import reworded

REST = ", GFP, every 5 min, 2 h"
ALL = ("P1", "P2", "P3", "P4", "P5", "P6")


def plain(words: str) -> Normal:
    lex = lexicon(language_of(words))
    return reworded(normal(words, lex), lex, demo())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("from P3 on", ALL[2:]),
        ("positions up to P4", ALL[:4]),
        ("ab P3", ALL[2:]),
        ("à partir de P3", ALL[2:]),
        ("da P3 in poi", ALL[2:]),
        ("de P3 en adelante", ALL[2:]),
        ("P6 down to P3", ALL[2:]),
        ("P2, P3 and the last one", ("P2", "P3", "P6")),
        ("P1, P2 et la dernière", ("P1", "P2", "P6")),
        ("the first and the last position", ("P1", "P6")),
        ("all six except the third", ("P1", "P2", "P4", "P5", "P6")),
        ("all except the last two", ALL[:4]),
        ("Alle Positionen bis auf die letzte", ALL[:5]),
        ("Todas las posiciones excepto la última", ALL[:5]),
        ("the last three of my positions", ALL[3:]),
        ("Position Nr. 3 und Nr. 5", ("P3", "P5")),
        ("P 1 and P 4", ("P1", "P4")),
        ("P1-6 w/o 3", ("P1", "P2", "P4", "P5", "P6")),
        ("P1, P3 ... P5", ("P1", "P3", "P5")),
        ("P2 ... P5", ALL[1:5]),
        ("positions 1, 2 (the controls) and 5", ("P1", "P2", "P5")),
        ("Leave P3 alone; take the rest", ("P1", "P2", "P4", "P5", "P6")),
        ("P2 è rovinata, usa le altre", ("P1", "P3", "P4", "P5", "P6")),
        ("positions with odd numbers", ("P1", "P3", "P5")),
        ("una posizione sì e una no", ("P1", "P3", "P5")),
        ("everything marked except P5", ("P1", "P2", "P3", "P4", "P6")),
    ],
)
def test_positions_that_are_said_in_other_words(words: str, names: tuple[str, ...]) -> None:
    check(words + REST, {"positions": names, "interval_s": 300, "duration_s": 7200})


@pytest.mark.parametrize(
    "words",
    [
        "P1 and the three after it",
        "P3 and its two neighbours",
        "any three positions",
        "everything between P2 and P5",
        "P1, P2, P3 and so on",
        "P1, P2, P3, all six of them",
    ],
)
def test_places_that_are_not_named_are_asked_about(words: str) -> None:
    said = proposed(words + REST)
    assert said.outcome is Outcome.ASK and "positions" in asked(said)


@pytest.mark.parametrize(
    ("words", "wells"),
    [
        ("24-well plate, every other well of row C, beginning with C1", ("C1", "C3", "C5")),
        ("24-Well-Platte, Reihe C, Wells 2 bis 4", ("C2", "C3", "C4")),
        ("6-well plate, all six wells", ("A1", "A2", "A3", "B1", "B2", "B3")),
        ("6er Platte, jede zweite Spalte", ("A1", "A3", "B1", "B3")),
        ("plaque 6 puits, tous les puits sauf les coins", ("A2", "B2")),
        ("multi-well 24, A1, A3 ... A5", ("A1", "A3", "A5")),
        ("24-well plate, A1 to A3 except column 2", ("A1", "A3")),
        ("6-well plate, top row", ("A1", "A2", "A3")),
    ],
)
def test_wells_that_are_said_by_a_rule(words: str, wells: tuple[str, ...]) -> None:
    check(words + REST, {"wells": wells})


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("every 5 min rather than 10 for 2 h", {"interval_s": 300, "duration_s": 7200}),
        ("alle 5 statt 10 min, 2 h", {"interval_s": 300}),
        ("every 5 (not 10!) min for 2 h", {"interval_s": 300}),
        ("thrice hourly for 2 h", {"interval_s": 1200}),
        ("every 5 min between 20:00 and 22:00", {"duration_s": 7200}),
        ("cada 5 min de las 20 a las 23", {"duration_s": 10800}),
        ("interval 1'30\", total 1h15", {"interval_s": 90, "duration_s": 4500}),
        ("interval 00:02:30, duration 06:00:00", {"interval_s": 150, "duration_s": 21600}),
        ("Δt 4 min, T 11 h", {"interval_s": 240, "duration_s": 39600}),
        ("20 times every 30 s", {"interval_s": 30, "rounds": 20}),
        ("72 frames in 6 h", {"rounds": 72, "duration_s": 21600}),
        (
            "12 h en tout, les 2 premières heures chaque minute puis toutes les 5 min",
            {"phases": ((60, 7200), (300, 36000))},
        ),
        (
            "every 5 min, but every minute in the first 2 h, 12 h in all",
            {"phases": ((60, 7200), (300, 36000))},
        ),
        (
            "every 5 min for 2 h. Let's make it 10 min and 4 h",
            {"interval_s": 600, "duration_s": 14400},
        ),
    ],
)
def test_times_in_other_words(words: str, facts: dict[str, Any]) -> None:
    check(f"P1, GFP, {words}", facts)


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("all channels but Cy5", {"channels": ("DAPI", "FITC", "Rhodamine")}),
        ("alles außer Fernrot", {"channels": ("DAPI", "FITC", "Rhodamine")}),
        ("nicht DAPI sondern GFP", {"channels": ("FITC",)}),
        ("DAPI and GFP. On second thought leave DAPI out", {"channels": ("FITC",)}),
        ("nuclei in green", {"channels": ("FITC",)}),
        ("H2B (mCherry)", {"channels": ("Rhodamine",)}),
        ("GFP with 100 nM SiR-DNA", {"channels": ("FITC",)}),
        ("GFP at 50 ms and DAPI at 20", {"exposure_ms.FITC": 50, "exposure_ms.DAPI": 20}),
        ("GFP 50 ms, DAPI the same", {"exposure_ms.DAPI": 50}),
        ("GFP 50-100 ms", {"exposure_ms.FITC": ABSENT}),
        ("GFP, bin 2, 20 ms", {"exposure_ms.FITC": 20, "binning": 2}),
        ("GFP, stack of 10 um in steps of 0.5", {"stack.step_um": 0.5}),
        ("GFP, from 3 below to 7 um above, 0.5 um steps", {"stack.below_um": 3}),
    ],
)
def test_channels_in_other_words(words: str, facts: dict[str, Any]) -> None:
    check(f"P1, every 5 min, 2 h, {words}", facts)


@pytest.mark.parametrize(
    "words",
    [
        "My cells divide every 20 h.",
        "Die Zellen teilen sich alle 20 h.",
        "I'm back at 5 pm.",
        "Torno alle 17.",
        "My colleague needs the scope in 14 h.",
        "I usually do 10 min.",
        "I will add the drug after 2 h.",
    ],
)
def test_stories_are_no_wishes(words: str) -> None:
    said = proposed(f"P1 in GFP every 5 min for 12 h. {words}")
    assert said.outcome is Outcome.PLAN
    assert said.draft.get("interval_s") == 300 and said.draft.get("duration_s") == 43200
    assert not said.draft.has("start_at") and not said.draft.get("watch")


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("at most 5 reactions", "stop.after_events"),
        ("512x512 pixels", "unclear"),
        ("light off at night", "unclear"),
        ("keep a@b.ch posted", "notify.on"),
        ("focus once at the start", "autofocus.when"),
        ("five fields around each", "grid.rows"),
        ("twice", "unclear"),
        ("no autofocus, autofocus every 3rd round", "autofocus.when"),
        ("on mitosis 20 s until anaphase", "reaction.duration_s"),
        ("on mitosis film 10 min", "reaction.interval_s"),
        ("if a cell dies or divides, every 20 s", "target"),
    ],
)
def test_what_no_slot_holds_is_asked_about(words: str, slot: str) -> None:
    said = proposed(f"P1 in GFP every 5 min for 12 h, {words}")
    assert said.outcome is Outcome.ASK and slot in asked(said)


@pytest.mark.parametrize("words", ["image P2 ... P5, GFP", "GFP at 50 ms, from P3 on, DAPI at 20"])
def test_words_keep_their_places_in_the_original(words: str) -> None:
    for said in draft(words).said.values():
        source: Any = said.source
        assert words[source.start : source.end] == source.text
    text = plain(words)
    assert text.back(0, len(text.text)) == (0, len(words))


def test_an_edit_keeps_the_places_around_it() -> None:
    text = Normal("a long word here", "a long word here", ((0, 0),))
    short = text.edited([(2, 6, "x")])
    assert short.text == "a x word here"
    assert short.back(2, 3) == (2, 6) and short.back(4, 8) == (7, 11)
