"""Words of five languages: folded, thinned, and said in English."""

from __future__ import annotations

import pytest

from agent.memory.words import COMMON, GENERIC, content, fold, in_english


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Über-Nacht", "uber nacht"), ("l’été", "l ete"), ("GFP_2", "gfp 2"), ("µm", "μm")],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Hefe in der Mikrofluidik", "yeast microfluidic"),
        ("i lieviti", "yeast"),  # another ending
        ("Mausembryonen", "mouse embryos"),  # a German compound
        ("neurones de souris", "neurons mouse"),
        ("E. coli", "bacteria"),
        ("every 4 min", ""),
        ("", ""),
    ],
)
def test_what_is_said_in_english(text: str, english: str) -> None:
    assert in_english(text) == english


def test_what_is_asked_for_is_what_is_left() -> None:
    assert content("use our HeLa protocol", without=COMMON | GENERIC) == ("hela",)
    assert content("how is it") == ("how", "is", "it")  # all of them where none is left
