"""What the rules for wordings of positions share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.place_words import NOUN, ORDINALS, SIGN
from agent.planner.position_names import named, numbered_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.planner.rewording import Edit


class PlaceRules:
    """Knows one microscope's positions; each rule gives one edit of a text, None for none."""

    def __init__(self, known: tuple[str, ...], language: str) -> None:
        self.known, self.language = known, language
        names = "|".join(re.escape(n) for n in sorted(known, key=len, reverse=True))
        short = (
            r"|p0?\d{1,2}|pos[_-]?\d{1,2}" if all(re.fullmatch(r"P\d+", n) for n in known) else ""
        )
        self.name = rf"(?<![\w.-])(?:{names}{short})(?![\w.]*\w)"
        self.item = rf"(?:{self.name}|(?<!\w){NOUN}\s*(?:{SIGN}\s*)?\d{{1,2}}(?![\w.:]*\w))"

    def _sub(
        self, pattern: str, text: str, to: Callable[[re.Match[str]], str | None]
    ) -> Edit | None:
        for match in re.finditer(pattern, text, re.I):
            words = to(match)
            if words is not None and words != match.group():
                return match.start(), match.end(), words
        return None

    def _index(self, words: str) -> int | None:
        digits = re.search(r"\d+\s*$", words)
        name = named(words.strip(), self.known)
        if name not in self.known and digits and re.match(NOUN, words.strip(), re.I):
            name = numbered_as(int(digits.group()), self.known)
        lower = [n.lower() for n in self.known]
        return lower.index(name.lower()) if name.lower() in lower else None

    def _ordinal(self, word: str) -> str | None:
        for number, pattern in ORDINALS.items():
            if re.fullmatch(pattern, word.strip(), re.I):
                if number == -1:
                    return self.known[-1]
                return numbered_as(number, self.known) if number <= len(self.known) else None
        return None
