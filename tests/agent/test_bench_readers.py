"""The comparison of readers counts what it says, and its forms can only be valid ones."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from agent.bench import readers
from agent.bench.plan import Line
from agent.bench.readers import bench_readers
from agent.bench.readers_draws import swapped, swaps
from agent.bench.readers_forms import END, Forms
from agent.bench.readers_model import learn_and_ask, speed
from agent.bench.readers_roles import NONE, amounts, label, scores
from agent.finding import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

TINY = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
FACTS: list[dict[str, Any]] = [
    {"interval_s": 300, "duration_s": 36000, "channels": ["FITC"], "positions": ["P1", "P3"]},
    {"exposure_ms.FITC": 12.5, "exposure_ms.DAPI": 50, "target": "dead cell", "watch": True},
    {"phases": [[60, 3600], [300, 7200]], "notify.to": ["a@example.org"], "search.by": "count"},
    {"channels": ["DAPI"], "rounds": 12, "stack.range_um": None, "grid.overlap_percent": 0},
]


def planned(text: str, facts: dict[str, Any]) -> Line:
    return Line("a", text, "plan", facts, ())


PLAIN = planned("GFP at P1 every 5 min for 3 h", {"interval_s": 300, "duration_s": 10800})


@pytest.fixture
def forms() -> Forms:
    return Forms(FACTS, ("DAPI", "FITC"))


@pytest.mark.parametrize("facts", FACTS)
def test_a_form_reads_back_to_its_facts_and_every_step_of_it_is_allowed(
    forms: Forms, facts: dict[str, Any]
) -> None:
    form = forms.write(facts)
    assert form is not None
    assert forms.read(form) == {k: v for k, v in facts.items() if v is not None}
    assert all(symbol in forms.allowed(form[:i]) for i, symbol in enumerate(form))


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_mask_lets_through_is_a_form(forms: Forms, seed: int) -> None:
    rng, form = random.Random(seed), list[str]()
    while not form or form[-1] != END:
        options = forms.allowed(form)
        assert options
        assert options <= set(forms.symbols)
        form.append(rng.choice(sorted(options)))
    forms.read(form)


def test_a_name_that_no_form_has_is_not_learned(forms: Forms) -> None:
    assert forms.write({"channels": ["Cy9"]}) is None


def test_two_slots_of_the_same_value_are_both_right() -> None:
    line = planned("every 5 min", {"interval_s": 300, "reaction.interval_s": 300})
    (amount,) = amounts([line])
    assert amount.right == {"interval_s", "reaction.interval_s"}
    assert scores([amount], ["reaction.interval_s"]) == {"right": 1.0, "wrong_slot": 0.0}
    assert scores([amount], ["duration_s"]) == {"right": 0.0, "wrong_slot": 1.0}
    assert scores([amount], [NONE]) == {"right": 0.0, "wrong_slot": 0.0}


def test_numbers_of_phases_are_not_counted() -> None:
    text = "every 1 min for 1 h, then every 5 min for 2 h"
    assert not amounts([planned(text, {"phases": [[60, 3600], [300, 7200]]})])


def test_rules_are_scored_by_the_slot_they_gave() -> None:
    assert [(label(a), a.ruled) for a in amounts([PLAIN])] == [
        ("interval_s", "interval_s"),
        ("duration_s", "duration_s"),
    ]


def test_another_number_in_the_words_is_another_one_in_the_facts() -> None:
    text, facts = swapped(PLAIN, swaps(PLAIN), random.Random(1))
    words = text.split()
    assert facts == {"interval_s": 60 * int(words[4]), "duration_s": 3600 * int(words[7])}


def test_a_model_without_training_still_writes_valid_forms() -> None:
    told = learn_and_ask([PLAIN], [PLAIN], train_s=0.0)
    assert (told["steps"], told["second_set"]["instructions"]) == (0, 1)
    assert told["second_set"]["exact"] in (0.0, 1.0)


def test_speed_says_whether_a_form_is_within_the_limit() -> None:
    told = speed(**TINY, num_attention_heads=2, num_key_value_heads=2)
    assert told["within_limit"] == (told["ms_per_form"] <= 500)


def written(path: Path, *instructions: str) -> Path:
    expect = {"outcome": "plan", "facts": {"interval_s": 300, "duration_s": 10800}}
    rows = [json.dumps({"instruction": text, "expect": expect}) for text in instructions]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_an_instruction_of_both_sets_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readers, "language_model", lambda learned, asked: {"asked": len(asked)})
    same = "GFP at P1 every 5 min for 3 h"
    train = written(tmp_path / "a.jsonl", same, *(f"P{n} every 5 min for 3 h" for n in range(1, 6)))
    test = written(tmp_path / "b.jsonl", same, "DAPI at P2 every 5 min for 3 h")
    assert bench_readers(train, test, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["left_out_as_in_both"], told["quantities"]) == (1, 2)
    assert told["language_model"] == {"asked": 1}
    assert told["rules"] == {"right": 1.0, "wrong_slot": 0.0}


def test_sets_of_the_same_instructions_are_refused(tmp_path: Path) -> None:
    train = written(tmp_path / "a.jsonl", "every 5 min for 3 h")
    with pytest.raises(ConfigError, match="different instructions"):
        bench_readers(train, train, json=True)
