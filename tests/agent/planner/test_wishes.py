"""Search, stop, messages, budgets, focus, rounds, flags."""

from __future__ import annotations

from typing import Any

import pytest
from said_kit import ABSENT, LAPSE, asked, check, proposed, rules

from agent.planner.proposal import Outcome


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("Find the 3 fields with the most cells", {"best": 3, "by": "count"}),
        ("Keep the 2 most confluent fields", {"best": 2, "by": "confluence"}),
        ("Survey everything and keep the best 2 fields for mitosis", {"best": 2, "by": "target"}),
        ("Stay with the field that has the most cells", {"best": 1, "by": "count"}),
    ],
)
def test_a_search(words: str, facts: dict[str, Any]) -> None:
    check(
        f"All positions in GFP every 5 min for 2 h. {words}.",
        {f"search.{key}": value for key, value in facts.items()},
    )


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("stop after 10 divisions", {"stop.after_events": 10, "target": "mitosis"}),
        ("stop at 80 % confluence", {"stop.confluence": 0.8}),
        ("until 80 % confluence", {"stop.confluence": 0.8}),
        ("they are at 80 % confluence", {"stop.confluence": ABSENT}),
    ],
)
def test_a_stop(words: str, facts: dict[str, Any]) -> None:
    check(f"{LAPSE}, {words}", facts)


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("mail anna@lab.org when it is done",
         {"notify.on": ("done",), "notify.to": ("anna@lab.org",)}),
        ("let me know if anything goes wrong", {"notify.on": ("trouble",)}),
        ("tell me when a cell divides", {"notify.on": ("event",), "target": "mitosis"}),
        ("by anna@lab.org", {"notify.on": ABSENT, "notify.to": ABSENT}),
        ("never mail me when it is done", {"notify.on": ABSENT}),
        ("no mails unless something breaks", {"notify.on": ("trouble",)}),
        ("messages to anna@lab.org", {"notify.to": ("anna@lab.org",)}),
        ("mail events to anna@lab.org", {"notify.on": ("event",)}),
    ],
)  # fmt: skip
def test_messages(words: str, facts: dict[str, Any]) -> None:
    check(f"{LAPSE}, {words}", facts)


@pytest.mark.parametrize(
    ("words", "slot", "value"),
    [
        ("at most 2 J/cm2 per field", "dose_per_fov_j_cm2", 2),
        ("at most 2 J/cm²", "dose_per_fov_j_cm2", 2),
        ("at most 50 J/cm2 in total", "total_dose_j_cm2", 50),
        ("light at most 500 mJ/cm2 per field", "dose_per_fov_j_cm2", 0.5),
        ("at most 30 s of exposure per field", "exposure_per_fov_s", 30),
        ("not more than 20 GB on disk", "disk_gb", 20),
        ("not more than 500 MB on disk", "disk_gb", 0.5),
    ],
)
def test_budgets_in_their_units(words: str, slot: str, value: float) -> None:
    check(f"{LAPSE}, {words}", {f"budget.{slot}": value, "exposure_ms.FITC": ABSENT})


@pytest.mark.parametrize("words", ["at most 0 J/cm2 per field", "at most -1 GB on disk"])
def test_a_budget_that_is_none_is_refused(words: str) -> None:
    said = proposed(f"{LAPSE}, {words}")
    assert said.outcome is Outcome.REFUSE and rules(said)[0].startswith("budget.")


def test_more_than_a_budget_allows_is_refused_or_told() -> None:
    small = proposed(f"{LAPSE}, not more than 1 MB on disk")
    assert small.outcome is Outcome.REFUSE and rules(small) == ["budget.disk_gb"]
    light = proposed("P1 in GFP with 1 s every 10 s for 24 h, at most 0.1 J/cm2 per field")
    assert any("budget.dose_per_fov_j_cm2" in str(finding) for finding in light.findings)


@pytest.mark.parametrize(
    ("words", "when", "more"),
    [
        ("autofocus at every visit", "every_visit", {}),
        ("autofocus every third round", "every_nth_round", {"every_n_rounds": 3}),
        ("refocus every 10th round", "every_nth_round", {"every_n_rounds": 10}),
        ("autofocus every hour", "every_nth_round", {"every_n_rounds": 12}),
        ("autofocus only when focus is lost", "focus_lost", {}),
        ("autofocus at every visit; if it fails, skip", "every_visit", {"on_failure": "skip"}),
        ("autofocus at every visit; if it fails, stop the run", "every_visit",
         {"on_failure": "stop"}),
        ("without autofocus", ABSENT, {"every_n_rounds": ABSENT}),
    ],
)  # fmt: skip
def test_focus(words: str, when: Any, more: dict[str, Any]) -> None:
    facts = {"autofocus.when": when} | {f"autofocus.{key}": value for key, value in more.items()}
    check(f"{LAPSE}, {words}", facts)


def test_a_focus_that_falls_between_rounds_is_asked_about() -> None:
    said = proposed(f"{LAPSE}, autofocus every 7 min")
    assert said.outcome is Outcome.ASK and asked(said) == ["unclear"]


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("P1 in GFP every 5 min, 40 time points", {"rounds": 40, "duration_s": ABSENT}),
        ("P1 in GFP once", {"once": True}),
        (f"{LAPSE}, with as little light as possible", {"gentle": True}),
        (f"{LAPSE}, wait for the verdict at each field", {"coupling": "synchronized"}),
    ],
)
def test_rounds_and_flags(words: str, facts: dict[str, Any]) -> None:
    check(words, facts)
