"""Markdown and plain text: paragraphs, with the headings above them and the line they begin at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.memory.blocks import Block, Extracted, as_title

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_UNDERLINE = re.compile(r"(=+|-+)\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")


def read_plain(text: str, *, markdown: bool) -> Extracted:
    """The text itself, in blocks parted by empty lines; in Markdown headings too."""
    headings: list[tuple[int, str]] = []
    blocks: list[Block] = []
    begun: tuple[int, int] | None = None  # place and line of the open block
    end = 0
    fenced = False

    def close() -> None:
        nonlocal begun
        if begun is not None:
            path = tuple(heading for _, heading in headings)
            blocks.append(Block(begun[0], end, f"line {begun[1]}", path))
        begun = None

    for number, at, line, following in _lines(text):
        if markdown and _FENCE.match(line):
            fenced = not fenced
        found = None if fenced or not markdown else _heading(line, following)
        if found is not None:
            close()
            level, heading = found
            headings[:] = [(above, name) for above, name in headings if above < level]
            headings.append((level, heading))
        elif not line.strip() and not fenced:
            close()
        elif not (markdown and begun is None and _UNDERLINE.match(line)):  # the line below it
            begun = begun or (at, number)
            end = at + len(line.rstrip())
    close()
    first = next((b.headings[0] for b in blocks if b.headings), None) if markdown else None
    return Extracted(as_title(first or _first_line(text)), text, tuple(blocks))


def _heading(line: str, following: str) -> tuple[int, str] | None:
    if match := _HEADING.match(line):
        return len(match[1]), match[2]
    if line.strip() and (under := _UNDERLINE.match(following)) and len(under[1]) >= 3:
        return (1 if under[1][0] == "=" else 2), line.strip()
    return None


def _lines(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Number from 1, offset, the line, and the line after it."""
    lines = text.split("\n")
    at = 0
    for number, line in enumerate(lines, start=1):
        yield number, at, line, lines[number] if number < len(lines) else ""
        at += len(line) + 1


def _first_line(text: str) -> str:
    return next((line.strip("#*=- \t") for line in text.splitlines() if line.strip()), "")
