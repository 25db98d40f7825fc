"""A document's text with its blocks: what every reader of a file kind gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_TITLE = 120


@dataclass(frozen=True, slots=True)
class Block:
    """Characters `start` to `end` of the text: a paragraph, list or table under one heading."""

    start: int
    end: int
    place: str  # "line 12", "page 2"
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of a file, and where its blocks are in it."""

    title: str
    text: str
    blocks: tuple[Block, ...]


def joined(title: str, pieces: Iterable[tuple[str, str, tuple[str, ...]]]) -> Extracted:
    """A text put together from (piece, place, headings), an empty line between two pieces."""
    texts: list[str] = []
    blocks: list[Block] = []
    at = 0
    for text, place, headings in pieces:
        blocks.append(Block(at, at + len(text), place, headings))
        texts.append(text)
        at += len(text) + 2
    return Extracted(as_title(title), "\n\n".join(texts), tuple(blocks))


def as_title(text: str) -> str:
    """One short line."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_TITLE else f"{flat[: LONGEST_TITLE - 3]}..."
