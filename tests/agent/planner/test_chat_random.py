"""Whatever a model puts into the form: no exception, and no value without words of the person."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from chat_kit import MODEL, NOW, demo
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.planner.chat import draft_of
from agent.planner.chat_form import slot_names
from agent.planner.complete import complete
from agent.planner.draft import Draft, Intent
from agent.planner.slots import Type, slot_of
from agent.planner.source import Words
from agent.planner.understand import understand

SETS = Path(__file__).parent / "sets" / "dev.jsonl"
TEXTS = (
    "Image P1-P3 in GFP at 40 ms every 5 min for 12 h; when a cell divides film it every 20 s.",
    "96-well plate, rows A and B, DAPI and mCherry, 10 um stack in 1,5 um steps, 2x2 binning",
    "every 2-3 min for the first hour, then every 10 min until 8; tell me@lab.example when done",
)
VALUES = st.sampled_from(
    ["FITC", "green", "mitosis", "once", "every_visit", "event", "40X", "P9", "", "10", "\n", "ſir"]
)


@st.composite
def told(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    text = draw(st.sampled_from(TEXTS))
    places = st.tuples(st.integers(0, len(text)), st.integers(0, 40))
    quotes = st.one_of(places.map(lambda p: text[p[0] : p[0] + p[1]]), st.text(max_size=20))
    items = st.fixed_dictionaries(
        {
            "slot": st.sampled_from(slot_names(demo())),
            "quote": quotes,
            "value": st.lists(VALUES, max_size=3),
        }
    )
    form = {
        "intent": draw(st.sampled_from([str(intent) for intent in Intent])),
        "refused": draw(quotes),
        "items": draw(st.lists(items, max_size=8)),
    }
    return text, {"model": MODEL, "form": form, "calls": 1, "tokens": 1}


@settings(deadline=None, max_examples=50)
@given(told())
def test_every_value_has_words_of_the_instruction(case: tuple[str, Any]) -> None:
    text, form = case
    draft = draft_of(text, form, demo(), NOW)
    for said in draft.said.values():
        assert isinstance(said.source, Words)
        words = said.source
        assert text[words.start : words.end] == words.text and words.text
    assert draft_of(text, form, demo(), NOW) == draft
    complete(draft, demo())
    if draft.refusals:
        assert draft.intent is Intent.REFUSE


ROWS = [json.loads(line) for line in SETS.read_text(encoding="utf-8").splitlines()][::12]


def _form(draft: Draft) -> dict[str, Any]:
    """What a model would fill in that understands the same as the rules."""
    items = []
    for said in draft.said.values():
        if said.slot in ("phases", "positions.count") or not isinstance(said.source, Words):
            continue
        match slot_of(said.slot).type:
            case Type.NAMES:
                value = list(said.value)
            case Type.CHOICE | Type.WORDS:
                value = [said.value]
            case _:
                value = []
        items.append({"slot": said.slot, "quote": said.source.text, "value": value})
    return {"intent": str(draft.intent), "refused": "", "items": items}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_model_that_says_what_the_rules_say_changes_nothing(row: dict[str, Any]) -> None:
    text, now = row["instruction"], dt.datetime.fromisoformat(row.get("now") or NOW.isoformat())
    draft = understand(text, demo(), now)
    told_ = {"model": MODEL, "form": _form(draft), "calls": 1, "tokens": 1}
    both = draft_of(text, told_, demo(), now)  # type: ignore[arg-type]
    assert both.said == draft.said
    assert {q.slot for q in both.questions} <= {q.slot for q in draft.questions}
    assert both.refusals == draft.refusals
