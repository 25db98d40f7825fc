"""Grids of images in words: "3x3 grid", "2 x 5 mosaic with 10 % overlap", "tile scan 4×4"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.fold import fold
from agent.planner.reading.kinds import Kind
from agent.planner.reading.numbers import number_at
from agent.planner.reading.quantity import quantities
from agent.planner.reading.tables import alternatives, language_of, words

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.kinds import Quantity, Span

REACH = 32  # characters between a pair and the word grid, or a share and the word overlap
_NOT_A_GRID = re.compile(r"bin(?:ning|ned)?\b|camera|kamera")
_STOP = re.compile(r"[.;!?](?=\s|$)|\n")
_NONE = re.compile(r"(?:no|without(?: any)?|zero|ohne|keine?n?|sans|aucun|senza|nessuna?|sin)\s+$")


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid as said: rows and columns, and the share of overlap (0..1), None if not said."""

    rows: int
    columns: int
    overlap: float | None
    span: Span
    overlap_span: Span | None = None


@dataclass(frozen=True)
class _Phrases:
    grids: re.Pattern[str]
    overlap: re.Pattern[str]
    rows: re.Pattern[str]
    columns: re.Pattern[str]


@lru_cache(maxsize=8)
def _phrases(language: str) -> _Phrases:
    table = words(language)

    def one(key: str) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){alternatives(table.listed('grids', key))}")

    return _Phrases(one("grids"), one("overlap"), one("rows"), one("columns"))


def grid(text: str, language: str | None = None) -> Grid | None:
    """The first grid of a text, None where it names none. A pair alone ("3x3") is none."""
    f = fold(text)
    language = language or language_of(f.low)
    p = _phrases(language)
    read = quantities(text, language=language)
    found = _pair(f, read, p) or _rows_and_columns(f, p, language)
    if found is None:
        return None
    rows, columns, start, end = found
    overlap = _overlap(f, read, p, start)
    return Grid(
        rows, columns, overlap[0] if overlap else None, f.span(start, end), overlap and overlap[1]
    )


def _pair(f: Folded, read: tuple[Quantity, ...], p: _Phrases) -> tuple[int, int, int, int] | None:
    for q in read:
        if q.kind is not Kind.PAIR or q.upper is None:
            continue
        start, end = f.at.index(q.span.start), f.at.index(q.span.end - 1) + 1
        before, after = _before(f.low, start), _after(f.low, end)
        if _NOT_A_GRID.search(before[-12:]) or _NOT_A_GRID.match(after.lstrip()):
            continue
        word = p.grids.search(after)
        if word:
            return int(q.value), int(q.upper), start, end + word.end()
        words_before = list(p.grids.finditer(before))
        if words_before:
            place = start - len(before) + words_before[-1].start()
            return int(q.value), int(q.upper), place, end
    return None


def _before(low: str, at: int) -> str:
    return _STOP.split(low[max(0, at - REACH) : at])[-1]


def _after(low: str, at: int) -> str:
    return re.split(r"[,.;!?]|\b(?:every|alle|toutes|ogni|cada)\b", low[at : at + REACH])[0]


def _rows_and_columns(f: Folded, p: _Phrases, language: str) -> tuple[int, int, int, int] | None:
    """A grid of 3 rows and 4 columns."""
    said: dict[str, tuple[int, int, int]] = {}
    for match in re.finditer(r"(?<![\w.,])\w+", f.low):
        number = number_at(f.low, match.start(), words(language))
        if not number or number.value not in range(1, 1000):
            continue
        start = number.end + (len(f.low[number.end :]) - len(f.low[number.end :].lstrip()))
        for name, phrase in (("rows", p.rows), ("columns", p.columns)):
            word = phrase.match(f.low, start)
            if word and name not in said:
                said[name] = int(number.value), match.start(), word.end()
    if len(said) < 2:
        return None
    rows, columns = said["rows"], said["columns"]
    start, end = min(rows[1], columns[1]), max(rows[2], columns[2])
    if end - start > 2 * REACH or not p.grids.search(f.low[max(0, start - REACH) : end + REACH]):
        return None
    return rows[0], columns[0], start, end


def _overlap(
    f: Folded, read: tuple[Quantity, ...], p: _Phrases, near: int
) -> tuple[float, Span] | None:
    """The share nearest to the word overlap; 0 for "no overlap"."""
    word = p.overlap.search(f.low)
    if not word:
        return None
    none = _NONE.search(f.low[max(0, word.start() - 16) : word.start()])
    if none:
        start = word.start() - len(none.group())
        return 0.0, f.span(start, word.end())
    shares = [
        (abs(f.at.index(q.span.start) - word.start()), q)
        for q in read
        if q.kind is Kind.PERCENT and abs(f.at.index(q.span.start) - word.start()) <= REACH
    ]
    if not shares:
        return None
    q = min(shares, key=lambda pair: pair[0])[1]
    return q.value, q.span
