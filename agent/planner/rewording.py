"""One edit of a text by a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Edit: TypeAlias = "tuple[int, int, str]"  # start and end in a text, the words that take its place


def first(
    pattern: re.Pattern[str], text: str, to: Callable[[re.Match[str]], str | None]
) -> Edit | None:
    """The first edit that a pattern gives; `to` makes the new words of a match, None for none."""
    for match in pattern.finditer(text):
        words = to(match)
        if words is not None and words != match.group():
            return match.start(), match.end(), words
    return None
