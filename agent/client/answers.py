"""`--answer SLOT=WORDS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Sequence


def answers_of(given: Sequence[str]) -> dict[str, str]:
    """As a dictionary. Raises ConfigError."""
    answers = {}
    for one in given:
        slot, equals, words = one.partition("=")
        if not equals or not slot.strip() or not words.strip():
            raise config_error(f"--answer {one}", "is not SLOT=WORDS", "write duration_s='12 h'")
        answers[slot.strip()] = words.strip()
    return answers
