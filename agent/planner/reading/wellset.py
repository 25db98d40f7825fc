"""Which wells of a plate are meant, before the plate is known: blocks of rows and columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.planner.reading.kinds import Span


@dataclass(frozen=True, slots=True)
class Block:
    """All wells that are in one of the rows and in one of the columns; None: in any.

    Rows and columns count from 1; -1 is the last one. Row 1 is A.
    """

    rows: tuple[int, ...] | None = None
    columns: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class NoSuchWells:
    """A refusal: wells that a plate does not have."""

    names: tuple[str, ...]
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Wells:
    """Wells as said.

    Attributes
    ----------
    included, excluded : blocks; `included` is empty where only exceptions are said.
    spans : the words.
    unclear : words about wells that say no certain ones ("the outer wells").
    """

    included: tuple[Block, ...]
    excluded: tuple[Block, ...]
    spans: tuple[Span, ...]
    unclear: tuple[Span, ...] = ()

    def on(self, rows: int, columns: int) -> tuple[str, ...] | NoSuchWells:
        """Names of the wells on a plate of so many rows and columns, row by row.

        A refusal where the plate lacks one of them, or where none is left.
        """
        size = f"{row_name(rows)}{columns}"
        missing = [
            name
            for block in (*self.included, *self.excluded)
            for name in _missing(block, rows, columns)
        ]
        if missing:
            return NoSuchWells(
                tuple(dict.fromkeys(missing)),
                f"the plate has no {', '.join(dict.fromkeys(missing))}; its wells are A1 to {size}",
                f"Name wells from A1 to {size}.",
            )
        wanted = {w for block in self.included for w in _wells(block, rows, columns)}
        wanted -= {w for block in self.excluded for w in _wells(block, rows, columns)}
        if not wanted:
            return NoSuchWells((), "no well is left", f"Name wells from A1 to {size}.")
        return tuple(f"{row_name(row)}{column}" for row, column in sorted(wanted))


def row_name(row: int) -> str:
    """A for 1, Z for 26, AA for 27; "?" for 0 and below."""
    if row < 1:
        return "?"
    head, tail = divmod(row - 1, 26)
    return (chr(64 + head) if head else "") + chr(65 + tail)


def row_number(name: str) -> int:
    """1 for A; 27 for AA."""
    number = 0
    for char in name.upper():
        number = number * 26 + ord(char) - 64
    return number


def _missing(block: Block, rows: int, columns: int) -> list[str]:
    bad_rows = [r for r in block.rows or () if r == 0 or r > rows or r < -rows]
    bad_columns = [c for c in block.columns or () if c == 0 or c > columns or c < -columns]
    if block.rows and block.columns:
        return [
            f"{row_name(r)}{c}"
            for r in block.rows
            for c in block.columns
            if r in bad_rows or c in bad_columns
        ]
    return [f"row {row_name(r)}" for r in bad_rows] + [f"column {c}" for c in bad_columns]


def _wells(block: Block, rows: int, columns: int) -> set[tuple[int, int]]:
    def places(said: tuple[int, ...] | None, number: int) -> list[int]:
        if said is None:
            return list(range(1, number + 1))
        return [n if n > 0 else number + 1 + n for n in said]

    return {
        (row, column)
        for row in places(block.rows, rows)
        for column in places(block.columns, columns)
    }
