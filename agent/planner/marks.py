"""What the words of an instruction are signs of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.lexicon import LANGUAGES, lexicon

if TYPE_CHECKING:
    from agent.planner.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` are a sign of `concept` (`target`: of which, in `name`)."""

    start: int
    end: int
    concept: str
    name: str = ""


def language_of(text: str) -> str:
    """The language whose small words are the most; English where none is ahead."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = lexicon("en").known
    counts = {"en": float(sum(word in lexicon("en").common for word in words))}
    for language in LANGUAGES[1:]:
        own = lexicon(language)
        small = sum(word in own.common for word in words)
        only = sum(word in own.known and word not in english for word in words)
        counts[language] = small + 0.5 * only if small else 0.0
    best = max(LANGUAGES, key=lambda language: counts[language])
    return best if counts[best] > counts["en"] else "en"


def marks(text: str, words: Lexicon) -> tuple[Mark, ...]:
    """All signs in a normal text, by place; signs of different concepts may overlap."""
    found = [
        Mark(match.start(), match.end(), concept)
        for concept, pattern in words.concepts.items()
        for match in pattern.finditer(text)
        if match.end() > match.start()
    ]
    found += [
        Mark(match.start(), match.end(), "target", name)
        for name, pattern in words.targets.items()
        for match in pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda mark: (mark.start, -mark.end)))
