"""The phrases that a pattern stands for, spelled out: to know which words are no typing errors."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_parser: Any = re._parser  # type: ignore[attr-defined]
MOST = 400


def spelled(pattern: str) -> tuple[str, ...]:
    """At most 400 phrases; parts that stand for any character become a blank."""
    return tuple(islice(_sequence(_parser.parse(pattern)), MOST))


def _sequence(parsed: Any) -> Iterator[str]:
    parts = [list(islice(_part(str(name), value), MOST)) for name, value in parsed]
    return ("".join(chosen) for chosen in product(*parts))


def _part(name: str, value: Any) -> Iterator[str]:
    match name:
        case "LITERAL":
            yield chr(value)
        case "SUBPATTERN":
            yield from _sequence(value[3])
        case "BRANCH":
            for branch in value[1]:
                yield from _sequence(branch)
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, _, inner = value
            if low == 0:
                yield ""
            yield from _sequence(inner)
        case "IN":
            for kind, item in value:
                yield chr(item) if str(kind) == "LITERAL" else " "
        case "ASSERT" | "ASSERT_NOT" | "AT":
            yield ""
        case _:
            yield " "
