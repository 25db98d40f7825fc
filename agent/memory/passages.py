"""Blocks into passages: short ones under the same heading together, long ones cut at sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.memory.blocks import Block
from agent.memory.data import Passage
from agent.memory.suspicious import suspicious

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.memory.blocks import Extracted

USUAL = 500  # characters; about 130 tokens, half of what the encoder sees
LONGEST = 900
_ENDS = (re.compile(r"\n"), re.compile(r"[.!?;]\s"), re.compile(r"\s"))


def passages(found: Extracted) -> tuple[Passage, ...]:
    """In the text's order. Each one's text is `found.text[start:end]`, exactly."""
    return tuple(_passage(found.text, block) for block in _merged(_cut(found)))


def _passage(text: str, block: Block) -> Passage:
    piece = text[block.start : block.end]
    heading = " > ".join(block.headings)
    last = block.headings[-1] if block.headings else ""
    place = ", ".join(part for part in (last, block.place) if part)
    return Passage(piece, block.start, block.end, place, heading, suspicious(f"{last}\n{piece}"))


def _cut(found: Extracted) -> Iterator[Block]:
    for block in found.blocks:
        start = block.start
        while block.end - start > LONGEST:
            cut = _where(found.text, start, start + LONGEST)
            yield Block(start, cut, block.place, block.headings)
            start = cut
            while start < block.end and found.text[start].isspace():
                start += 1
        if start < block.end:
            yield Block(start, block.end, block.place, block.headings)


def _where(text: str, start: int, end: int) -> int:
    """The last end of a line, sentence or word in the second half of the span; else its end."""
    for pattern in _ENDS:
        ends = [
            m.start() + (1 if m.group()[0] in ".!?;" else 0)
            for m in pattern.finditer(text, start + (end - start) // 2, end)
        ]
        if ends:
            return ends[-1]
    return end


def _merged(blocks: Iterator[Block]) -> Iterator[Block]:
    held: Block | None = None
    for block in blocks:
        if held is not None and _together(held, block):
            held = Block(held.start, block.end, held.place, held.headings)
            continue
        if held is not None:
            yield held
        held = block
    if held is not None:
        yield held


def _together(a: Block, b: Block) -> bool:
    page = a.place.startswith("page") and a.place != b.place
    return a.headings == b.headings and not page and b.end - a.start <= USUAL
