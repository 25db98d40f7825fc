"""What a chat model may take: options, budget, and what its client is made with."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from chat_kit import MODEL, demo
from hypothesis import given
from hypothesis import strategies as st

from agent.finding import ConfigError
from agent.planner.chat_budget import LEAST_REPLY, BudgetUsedUp, Purse
from agent.planner.chat_call import arguments
from agent.planner.chat_form import as_data, form_for, slot_names
from agent.planner.chat_options import ChatOptions
from agent.planner.slots import slot_of


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"model": "gpt-5"}, "model"),
        ({"model": "openai:"}, "model"),
        ({"base_url": "file:///etc/passwd"}, "base_url"),
        ({"base_url": "http://me:secret@host/v1"}, "base_url"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"timeout_s": math.nan}, "timeout_s"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"reply_tokens": 0}, "reply_tokens"),
        ({"max_cost": -1.0, "price_in": 1.0, "price_out": 1.0}, "max_cost"),
        ({"max_cost": 1.0}, "max_cost"),
        ({"max_cost": 1.0, "price_in": 1.0}, "max_cost"),
        ({"price_in": math.inf}, "price_in"),
        ({"price_out": math.nan}, "price_out"),
    ],
    ids=str,
)
def test_an_option_that_makes_no_sense_is_one_line(options: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ChatOptions(**{"model": MODEL, **options})
    assert len(str(caught.value).splitlines()) == 1
    assert f"planner: {key}: " in str(caught.value) and "secret" not in str(caught.value)


@given(
    used=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=4),
    size=st.integers(0, 60_000),
    max_cost=st.one_of(st.none(), st.floats(0, 1)),
)
def test_no_call_is_allowed_that_could_exceed_the_budget(
    used: list[tuple[int, int]], size: int, max_cost: float | None
) -> None:
    options = ChatOptions(MODEL, max_cost=max_cost, price_in=3.0, price_out=15.0)
    purse = Purse(options)
    for sent, got in used:
        purse.count({"input_tokens": sent, "output_tokens": got}, 0, 0)
    try:
        allowed = purse.allowance(size)
    except BudgetUsedUp:
        return
    assert LEAST_REPLY <= allowed <= options.reply_tokens
    purse.count(None, size, allowed)
    assert purse.tokens <= options.max_tokens
    assert max_cost is None or (purse.cost or 0.0) <= max_cost + 1e-12


@pytest.mark.parametrize(
    "usage", [None, {}, {"input_tokens": -5, "output_tokens": None}, {"output_tokens": "9"}]
)
def test_without_a_count_a_call_is_taken_at_the_most_it_can_have_been(usage: Any) -> None:
    purse = Purse(ChatOptions(MODEL))
    purse.count(usage, 300, 50)
    assert (purse.calls, purse.tokens) == (1, 150)


def test_each_provider_gets_its_own_names_and_no_key() -> None:
    openai = arguments(ChatOptions(MODEL, "http://localhost:1/v1", 3.0), 500)
    assert openai == {
        "base_url": "http://localhost:1/v1",
        "max_tokens": 500,
        "timeout": 3.0,
        "max_retries": 0,
    }
    ollama = arguments(ChatOptions("ollama:qwen3", timeout_s=3.0), 500)
    assert ollama == {"num_predict": 500, "client_kwargs": {"timeout": 3.0}}


def test_the_form_has_the_slots_of_the_microscope_and_no_others() -> None:
    names = slot_names(demo())
    assert all(slot_of(name) for name in names)
    assert {"exposure_ms.FITC", "reaction.exposure_ms.Cy5", "phases"} <= set(names)
    assert "exposure_ms" not in names
    schema = str(form_for(demo()).model_json_schema())
    assert "exposure_ms.FITC" in schema and "number" not in schema  # nothing to put a number into


@given(st.text(st.characters(codec=None)))
def test_no_instruction_gets_out_of_its_quotation_marks(text: str) -> None:
    data = as_data(text).encode().decode()
    (sent,) = json.loads(data).values()
    assert sent == text.encode(errors="replace").decode()
    assert "\n" not in data and data.count('{"instruction": "') >= 1
