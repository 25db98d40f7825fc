"""How the watch policy says things: one line each, in a biologist's words, with the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.watch_memory import Look


def duration(seconds: float) -> str:
    """A time span as a person would say it: "40 s", "12 min", "1.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def numbers(looks: Sequence[Look]) -> str:
    """Probabilities of some looks, oldest first: "p 0.81, 0.77"."""
    return "p " + ", ".join(f"{look.p:.2f}" for look in looks)


def fields(count: int) -> str:
    """A number of fields in words: "1 field", "4 fields"."""
    return "1 field" if count == 1 else f"{count} fields"
