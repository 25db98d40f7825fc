"""Wells in words: "A1-A6 and B3", "rows A and B", "everything but C3", "the whole plate"."""

from __future__ import annotations

import re
from dataclasses import replace
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
    from agent.planner.reading.lists import Joints

_LITTLE = re.compile(
    r"\s*(?:,\s*)?(?:for\s+|all\s+|any\s+|the\s+|of\s+|in\s+|die\s+|der\s+|den\s+|dem\s+|alle\s+"
    r"|les\s+|la\s+|le\s+"
    r"|los?\s+|las\s+|el\s+|il\s+|i\s+|gli\s+){0,3}(?:[^\W\d_]+\s+){0,3}?(?:\(\s*)?"
)
_ALL_BEFORE = re.compile(r"\b(?:all|alle|tous|tout|tutti|todos|everything)\b")
_UNCLEAR = re.compile(
    r"(?<!\w)(?:(?:control|treated|untreated|empty|middle|central"
    r"|random|remaining|other|some|most|few|several|half(?: of)?(?: the)?"
    r"|every (?:other|second|third))(?: ring of)? (?:wells?|rows?|columns?"
    r"|plate)(?!,? *[:(]? *[a-p][0-9])"
    r"|jedes (?:zweite|dritte) (?:well|napfchen)"
    r"|un puits sur (?:deux|trois)"
    r"|(?:upper|lower|left|right|top|bottom) half(?: of the plate)?|checker ?board)(?!\w)"
)


_EXPLAINED = re.compile(r"\s*\(\s*(?:i\.?e\.?|also|nämlich|d\.?h\.?)?\s*")  # "the corners (A1, D6)"
_SORRY = re.compile(
    r"(?:sorry|wait|no|mean|rather|make (?:that|it)|actually|typo|nein|quatsch|besser|pardon|non"
    r"|plutot"
    r"|scusa|anzi|perdon|mejor dicho|correction)[\s,.:-]*(?:typo[\s,.:-]*)?$"
)
GONE = re.compile(  # "A4 and C1 are empty", "C4 auslassen"
    r"\s*[,)]?\s*(?:please |bitte )?(?:"
    r"(?:is|are|was|were|being|sind|ist|war|waren|sont|est|sono|e|esta[n]?) (?:all |both |alle "
    r"|beide )?"
    r"(?:empty|dead|dry|contaminated|blanks?|bad|broken|unused|useless|leer|tot|kaputt"
    r"|kontaminiert|vides?"
    r"|vuot[io]|vaci[oa]s?|mort[si]?|contamine?[sei]?|not (?:to be )?(?:needed|imaged|used|filled"
    r"|seeded)"
    r"|(?:to be )?(?:left out|skipped|omitted|excluded|ignored))"
    r"|(?:aus|weg)(?:ge)?lassen|uberspringen|left out|excluded|skipped|omitted)(?!\w)"
)


@lru_cache(maxsize=64)
def wells(text: str, language: str | None = None) -> Wells | None:
    """The wells that a text speaks of, all its mentions together; None where it names none."""
    f = fold(text)
    language = language or language_of(f.low)
    p, j = well_words(language), joints(language)
    pieces = intersections(f, pieces_of(f, p, j, language))
    included: list[Piece] = []
    excluded: list[Block] = []
    spans: list[Span] = []
    unclear = [f.span(m.start(), m.end()) for m in _UNCLEAR.finditer(f.low)]
    last_out, last_end = False, -1
    for i, piece in enumerate(pieces):
        word = _except_before(f, piece.start, p)
        gap = f.low[last_end : piece.start] if last_end >= 0 else ""
        chained = last_out and (j.also.fullmatch(gap) or _EXPLAINED.fullmatch(gap)) is not None
        out = word is not None or chained or GONE.match(f.low, piece.end) is not None
        plate_before = HINT.search(f.low[max(0, piece.start - 12) : piece.start])
        sure = piece.sure or plate_before is not None
        if piece.everything and not sure and not _exception_follows(f, pieces, i, p):
            continue
        if piece.everything and _open_exception(f, pieces, i, p):
            unclear.append(f.span(piece.start, piece.end))
        if out:
            excluded.extend(piece.blocks)
        elif piece.inner:
            included.append(replace(piece, blocks=(Block(),)))
            excluded.extend(piece.blocks)
        else:
            if _SORRY.search(gap[-30:]):
                included = [one for one in included if one.axis != piece.axis]
            included.append(piece)
        spans.append(f.span(piece.start if word is None else max(word, last_end), piece.end))
        last_out, last_end = out, piece.end
    blocks = _crossed(f, included, j)
    around = bool(spans) and _ALL_BEFORE.search(_around(f, spans[0]))
    if excluded and not blocks and (around or any(p.edge for p in pieces)):
        blocks.append(Block())
    if not spans and not unclear:
        return None
    if not spans and not HINT.search(f.low):
        return None
    return Wells(tuple(blocks), tuple(excluded), tuple(spans), tuple(unclear))


def _crossed(f: Folded, pieces: list[Piece], j: Joints) -> list[Block]:
    """ "Rows C and F of the plate, columns 4 to 9": what is in both, unless an "and" joins them."""
    out: list[Block] = []
    done: set[int] = set()
    for n, one in enumerate(pieces):
        if n in done:
            continue
        other = pieces[n + 1] if n + 1 < len(pieces) else None
        if (
            other is not None
            and {one.axis, other.axis} == {"rows", "columns"}
            and not j.also.fullmatch(f.low, one.end, other.start)
            and not re.search(r"[.;!?\n]", f.low[one.end : other.start])
        ):
            both = (one.blocks[0], other.blocks[0])
            rows = next(b.rows for b in both if b.rows is not None)
            columns = next(b.columns for b in both if b.columns is not None)
            out.append(Block(rows, columns))
            done.add(n + 1)
        else:
            out.extend(one.blocks)
    whole = [b for b in out if b == Block()]
    return out if not whole or len(whole) == len(out) else [b for b in out if b != Block()]


def _around(f: Folded, span: Span) -> str:
    """The words of an exception and the one before."""
    at = f.at.index(span.start)
    return f.low[max(0, at - 9) : f.at.index(span.end - 1)]


def _except_before(f: Folded, at: int, p: WellWords) -> int | None:
    """Where the "except" right before a place begins."""
    for match in p.except_.finditer(f.low, max(0, at - 40), at):
        gap = _LITTLE.fullmatch(f.low, match.end(), at)
        if (
            match.end() == at
            or (gap and _plain_gap(gap.group()))
            or not f.low[match.end() : at].strip()
        ):
            return match.start()
    return None


def _plain_gap(gap: str) -> bool:
    """ "Außer den vier Ecken (A1 ...": words may stand between only where brackets explain them."""
    return gap.rstrip().endswith("(") or len(_WORDS.findall(gap)) == 0


_WORDS = re.compile(
    r"(?<!\w)(?!(?:for|all|any|the|of|in|die|der|den|dem|alle|les|la|le|los?|las|el|il|i"
    r"|gli)(?!\w))[^\W\d_]+"
)


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
