"""Two readers, one draft: what only one of them found is taken, what they dispute is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from chat_kit import NOW, demo, said

from agent.planner.answers import answered
from agent.planner.chat_items import Items
from agent.planner.chat_merge import merge
from agent.planner.complete import complete
from agent.planner.draft import Draft, Intent, No, Question, Said

TEXT = (
    "P1 to P6 or wells A1, B2 in GFP and DAPI once or every 5 min or 50 min for 2 h, then every "
    "10 min for 1 h, 7 um, film it every 20 s"
)
PHASES = ((300.0, 7200.0), (600.0, 3600.0))


def one(slot: str, value: Any, words: str = "P1") -> Said:
    return said(TEXT, slot, value, words)


def both(mine: list[Said], theirs: list[Said], **draft: Any) -> Draft:
    embedded = Draft(TEXT, said={s.slot: s for s in mine}, **draft)
    return merge(embedded, Items(tuple(theirs)), Intent.PLAN, demo())


def test_each_readers_own_values_are_taken() -> None:
    draft = both([one("interval_s", 300.0)], [one("duration_s", 7200.0)])
    assert (draft.get("interval_s"), draft.get("duration_s")) == (300, 7200)
    assert draft.questions == ()


@pytest.mark.parametrize(
    ("slot", "mine", "theirs"),
    [
        ("interval_s", 300.0, 300.0 + 1e-9),
        ("channels", ("DAPI", "FITC"), ("FITC", "DAPI")),
        ("phases", PHASES, PHASES),
        ("target", "Rosette", "rosette"),
        ("gentle", True, True),
    ],
)
def test_what_both_say_alike_is_no_question(slot: str, mine: Any, theirs: Any) -> None:
    draft = both([one(slot, mine, "P1")], [one(slot, theirs, "wells")])
    assert draft.questions == () and str(draft.said[slot].source) == "“P1”"


@pytest.mark.parametrize(
    ("slot", "mine", "theirs", "choices"),
    [
        ("interval_s", 300.0, 3000.0, ("300 s", "3000 s")),
        ("exposure_ms.FITC", 20.0, 200.0, ("20 ms", "200 ms")),
        ("channels", ("FITC",), ("FITC", "DAPI"), ("FITC", "FITC, DAPI")),
        ("target", "mitosis", "dead cell", ("mitosis", "dead cell")),
        ("reaction.repeat", "once", "every_event", ("once", "every_event")),
        ("objective", "20X", "40X", ("20X", "40X")),
        ("plate", "24-well", "96-well", ("24-well", "96-well")),
        ("positions", ("P1", "P2"), ("P1",), ("P1, P2", "P1")),
        ("stack.range_um", 7.0, 14.0, ("7 um", "14 um")),
        ("binning", 2, 4, ("2", "4")),
        ("phases", PHASES, (*PHASES, (60.0, 60.0)), None),
    ],
)
def test_what_they_dispute_is_asked_and_either_answer_settles_it(
    slot: str, mine: Any, theirs: Any, choices: tuple[str, str] | None
) -> None:
    draft = both([one(slot, mine, "every 5 min")], [one(slot, theirs, "50 min")])
    (question,) = draft.questions
    assert question.slot == slot
    assert choices is None or question.choices == choices
    assert "“every 5 min”" in question.text and "“50 min”" in question.text
    for words, value in zip(question.choices, (mine, theirs), strict=True):
        result = answered(draft, question, words, demo(), NOW)
        assert isinstance(result, Draft), words
        assert result.get(slot) == value and result.questions == ()


RIVALS = [
    ([one("interval_s", 300.0, "every 5 min"), one("duration_s", 7200.0, "for 2 h")],
     [one("phases", PHASES, "every 5 min or 50 min for 2 h, then every 10 min for 1 h")],
     "interval_s"),
    ([one("once", True, "once")], [one("interval_s", 300.0, "every 5 min")], "interval_s"),
    ([one("positions", ("P1", "P2"), "P1")],
     [one("positions", tuple(f"P{i}" for i in range(1, 7)), "P1 to P6")], "positions"),
]  # fmt: skip


@pytest.mark.parametrize(("mine", "theirs", "slot"), RIVALS)
@pytest.mark.parametrize("turned", [False, True])
def test_two_ways_of_saying_one_thing_are_asked_about(
    mine: list[Said], theirs: list[Said], slot: str, turned: bool
) -> None:
    draft = both(theirs, mine) if turned else both(mine, theirs)
    (question,) = draft.questions
    assert question.slot == slot and len(question.choices) == 2


def test_every_position_by_name_is_all_of_them() -> None:
    names = tuple(demo().positions)
    draft = both([one("positions.all", True)], [one("positions", names)])
    assert draft.questions == ()


@pytest.mark.parametrize(
    ("mine", "theirs", "slot"),
    [
        ([one("interval_s", 300.0), one("duration_s", 7200.0)], one("rounds", 12), "rounds"),
        ([one("positions", ("P1", "P2"))], one("wells", ("A1", "B2"), "wells A1"), "positions"),
    ],
)
def test_what_does_not_go_together_is_asked_when_the_draft_is_completed(
    mine: list[Said], theirs: Said, slot: str
) -> None:
    assert slot in {q.slot for q in complete(both(mine, [theirs]), demo()).questions}


def test_what_the_embedded_reader_had_no_use_for_is_not_asked_when_the_model_has() -> None:
    unclear = (Question("unclear", "what is “7 um” for?"), Question("channels", "which channels?"))
    draft = both([], [one("stack.range_um", 7.0, "7 um")], questions=unclear)
    assert [q.slot for q in draft.questions] == ["channels"]
    draft = both([], [one("stack.range_um", 7.0, "5 min")], questions=unclear)
    assert [q.slot for q in draft.questions] == ["unclear", "channels"]


def test_a_contradiction_of_the_instruction_is_not_settled_by_a_model() -> None:
    clash = (Question("interval_s", "you said both", ("every 5 min", "every 10 min")),)
    draft = both([one("interval_s", 300.0)], [one("interval_s", 300.0)], questions=clash)
    assert draft.questions == clash


def test_a_reaction_is_watched_for() -> None:
    draft = both([], [one("reaction.interval_s", 20.0, "every 20 s")])
    assert draft.get("watch") is True


@pytest.mark.parametrize("intent", list(Intent))
def test_a_refusal_of_the_rules_holds_whatever_the_model_wants(intent: Intent) -> None:
    no = No("limits", "a", "b", "c")
    draft = merge(Draft(TEXT, refusals=(no,)), Items(), intent, demo())
    assert draft.refusals == (no,) and draft.intent is Intent.REFUSE
    assert merge(Draft(TEXT), Items(), Intent.ANSWER, demo()).intent is Intent.ANSWER


def test_two_readings_of_the_models_words_are_asked_in_place_of_others() -> None:
    mine = Question("interval_s", "mine?")
    theirs = Question("interval_s", "2-3 min?", ("120 s", "180 s"))
    items = replace(Items(), questions=(theirs,))
    draft = merge(Draft(TEXT, questions=(mine,)), items, Intent.PLAN, demo())
    assert draft.questions == (theirs,)
