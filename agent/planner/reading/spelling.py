"""Numbers 0 to 999 in words, from the small table of a language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def number_words(table: dict[str, Any]) -> Iterator[tuple[str, float, bool]]:
    """(words, value, whether the words mean "about that many").

    Later ones win over earlier ones.
    """
    below = dict(_below_hundred(table))
    yield from ((spelled, value, False) for spelled, value in below.items())
    for hundred, base in table["hundreds"].items():
        yield hundred, float(base), False
        for rest, value in below.items():
            if value:
                for joint in table["after_hundred"]:
                    spelled = joint.format(hundred=hundred, rest=rest)
                    yield spelled, float(base) + value, False
    for spelled, value in table["special"].items():
        yield spelled, float(value), False
    for spelled, value in table["approximate"].items():
        yield spelled, float(value), True


def _below_hundred(table: dict[str, Any]) -> Iterator[tuple[str, float]]:
    small = {word: float(value) for word, value in table["small"].items()}
    reach = {word: float(value) for word, value in table.get("reach", {}).items()}
    for tens, text in table["tens"].items():
        base = float(text)
        yield tens, base
        for unit, value in small.items():
            if not 1 <= value <= reach.get(tens, 9):
                continue
            for joint in table["joined"]:
                yield joint.format(tens=tens, unit=unit), base + value
                if table.get("elided") and unit[0] in "aeiou":  # Italian: trentuno
                    yield joint.format(tens=tens[:-1], unit=unit), base + value
    yield from small.items()
