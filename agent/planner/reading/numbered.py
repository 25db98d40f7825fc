"""Marked positions in words: "positions 1, 4 and 7", "P1 and P4", "all but position 2"."""

from __future__ import annotations

import re
from functools import lru_cache

from agent.planner.reading.fold import fold, folded
from agent.planner.reading.lists import joints
from agent.planner.reading.position_reader import Reader
from agent.planner.reading.position_words import Numbered, Said, position_words
from agent.planner.reading.tables import language_of
from agent.planner.reading.wells import wells

__all__ = ["Numbered", "Said", "numbered"]


@lru_cache(maxsize=64)
def numbered(
    text: str, language: str | None = None, known: tuple[str, ...] = ()
) -> tuple[Numbered, ...]:
    """All mentions of positions in a text, in order. `known`: names of the marked positions."""
    f = fold(text)
    language = language or language_of(f.low)
    reader = Reader(f, language, position_words(language), joints(language), _known(known))
    out: list[Numbered] = []
    end = 0
    plate = wells(text, language)
    taken = plate.spans if plate else ()
    for match in re.finditer(r"(?<![\w])\w+", f.low):
        at = match.start()
        if at < end or any(span.start <= f.at[at] < span.end for span in taken):
            continue
        found = reader.at(at) or reader.bare(at, out[-1] if out else None)
        if found is None:
            continue
        mention, end = found
        out.append(mention)
    return tuple(out)


def _known(names: tuple[str, ...]) -> dict[str, str]:
    return {folded(name).lower(): name for name in names}
