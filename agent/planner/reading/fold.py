"""A text in one spelling: no accents, plain quotes and dashes; every character knows its place."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from agent.planner.reading.kinds import Span

_SAME = {
    **dict.fromkeys("’‘`´′ʼ", "'"),
    **dict.fromkeys("″“”„", '"'),
    **dict.fromkeys("–—−‐‑⁻﹣", "-"),
    **dict.fromkeys("×✕✖", "x"),
    **dict.fromkeys("µμ", "u"),
    "⁄": "/",
    "ß": "ß",
    "º": "°",
    "ª": "ª",
    "½": "½",
    "¼": "¼",
    "¾": "¾",
    "…": ".",
}


@dataclass(frozen=True, slots=True)
class Folded:
    """`low`: small letters; `cased`: the same with their case; `at`: place of each in `text`."""

    text: str
    cased: str
    low: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """Characters of the original for characters of the folded text. Not for an empty one."""
        return Span(self.at[start], self.at[end - 1] + 1)

    def said(self, start: int, end: int) -> str:
        """The original words."""
        span = self.span(start, end)
        return self.text[span.start : span.end]


@lru_cache(maxsize=64)
def fold(text: str) -> Folded:
    """Fold a text; combining marks and invisible characters are left out."""
    if text.isascii() and text.isprintable():
        return Folded(text, text, text.lower(), tuple(range(len(text))))
    cased: list[str] = []
    places: list[int] = []
    for i, char in enumerate(text):
        one = fold_char(char)
        if one:
            cased.append(one)
            places.append(i)
    plain = "".join(cased)
    low = plain.lower()
    if len(low) != len(plain):  # a letter whose small form is two
        low = "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    return Folded(text, plain, low, tuple(places))


def fold_char(char: str) -> str:
    """One character in plain spelling, "" for one that is not seen."""
    if char < "\x80":
        return char
    if char in _SAME:
        return _SAME[char]
    if unicodedata.category(char) in ("Mn", "Cf", "Cc"):
        return ""
    wide = unicodedata.normalize("NFKC", char)
    if len(wide) == 1:
        char = wide
    base = unicodedata.normalize("NFD", char)[0]
    return _SAME.get(base, base)


def folded(words: str) -> str:
    """Words of a table as they look in a folded text."""
    return "".join(map(fold_char, words))
