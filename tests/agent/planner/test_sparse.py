"""Positions by a rule: every other one, the even ones."""

from __future__ import annotations

import pytest

from agent.planner.sparse import sparse

KNOWN = ("P1", "P2", "P3", "P4", "P5", "P6")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("every other position", ("P1", "P3", "P5")),
        ("every second position starting with P2", ("P2", "P4", "P6")),
        ("every third of my positions, GFP", ("P1", "P4")),
        ("the odd-numbered positions", ("P1", "P3", "P5")),
        ("jede zweite Position ab P2", ("P2", "P4", "P6")),
        ("une position sur deux à partir de P2", ("P2", "P4", "P6")),
        ("les positions paires", ("P2", "P4", "P6")),
        ("una posizione su due", ("P1", "P3", "P5")),
        ("las posiciones impares", ("P1", "P3", "P5")),
        ("cada tercera posición", ("P1", "P4")),
    ],
)
def test_positions_by_a_rule(words: str, names: tuple[str, ...]) -> None:
    found = sparse(words, KNOWN)
    assert found is not None and found[0] == names


@pytest.mark.parametrize("words", ["every other minute at P1", "every position", "an even field"])
def test_other_words_are_no_rule(words: str) -> None:
    assert sparse(words, KNOWN) is None


def test_a_rule_that_begins_at_an_unknown_position_is_not_guessed() -> None:
    assert sparse("every other position from P9", KNOWN) is None
