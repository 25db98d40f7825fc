"""What no slot can hold is asked about: each line was once planned without its main words."""

from __future__ import annotations

import pytest
from said_kit import asked, proposed

from agent.planner.proposal import Outcome

LOST = {
    "a part of the time": [
        "P1-P3 in GFP every 5 min for 6 h, DAPI only every 6th round",
        "DAPI only in the first round, GFP every 5 min for 6 h at P1",
        "P1, GFP, every 5 min, 6 h, pause between 2 am and 4 am",
        "GFP at P1. Every 5 min. 12 h. In the last two hours every minute.",
        "P1, GFP, 5 min, 12 h, after 3 h add DAPI",
        "P1, GFP, 5 min, 12 h. From hour 6 on also DAPI.",
        "image GFP at P1 every 5 min for 6 h and DAPI at the end once",
        "P1, GFP, every 5 min, 6 h, on weekdays only",
        "P1-P3 GFP 5 min 3 h; repeat this every day for a week",
        "P1, GFP, alle 5 min, 3 h, außer nachts",
        "P1, vert, toutes les 5 min, 3 h, après une heure ajouter DAPI",
        "P1, verde, ogni 5 min, 3 ore, dopo un'ora anche DAPI",
        "P1, verde, cada 5 min, 3 h, después de una hora también DAPI",
    ],
    "a part of the places": [
        "P1 in GFP and P2 in DAPI, every 5 min for 6 h",
        "P1 GFP 2 min 1 h, and then P2 GFP 2 min 1 h",
        "GFP 20 ms on P1 and 40 ms on P2 every 5 min 6 h",
        "P1-P3 GFP 5 min 3 h, 40x for P2",
        "P1-P3, P2 only DAPI, GFP 5 min 3 h",
        "Use only P3. Every 2 min, 5 h, red, and P4 as the control, but only P3.",
        "P1-P6 without the even ones, GFP 5 min 3 h",
        "controls at P1 and P2, treated at P3 and P4: GFP 5 min 3 h",
        "P1 and the neighbouring position, GFP 5 min 3 h",
        "two positions: P1, P2, P3, GFP 5 min 3 h",
        "P1 in Grün und P2 in Rot alle 5 min für 3 h",
        "P1 en vert et P2 en rouge, toutes les 5 min, 3 h",
    ],
    "a part of the events": [
        "Every 5 min GFP P1 6 h. When two cells divide at once, every 30 s for 10 min",
        "Every 5 min GFP P1 and P2 6 h. When a cell divides at P2, every 30 s for 10 min",
        "GFP P1 5 min 6 h. When a cell divides, every 30 s for 10 min, but at most 3 times",
    ],
    "one thing or another": [
        "P1 or P2, GFP every 5 min for 6 h",
        "P1 GFP or DAPI every 5 min for 6 h",
        "P1, GFP, vielleicht auch DAPI, alle 5 min, 3 h",
        "P1, peut-être P2, vert, toutes les 5 min, 3 h",
        "P1 GFP 5-10 min 3 h",
        "P1 GFP every 5 min for 6 h unless the cells die",
        "three of my positions, GFP, every 5 min 3 h",
    ],
    "a comparison": [
        "P1 GFP every 5 min 6 h, half the exposure in GFP",
        "GFP at 50% of the usual exposure P1 every 5 min 6 h",
        "P1-P3, vert, 5 min, 3 h, P3 deux fois plus souvent",
        "P1, verde, ogni 5 min, 3 ore, metà esposizione",
    ],
    "a wish without its value": [
        "P1 to P4 in Hoechst every 6 min for 12 h and film dividing cells faster",
        "P1 in GFP every 5 min for 3 h, use the other lens",
        "P1 every 4 min, FITC 30, 6 h",
        "P2, GFP, every 5 min, 6 h. No z-stack. 21 planes, 1 um.",
        "P1, GFP, one hour, 60 frames",
    ],
}


@pytest.mark.parametrize("words", [words for lines in LOST.values() for words in lines])
def test_words_that_no_slot_holds_become_a_question(words: str) -> None:
    said = proposed(words)
    assert said.plan is None and said.outcome is Outcome.ASK, words
    assert asked(said), words


@pytest.mark.parametrize(
    "words",
    [
        "My six worms (strain 12, plate 4) are at P1 and P2. GFP every 5 min for 3 h.",
        "Watch for mitosis at P1, P2 or P3 in DAPI every 5 min for 6 h; then 20 s for 10 min",
        "P1 in GFP, 8 min between two images, 6 h",
        "Two hours every minute, then every 5 min for 6 h, P1 in GFP",
        "I want to see if the cells migrate: P1, GFP, every 5 min, 6 h. No stack, no autofocus.",
        "P1-P3 in GFP and DAPI every 5 min, 6 h; mail me at a@b.org at the end",
    ],
)
def test_words_that_ask_for_nothing_more_are_left_in_peace(words: str) -> None:
    assert proposed(words).outcome is Outcome.PLAN, words
