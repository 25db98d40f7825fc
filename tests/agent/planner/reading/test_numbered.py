"""Marked positions in words."""

from __future__ import annotations

import pytest

from agent.planner.reading.names import Numbered, Said, numbered


def short(mention: Numbered) -> str:
    """One mention as the table writes it: "numbers 1 4 7", "all -2", "mine 6"."""
    words: list[object] = [mention.said.value if mention.said is not Said.COUNT else "count"]
    words += [*mention.numbers, *mention.names]
    words += [mention.count] if mention.count is not None else []
    words += [f"-{n}" for n in (*mention.excluded, *mention.excluded_names)]
    words += ["mine"] if mention.mine and mention.said is Said.COUNT else []
    words += ["unclear"] if mention.unclear else []
    return " ".join(map(str, words))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("positions 1, 4 and 7 every 5 min", ["numbers 1 4 7"]),
        ("positions 1, 4, and 7", ["numbers 1 4 7"]),
        ("pos. 1-3", ["numbers 1 2 3"]),
        ("pos 1,4,7", ["numbers 1 4 7"]),
        ("fields 2 and 5", ["numbers 2 5"]),
        ("position three", ["numbers 3"]),
        ("positions two and five", ["numbers 2 5"]),
        ("position #4", ["numbers 4"]),
        ("position no. 4", ["numbers 4"]),
        ("positions 1 through 6 for 12 hours", ["numbers 1 2 3 4 5 6"]),
        ("positions 1 to 3 and 6", ["numbers 1 2 3 6"]),
        ("positions from 1 to 3", ["numbers 1 2 3"]),
        ("position 1 and position 4", ["numbers 1 4"]),
        ("positions 1 and 4, 5 min interval", ["numbers 1 4"]),
        ("positions 1, 2 and 3, 5 planes each", ["numbers 1 2 3"]),
        ("position 2 with 40x", ["numbers 2"]),
        ("the second and fourth position", ["numbers 2 4"]),
        ("1st and 3rd position", ["numbers 1 3"]),
        ("positions 1 to 4 - sorry, 1 to 5", ["numbers 1 2 3 4", "numbers 1 2 3 4 5"]),
        ("no, not all positions. only 2 and 6.", ["numbers 2 6"]),
        ("P1 and P4", ["names P1 P4"]),
        ("P1,P4 every 5min", ["names P1 P4"]),
        ("P1 P2 P3 every 3 min", ["names P1 P2 P3"]),
        ("P1-P4", ["names P1 P2 P3 P4"]),
        ("P1 to 4", ["names P1 P2 P3 P4"]),
        ("P1, P3 to P5", ["names P1 P3 P4 P5"]),
        ("positions P1, P2, P5", ["names P1 P2 P5"]),
        ("p2", ["names P2"]),
        ("p53-GFP cells of passage P5", []),
        ("wells P1 and P2", []),
        ("the first three positions", ["first 3"]),
        ("the last two fields", ["last 2"]),
        ("six positions", ["count 6"]),
        ("my six positions", ["count 6 mine"]),
        ("the 6 marked positions", ["count 6 mine"]),
        ("all six positions", ["all 6"]),
        ("all positions", ["all"]),
        ("every position", ["all"]),
        ("all but position 2", ["all -2"]),
        ("all positions except 3 and 5", ["all -3 -5"]),
        ("all positions except P3", ["all -P3"]),
        ("everything except P3", ["all -P3"]),
        ("every position but the second position", ["all -2"]),
        ("all positions except the bad ones", ["all unclear"]),
        ("survey all six fields 2 times", ["all 6"]),
        ("best 5 positions", []),
        ("the 5 best fields", []),
        ("three positions per well", []),
        ("every second position", []),
        ("Positionen 1,4,7", ["numbers 1 4 7"]),
        ("Positionen 1 bis 3", ["numbers 1 2 3"]),
        ("P1 bis P3 alle 5 Minuten", ["names P1 P2 P3"]),
        ("die ersten drei Positionen", ["first 3"]),
        ("alle Positionen außer 2 und 3", ["all -2 -3"]),
        ("meine sechs Positionen", ["count 6 mine"]),
        ("toutes les positions sauf la 2", ["all -2"]),
        ("les trois premières positions", ["first 3"]),
        ("mes six positions", ["count 6 mine"]),
        ("tutte le posizioni tranne la 2 e la 3 ogni ora", ["all -2 -3"]),
        ("le prime tre posizioni", ["first 3"]),
        ("posizioni da 1 a 3 ogni ora", ["numbers 1 2 3"]),
        ("tutte e sei le posizioni", ["all 6"]),
        ("tutte le posizioni una volta", ["all"]),
        ("todas las posiciones menos la 4", ["all -4"]),
        ("las tres primeras posiciones", ["first 3"]),
        ("posiciones 2 y 5", ["numbers 2 5"]),
    ],
)
def test_positions(text: str, expected: list[str]) -> None:
    found = numbered(text)
    assert [short(mention) for mention in found] == expected
    end = 0
    for mention in found:
        assert end <= mention.span.start < mention.span.end <= len(text)
        end = mention.span.end


def test_names_that_are_known_are_read_as_they_are() -> None:
    (mention,) = numbered(
        "image embryo left and embryo right", None, ("Embryo left", "Embryo right")
    )
    assert mention.names == ("Embryo left", "Embryo right")
