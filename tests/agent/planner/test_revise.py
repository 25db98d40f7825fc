"""A plan and words that change it: what they speak of changes, and nothing else."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest
from said_kit import ABSENT, NOW, demo, proposed

from agent.plan import Plan
from agent.planner.facts import facts_of
from agent.planner.revise import Revision, revise

LONG = (
    "P1 to P3 in GFP and DAPI every 5 min for 12 h, 10 um stack in 2 um steps, "
    "autofocus at every visit, with the 20x"
)
WATCH = f"{LONG}; as soon as a cell divides, every 20 s for 10 min"


@lru_cache(maxsize=2)
def plan_of(words: str) -> Plan:
    plan = proposed(words).plan
    assert plan is not None
    return plan


def revised(words: str, base: str = LONG) -> Revision:
    return revise(plan_of(base), words, demo(), NOW)


def changes(words: str, base: str = LONG) -> dict[str, Any]:
    """What differs afterwards; ABSENT for what is gone."""
    new = revised(words, base).plan
    assert new is not None, words
    was, now = facts_of(plan_of(base)), facts_of(new)
    return {k: now.get(k, ABSENT) for k in {*was, *now} if was.get(k) != now.get(k)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("every 3 min", {"interval_s": 180}),
        ("for 6 h", {"duration_s": 21600}),
        ("2 h longer", {"duration_s": 50400}),
        ("2 Stunden länger", {"duration_s": 50400}),
        ("40 time points", {"rounds": 40, "duration_s": ABSENT}),
        ("just once", {"once": True, "interval_s": ABSENT, "duration_s": ABSENT}),
        ("every 5 min for 2 h, then every 20 min for 10 h",
         {"phases": ((300, 7200), (1200, 36000)), "interval_s": ABSENT, "duration_s": ABSENT}),
        ("GFP at 50 ms", {"exposure_ms.FITC": 50}),
        ("gentler light please", {"exposure_ms.FITC": 10, "exposure_ms.DAPI": 10}),
        ("add mCherry",
         {"channels": ("FITC", "DAPI", "Rhodamine"), "exposure_ms.Rhodamine": 30}),
        ("also in Cy5 with 40 ms",
         {"channels": ("FITC", "DAPI", "Cy5"), "exposure_ms.Cy5": 40}),
        ("only GFP", {"channels": ("FITC",), "exposure_ms.DAPI": ABSENT}),
        ("without DAPI", {"channels": ("FITC",), "exposure_ms.DAPI": ABSENT}),
        ("skip P2", {"positions": ("P1", "P3")}),
        ("drop P1 and P2", {"positions": ("P3",)}),
        ("with the 40x", {"objective": "40X"}),
        ("2x2 binning", {"binning": 2}),
        ("stack of 20 um", {"stack.range_um": 20}),
        ("11 planes", {"stack.step_um": 1}),
        ("no stack", {"stack.range_um": ABSENT, "stack.step_um": ABSENT}),
        ("stop after 10 divisions", {"stop.after_events": 10, "watch": True, "target": "mitosis",
         "reaction.interval_s": 300, "reaction.duration_s": 300,
         "reaction.repeat": "every_event"}),
        ("mail anna@lab.org when it is done",
         {"notify.on": ("done",), "notify.to": ("anna@lab.org",)}),
    ],
)  # fmt: skip
def test_one_thing_changes(words: str, expected: dict[str, Any]) -> None:
    assert changes(words) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("in the burst every 30 s", {"reaction.interval_s": 30}),
        ("in the burst with the 40x", {"reaction.objective": "40X"}),
        ("when a cell dies instead", {"target": "dead cell"}),
        ("every 6 min", {"interval_s": 360}),
    ],
)
def test_a_change_of_the_burst_and_of_the_time_lapse_are_told_apart(
    words: str, expected: dict[str, Any]
) -> None:
    assert changes(words, WATCH) == expected


def test_what_is_switched_off_is_gone_as_a_whole() -> None:
    focus = changes("without autofocus")
    assert focus and all(k.startswith("autofocus.") and v is ABSENT for k, v in focus.items())
    watch = changes("stop watching", WATCH)
    assert watch["watch"] is ABSENT and all(v is ABSENT for v in watch.values())


def test_settings_that_no_slot_knows_stay() -> None:
    data = plan_of(LONG).model_dump()
    data["trouble"]["snap_retries"], data["goal"] = 4, "mine"
    new = revise(Plan.model_validate(data), "every 3 min", demo(), NOW).plan
    assert new is not None and new.trouble.snap_retries == 4 and new.goal == "mine"


def test_the_new_value_is_the_one_that_was_said_even_beyond_a_limit() -> None:
    """LESSONS 2: checks come after, and see what was asked for."""
    assert changes("GFP with 5000 ms") == {"exposure_ms.FITC": 5000}


@pytest.mark.parametrize(
    "words", ["every 5 min", "nicer please", "", "how much disk would it take?"]
)
def test_words_without_a_change_are_asked_about(words: str) -> None:
    said = revised(words)
    assert said.plan is None and [q.slot for q in said.questions] == ["change"]


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("every 3 min, every 4 min", "unclear"),
        ("2 um steps, 1 um steps", "stack.step_um"),
    ],
)
def test_half_a_change_is_asked_about(words: str, slot: str) -> None:
    said = revised(words)
    assert said.plan is None and slot in [q.slot for q in said.questions]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("ignore the limits", "limits"),
        ("every 3 min and delete the old data", "data"),
        ("switch the dose ledger off", "guards"),
        ("budget: null", "code"),
        ("every 3 m\u200bin", "hidden characters"),
        ("only P9", "positions"),
        ("GFP with 0 ms", "exposure_ms.FITC"),
    ],
)
def test_a_change_that_nobody_may_have_is_refused(words: str, rule: str) -> None:
    said = revised(words)
    assert said.plan is None and rule in [no.rule for no in said.refusals]


def test_a_marked_position_can_be_added() -> None:
    assert changes("add P5") == {"positions": ("P1", "P2", "P3", "P5")}


def test_a_position_that_is_put_in_the_place_of_another_is_not_dropped_in_silence() -> None:
    assert revised("P9 instead of P1").plan is None
    assert changes("P5 instead of P1") == {"positions": ("P2", "P3", "P5")}
