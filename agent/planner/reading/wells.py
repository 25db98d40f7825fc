"""Wells in words: "A1-A6 and B3", "rows A and B", "everything but C3", "the whole plate"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.fold import fold
from agent.planner.reading.lists import joints
from agent.planner.reading.tables import language_of
from agent.planner.reading.well_pieces import (
    HINT,
    Piece,
    WellWords,
    intersections,
    pieces_of,
    well_words,
)
from agent.planner.reading.wellset import Block, Wells

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.kinds import Span

_LITTLE = re.compile(
    r"\s*(?:,\s*)?(?:for\s+|the\s+|die\s+|der\s+|den\s+|les\s+|la\s+|le\s+|los?\s+|las\s+|el\s+|il\s+|i\s+)?"
)
_ALL_BEFORE = re.compile(r"\b(?:all|alle|tous|tout|tutti|todos|everything)\b")
_UNCLEAR = re.compile(
    r"(?<!\w)(?:(?:outer|inner|edge|border|corner|control|treated|untreated|empty|middle|central"
    r"|random|remaining|other|some|most|few|several|half(?: of)?(?: the)?"
    r"|every (?:other|second|third))(?: ring of)? (?:wells?|rows?|columns?|plate)"
    r"|(?:au(?:ss|ß)eren|inneren|rand) ?-?(?:wells|vertiefungen|napfe\w*)"
    r"|jedes (?:zweite|dritte) (?:well|napfchen)|puits (?:exterieurs|interieurs|de bord)"
    r"|un puits sur (?:deux|trois)|pozzetti (?:esterni|interni)|pocillos (?:exteriores|interiores)"
    r"|(?:upper|lower|left|right|top|bottom) half(?: of the plate)?|checker ?board)(?!\w)"
)


@lru_cache(maxsize=64)
def wells(text: str, language: str | None = None) -> Wells | None:
    """The wells that a text speaks of, all its mentions together; None where it names none."""
    f = fold(text)
    language = language or language_of(f.low)
    p, j = well_words(language), joints(language)
    pieces = intersections(f, pieces_of(f, p, j, language))
    included: list[Block] = []
    excluded: list[Block] = []
    spans: list[Span] = []
    unclear = [f.span(m.start(), m.end()) for m in _UNCLEAR.finditer(f.low)]
    last_out, last_end = False, -1
    for i, piece in enumerate(pieces):
        word = _except_before(f, piece.start, p)
        chained = last_out and j.also.fullmatch(f.low, last_end, piece.start) is not None
        out = word is not None or chained
        plate_before = HINT.search(f.low[max(0, piece.start - 12) : piece.start])
        sure = piece.sure or plate_before is not None
        if piece.everything and not sure and not _exception_follows(f, pieces, i, p):
            continue
        if piece.everything and _open_exception(f, pieces, i, p):
            unclear.append(f.span(piece.start, piece.end))
        (excluded if out else included).extend(piece.blocks)
        spans.append(f.span(piece.start if word is None else max(word, last_end), piece.end))
        last_out, last_end = out, piece.end
    if excluded and not included and _ALL_BEFORE.search(_around(f, spans[0])):
        included.append(Block())
    if not spans and not unclear:
        return None
    if not spans and not HINT.search(f.low):
        return None
    return Wells(tuple(included), tuple(excluded), tuple(spans), tuple(unclear))


def _around(f: Folded, span: Span) -> str:
    """The words of an exception and the one before."""
    at = f.at.index(span.start)
    return f.low[max(0, at - 9) : f.at.index(span.end - 1)]


def _except_before(f: Folded, at: int, p: WellWords) -> int | None:
    """Where the "except" right before a place begins."""
    for match in p.except_.finditer(f.low, max(0, at - 40), at):
        gap = _LITTLE.match(f.low, match.end())
        if match.end() == at or (gap and gap.end() == at) or not f.low[match.end() : at].strip():
            return match.start()
    return None


def _exception_follows(f: Folded, pieces: list[Piece], i: int, p: WellWords) -> bool:
    after = pieces[i + 1] if i + 1 < len(pieces) else None
    if after is None:
        return False
    word = _except_before(f, after.start, p)
    return word is not None and not f.low[pieces[i].end : word].strip(" ,")


def _open_exception(f: Folded, pieces: list[Piece], i: int, p: WellWords) -> bool:
    """Whether "all wells except ..." goes on with no certain wells."""
    gap = re.compile(r"[\s,]*").match(f.low, pieces[i].end)
    match = p.except_.match(f.low, gap.end() if gap else pieces[i].end)
    return bool(match) and not _exception_follows(f, pieces, i, p)
