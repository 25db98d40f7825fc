"""What is filled in has a source; what is necessary is asked for and never guessed (LESSONS 4)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from said_kit import LAPSE, asked, demo, draft, of, proposed, rules

from agent.planner.complete import complete, rounds_of
from agent.planner.defaults import BURST_S, UNTIL_GONE_S
from agent.planner.draft import Draft
from agent.planner.proposal import Outcome
from agent.planner.source import Configured, Default, Words
from hardware.data import MicroscopeConfig

BURST = f"{LAPSE}; as soon as a cell divides, every 20 s"


def full(words: str, config: MicroscopeConfig | None = None) -> Draft:
    return complete(draft(words), config or demo())


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        ("GFP every 5 min for 2 h", "positions"),
        ("P1 every 5 min for 2 h", "channels"),
        ("P1 in GFP for 2 h", "interval_s"),
        ("P1 in GFP every 5 min", "duration_s"),
        ("P1 in GFP, a 3x3 grid, every 5 min", "duration_s"),
        ("96-well plate, GFP every 15 min for 2 h", "wells"),
        ("wells A1 and B3, GFP every 15 min for 2 h", "plate"),
        (f"{LAPSE}; react to mitosis", "reaction.interval_s"),
        (f"{LAPSE}; when you see something interesting, every 20 s for 10 min", "target"),
        ("All positions, GFP every 5 min for 2 h. Keep the 2 best fields.", "search.by"),
    ],
)
def test_what_is_necessary_is_asked_for(words: str, slot: str) -> None:
    said = proposed(words)
    assert said.outcome is Outcome.ASK and said.plan is None
    assert slot in asked(said) and not said.draft.has(slot)


def test_an_empty_instruction_asks_for_everything_and_plans_nothing() -> None:
    said = of(Draft(""))
    assert asked(said) == ["positions", "channels", "interval_s", "duration_s"]


@pytest.mark.parametrize(
    ("words", "slot", "value", "source"),
    [
        (LAPSE, "exposure_ms.FITC", 20, "channels.FITC.exposure_ms"),
        (f"{LAPSE}, as little light as possible", "exposure_ms.FITC", 10,
         "channels.FITC.gentle_exposure_ms"),
        (f"{BURST} for 10 min in Cy5", "reaction.exposure_ms.Cy5", 50,
         "channels.Cy5.exposure_ms"),
    ],
)  # fmt: skip
def test_usual_exposures_come_from_the_microscope(
    words: str, slot: str, value: float, source: str
) -> None:
    said = full(words).said[slot]
    assert said.value == value and said.source == Configured("demo", source)


def test_an_exposure_that_no_file_gives_is_asked_for() -> None:
    bare = {name: c.model_copy(update={"exposure_ms": None}) for name, c in demo().channels.items()}
    config = demo().model_copy(update={"channels": bare})
    assert [q.slot for q in full(LAPSE, config).questions] == ["exposure_ms.FITC"]


@pytest.mark.parametrize(
    ("words", "slot", "value"),
    [
        (BURST, "reaction.duration_s", BURST_S),
        (f"{BURST} until it is gone", "reaction.duration_s", UNTIL_GONE_S),
        ("P1 in GFP, 10 um stack in 2 um steps", "once", True),
        ("P1 in GFP, 3x3 grid, once", "grid.overlap_percent", 0),
        (f"{LAPSE} with autofocus", "autofocus.when", "every_visit"),
        (f"{BURST} with autofocus", "autofocus.when", "focus_lost"),
        (f"{LAPSE}, mail anna@lab.org", "notify.on", ("done", "trouble")),
        (f"{LAPSE}, stop after 10 divisions", "reaction.interval_s", 300),
    ],
)
def test_a_default_has_a_name_and_a_reason(words: str, slot: str, value: Any) -> None:
    said = full(words).said[slot]
    assert said.value == value
    assert isinstance(said.source, Default) and said.source.name and said.source.why


def test_the_burst_takes_the_exposure_that_was_said_for_the_time_lapse() -> None:
    said = full("P1 in GFP 70 ms every 5 min for 2 h; as soon as a cell divides, GFP every 20 s")
    both = said.said["exposure_ms.FITC"], said.said["reaction.exposure_ms.FITC"]
    assert both[0].value == both[1].value == 70 and isinstance(both[1].source, Words)


@pytest.mark.parametrize(
    ("rounds", "outcome"), [(24, Outcome.PLAN), (25, Outcome.PLAN), (40, Outcome.ASK)]
)
def test_interval_length_and_rounds_must_fit(rounds: int, outcome: Outcome) -> None:
    said = proposed(f"{LAPSE}, {rounds} time points")
    assert said.outcome is outcome
    assert asked(said) == ([] if outcome is Outcome.PLAN else ["rounds"])


@pytest.mark.parametrize(
    ("slot", "value", "rule"),
    [
        ("positions", ("P1", "P9"), "positions"),
        ("channels", ("FITC", "Cy7"), "channels"),
    ],
)
def test_names_that_the_microscope_does_not_know_are_refused(
    slot: str, value: tuple[str, ...], rule: str
) -> None:
    """Whoever read them: a chat model's names go through the same door (LESSONS 1)."""
    start = draft(LAPSE)
    told = replace(start.said[slot], value=value)
    assert rules(of(start.adding(told))) == [rule]


@pytest.mark.parametrize(
    ("words", "rounds"),
    [("P1 in GFP every 5 min, 40 time points", 40), (LAPSE, 25), ("P1 in GFP once", None)],
)
def test_rounds(words: str, rounds: int | None) -> None:
    assert rounds_of(draft(words)) == rounds
