"""The pieces of what is said of wells: single ones, rectangles, rows, columns, all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from agent.planner.reading.lists import Listed, read_list
from agent.planner.reading.numbers import number_at
from agent.planner.reading.tables import alternatives, words
from agent.planner.reading.units import unit_at
from agent.planner.reading.wellset import Block, row_number

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.lists import Joints

_WELL = re.compile(
    r"([A-Ha-h])(0?[1-9]|1[0-9]|2[0-4])(?![\w]|[.,][0-9])(?!\s?-?\s?(?:phase|arrest))"
)
_FAR_WELL = re.compile(r"([I-O])(0?[1-9]|[1-4][0-9])(?!\w|[.,][0-9])")  # of a large plate
_ANY_WELL = re.compile(r"(?![Cc][Yy][2357])([A-Za-z]{1,2})([0-9]{1,3})(?![\w]|[.,][0-9])")
_ROW = re.compile(r"([A-Z]{1,2}|[a-p])(?![\w'])")
_COLUMN = re.compile(
    r"([0-9]{1,3})(?![\w]|[.,:][0-9])(?!\s?-?\s?(?:well|loch|napf|puits|pozzett|pocillo|er[- ]))"
)
_CYCLE = re.compile(r"[gG][0-2]$")  # of a cell
HINT = re.compile(r"plate|well|platte|plaque|puits|piastra|pozzett|placa|pocillo|pozo|napf")
_WITHIN = re.compile(
    r"\s*(?:,|of|in|from|von|der|de|des|di|delle|della|de la|de las|x)?\s*(?:the\s+|la\s+|las\s+)?"
)
_OF = re.compile(
    r"\s*(?:of|in|from|von|aus|der|de|des|dans|di|delle|della|nelle|nella|en)?\s*"
    r"(?:the\s+|den\s+|der\s+|la\s+|las\s+|les\s+|le\s+|las\s+)?"
)


_FROM = r"\s*:?\s*(?:(?:from|von|da|dalla|dal|de la|de|du|numbers?|nr\.?|no\.?)\s+)?"


@dataclass(frozen=True)
class WellWords:
    """Patterns of wells in one language and English."""

    wells: re.Pattern[str]
    rows: re.Pattern[str]
    columns: re.Pattern[str]
    everything: re.Pattern[str]
    except_: re.Pattern[str]
    first: re.Pattern[str]
    last: re.Pattern[str]
    any: re.Pattern[str]  # what a piece can begin with


@dataclass(frozen=True, slots=True)
class Piece:
    """A block with its place in the folded text."""

    start: int
    end: int
    blocks: tuple[Block, ...]
    everything: bool = False
    sure: bool = True  # names wells or the plate; "everything" alone does not
    axis: str = ""  # rows, columns
    edge: bool = False  # the wells of the rim
    inner: bool = False  # all but the wells of the rim, which are its blocks


@lru_cache(maxsize=8)
def well_words(language: str) -> WellWords:
    """The patterns of a language."""
    table = words(language)

    def one(*path: str, after: str = "") -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){alternatives(table.listed(*path))}{after}")

    begin = (
        one("wells", "wells", after=r"\s*:?\s*(?=\S)"),
        one("wells", "rows", after=_FROM),
        one("wells", "columns", after=_FROM),
        one("wells", "all"),
        one("numbered", "first"),
        one("numbered", "last"),
    )
    any_ = "|".join(
        [r"[a-o][0-9]", r"[a-p]\s*(?:-|to|bis)\s*[a-p]\W", *(phrase.pattern for phrase in begin)]
    )
    except_ = re.compile(rf"(?<!\w){alternatives(table.listed('wells', 'except'))}")
    return WellWords(*begin[:4], except_, *begin[4:], re.compile(any_))


def pieces_of(f: Folded, p: WellWords, j: Joints, language: str) -> list[Piece]:
    """All pieces of a text, in order."""
    out: list[Piece] = []
    end = 0
    for match in re.finditer(r"(?<![\w-])\w+", f.low):
        at = match.start()
        if at < end:
            continue
        rim = _rim(f, at)
        if rim is not None:
            out.append(rim)
            end = rim.end
            continue
        if not p.any.match(f.low, at):
            continue
        piece = (
            _letters(f, at)
            or _everything(f, at, p)
            or _axis(f, at, p, j, language)
            or _named(f, at, p, j)
        )
        if piece and piece.end > end:
            out.append(piece)
            end = piece.end
    return out


RIM = (Block(rows=(1, -1)), Block(columns=(1, -1)))
CORNERS = (Block(rows=(1, -1), columns=(1, -1)),)
_RIM = re.compile(
    r"(?P<edge>(?:outer(?:most)?|edge|border|rim|perimeter"
    r"|peripheral)(?: ring)?(?: of)?(?: the)? wells"
    r"|(?:outer|outermost) (?:ring|rows and columns)|(?:plate )?(?:edges|rim"
    r"|perimeter)(?= of the plate)"
    r"|(?:au(?:ss|ß)eren|rand)[ -]?(?:wells|vertiefungen|napfe\w*)|randwells|au(?:ss|ß)enrand"
    r"|puits (?:exterieurs|de bord|du bord|peripheriques)|pozzetti (?:esterni|del bordo|di bordo)"
    r"|pocillos (?:exteriores|del borde|de borde|perifericos))"
    r"|(?P<inner>(?:inner|interior)(?: \d+)? wells|inneren (?:\d+ )?(?:wells|napfe\w*|vertiefungen)"
    r"|puits (?:interieurs|centraux)|pozzetti interni|pocillos interiores)"
    r"|(?P<corner>(?:four )?corner wells|(?:four )?corners(?: of the plate)?|(?:vier )?eck(?:en"
    r"|wells)"
    r"|(?:quatre )?coins|(?:quattro )?angoli|(?:cuatro )?esquinas)"
)


def _rim(f: Folded, at: int) -> Piece | None:
    """Edge wells, inner wells, the corners."""
    match = _RIM.match(f.low, at)
    if match is None or f.low[match.end() : match.end() + 1].isalnum():
        return None
    if match["corner"]:
        return Piece(at, match.end(), CORNERS, edge=True) if HINT.search(f.low) else None
    return Piece(at, match.end(), RIM, edge=True, inner=match["inner"] is not None)


_LETTERS = re.compile(
    r"([A-P])\s*(?:-|to|bis|à|a)\s*([A-P])\s*,?\s*(\d{1,2})\s*(?:-|to|bis)\s*(\d{1,2})(?!\w)"
)


def _letters(f: Folded, at: int) -> Piece | None:
    """A-D 2-5: rows and columns without these words."""
    match = _LETTERS.match(f.cased, at) if HINT.search(f.low) else None
    if match is None or _unit_after(f, match.end()):
        return None
    rows = tuple(range(row_number(match[1]), row_number(match[2]) + 1))
    columns = tuple(range(int(match[3]), int(match[4]) + 1))
    return Piece(at, match.end(), (Block(rows, columns),)) if rows and columns else None


def _everything(f: Folded, at: int, p: WellWords) -> Piece | None:
    match = p.everything.match(f.low, at)
    if not match:
        return None
    sure = bool(HINT.search(match.group())) or any(c.isdigit() for c in match.group())
    return Piece(at, match.end(), (Block(),), everything=True, sure=sure)


def _named(f: Folded, at: int, p: WellWords, j: Joints) -> Piece | None:
    word = p.wells.match(f.low, at)
    hint = HINT.search(f.low) is not None
    start = word.end() if word else at

    def read(place: int, later: bool) -> tuple[tuple[int, int], int] | None:
        loose = later or word is not None
        match = (_ANY_WELL if loose else _WELL).match(f.cased, place)
        if match is None and hint:
            match = _FAR_WELL.match(f.cased, place)
        if match and later and word is None and (match[1] in "PpZz" or len(match[2]) > 2):
            return None
        if match:
            return (row_number(match[1]), int(match[2])), match.end()
        column = _COLUMN.match(f.low, place) if later else None  # A1-6
        if column and f.low[place - 1] in "-–" and not _unit_after(f, column.end()):
            return (0, int(column[1])), column.end()
        return None

    found = read_list(f.low, start, j, read)
    if found is None:
        return None
    said = f.cased[start : found.end]
    if word is None and len(found.items) == 1 and _CYCLE.match(said):
        return None
    if any(low == (0, n) for low, _ in found.items for n in [low[1]]):
        return None
    blocks = tuple(_rectangle(low, high) for low, high in found.items)
    return Piece(at, found.end, blocks)


def _rectangle(low: tuple[int, int], high: tuple[int, int] | None) -> Block:
    if high is None:
        return Block((low[0],), (low[1],))
    if high[0] == 0:
        high = (low[0], high[1])
    rows = tuple(range(min(low[0], high[0]), max(low[0], high[0]) + 1))
    columns = tuple(range(min(low[1], high[1]), max(low[1], high[1]) + 1))
    return Block(rows, columns)


def _axis(f: Folded, at: int, p: WellWords, j: Joints, language: str) -> Piece | None:
    """Rows A and B, columns 1-3, the first two rows, the last column."""
    row = p.rows.match(f.low, at)
    if (row or p.columns.match(f.low, at)) and _counted(f, at, language):
        return None  # 5 rows and 2 columns
    if row:
        found = read_list(f.low, row.end(), j, lambda place, later: _row_at(f, place, later, j))
        if found:
            return Piece(at, found.end, (Block(rows=_numbers(found)),), axis="rows")
        if HINT.search(f.low):
            digits = read_list(f.low, row.end(), j, lambda place, _: _column_at(f, place, language))
            if digits:
                return Piece(at, digits.end, (Block(rows=_numbers(digits)),), axis="rows")
    column = p.columns.match(f.low, at)
    if column:
        found = read_list(f.low, column.end(), j, lambda place, _: _column_at(f, place, language))
        if found:
            return Piece(at, found.end, (Block(columns=_numbers(found)),), axis="columns")
    return _first_or_last(f, at, p, language)


def _counted(f: Folded, at: int, language: str) -> bool:
    word = re.search(r"(\w+)\s+$", f.low[max(0, at - 16) : at])
    if not word:
        return False
    number = number_at(f.low, at - len(word.group()), words(language))
    return number is not None and number.end == at - len(word.group()) + len(word[1])


def _first_or_last(f: Folded, at: int, p: WellWords, language: str) -> Piece | None:
    head, sign = p.first.match(f.low, at), 1
    if not head:
        head, sign = p.last.match(f.low, at), -1
    if not head:
        return None
    gap = len(f.low) - len(f.low[head.end() :].lstrip())
    number = number_at(f.low, gap, words(language))
    count = int(number.value) if number and number.value in range(1, 49) else 1
    start = number.end if number else head.end()
    start += len(f.low[start:]) - len(f.low[start:].lstrip())
    row, column = p.rows.match(f.low, start), p.columns.match(f.low, start)
    which = tuple(range(1, count + 1)) if sign > 0 else tuple(range(-count, 0))
    if row:
        end = start + len(row.group().rstrip())
        return Piece(at, end, (Block(rows=which),), axis="rows")
    if column:
        end = start + len(column.group().rstrip())
        return Piece(at, end, (Block(columns=which),), axis="columns")
    return None


def _row_at(f: Folded, at: int, later: bool, j: Joints) -> tuple[int, int] | None:
    match = _ROW.match(f.cased, at)
    if not match:
        return None
    small = match[1].islower()
    if small and match[1] in "aeoy" and (later or re.match(r"\s+\w", f.low[match.end() :])):
        follows = j.also.match(f.low, match.end()) or j.to.match(f.low, match.end())
        if later or match[1] != "a" or not follows:
            return None  # righe e colonne
    return row_number(match[1]), match.end()


def _column_at(f: Folded, at: int, language: str) -> tuple[int, int] | None:
    match = _COLUMN.match(f.low, at)
    if match:
        return None if _unit_after(f, match.end()) else (int(match[1]), match.end())
    number = number_at(f.low, at, words(language))
    if number and number.spelled and number.value in range(1, 49):
        return None if _unit_after(f, number.end) else (int(number.value), number.end)
    return None


def _unit_after(f: Folded, at: int) -> bool:
    start = at + (f.low[at : at + 1] in (" ", "-"))
    return unit_at(f.low, f.cased, start) is not None


def _numbers(found: Listed[int]) -> tuple[int, ...]:
    out: list[int] = []
    for low, high in found.items:
        out += range(min(low, high), max(low, high) + 1) if high is not None else [low]
    return tuple(dict.fromkeys(out))


def intersections(f: Folded, pieces: list[Piece]) -> list[Piece]:
    """Row A, columns 1-6: the wells that are in both."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last and last.everything and _OF.fullmatch(f.low, last.end, piece.start):
            out[-1] = replace(piece, start=last.start)  # every well of row A
            continue
        if (
            last
            and {last.axis, piece.axis} == {"rows", "columns"}
            and _WITHIN.fullmatch(f.low, last.end, piece.start)
        ):
            both = (last.blocks[0], piece.blocks[0])
            rows = next(b.rows for b in both if b.rows is not None)
            columns = next(b.columns for b in both if b.columns is not None)
            out[-1] = Piece(last.start, piece.end, (Block(rows, columns),))
        else:
            out.append(piece)
    return out
