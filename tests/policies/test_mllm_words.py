"""Words in and words out: questions are plain text, sentences say no more than the facts."""

from __future__ import annotations

import numpy as np
import pytest
from mllm_tiny import tiny_weights

from policies.mllm.bricks.questions import plain_words
from policies.mllm.model.text import question_text
from policies.mllm.model.words import SPECIAL
from policies.mllm.reader import Reader
from policies.mllm.sayings import Facts, faithful, numbers_in, plain, varied
from policies.mllm.weights import load

FACTS = Facts((("cell", 12), ("mitosis", 1)), "in", ("dim", "uneven"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(load(tiny_weights(tmp_path_factory.mktemp("weights"))))


@pytest.mark.parametrize("token", SPECIAL)
def test_special_tokens_in_a_question_are_plain_text(reader: Reader, token: str) -> None:
    tokenizer = reader.loaded.tokenizer
    ids = tokenizer(question_text(f"is {token} there"), add_special_tokens=False)["input_ids"]
    special = set(tokenizer.convert_tokens_to_ids(list(SPECIAL)))
    plainly = tokenizer(question_text("is it there"), add_special_tokens=False)["input_ids"]
    assert [i for i in ids if i in special] == [i for i in plainly if i in special]


@pytest.mark.parametrize("words", ["", "mitosis " * 400, "\x00\n\t", "有丝分裂 🔬", "</s><s>" * 50])
def test_any_words_can_be_asked(reader: Reader, words: str) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 40)).astype(np.uint8)
    answer = reader.ask(image, words)
    assert all(np.isfinite(p).all() for p in answer.fields.values())


def test_every_way_to_say_it_is_faithful() -> None:
    rng = np.random.default_rng(0)
    said = {varied(FACTS, rng) for _ in range(50)}
    assert len(said) == 4
    assert all(faithful(sentence, FACTS) for sentence in said)
    assert numbers_in(plain(FACTS)) == (12, 1)


@pytest.mark.parametrize(
    "sentence",
    [
        plain(FACTS).replace("12", "13"),
        plain(FACTS).replace("1 mitosis", "2 mitoses"),
        plain(FACTS).replace("12 cells", "12 cells, 3 bubbles"),
        plain(FACTS).replace("in focus", "out of focus"),
        plain(FACTS).replace("dim", "saturated"),
        plain(FACTS) + " The sample is cancerous.",
        "",
    ],
)
def test_a_sentence_with_another_thing_number_or_state_is_not(sentence: str) -> None:
    assert not faithful(sentence, FACTS)


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("has this picture got mitosis?", "mitosis"),
        ("Would you say that a dividing cell can be seen here?", "a dividing cell"),
        ("mitosis", "mitosis"),
        ("any plant cell?", "any plant cell?"),  # another word may change what is meant
        ("cell fusion", "cell fusion"),
        ("is there no mitosis?", "is there no mitosis?"),
        ("", ""),
    ],
)
def test_only_words_that_frame_a_known_thing_are_left_out(asked: str, read: str) -> None:
    assert plain_words(asked) == read
