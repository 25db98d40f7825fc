"""Which marked position is meant by a name or a number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def named(name: str, known: Sequence[str]) -> str:
    """ "Pos1" and "P01" are P1, where nothing has that very name."""
    match = re.fullmatch(r"(?:pos|p|xy|site|fov)[_-]?0*(\d+)", name, re.I)
    if name in known or match is None:
        return name
    other = numbered_as(int(match[1]), known)
    return other if other in known and int(match[1]) > 0 else name


def numbered_as(number: int, known: Sequence[str]) -> str:
    """Position 3: the one with that number in its name, else the third."""
    for name in known:
        digits = "".join(ch for ch in name if ch.isdigit())
        if digits and int(digits) == number:
            return name
    return known[number - 1] if 1 <= number <= len(known) else f"P{number}"
