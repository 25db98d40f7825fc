"""Words of a taught target: which questions ask for it, and how it is asked for in training."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policies.mllm.bricks.questions import TEMPLATES, normalised

if TYPE_CHECKING:
    from numpy.random import Generator


def asks_for(question: str, target: str) -> bool:
    """Whether a question contains the target's words, in singular or plural."""
    words = normalised(target)
    stem = words[:-1] if words.endswith("s") and len(words) > 3 else words
    return re.search(rf"(?<!\w){re.escape(stem)}(s|es)?(?!\w)", normalised(question)) is not None


def phrasing(target: str, rng: Generator) -> str:
    """One of many ways to ask for a target."""
    words = normalised(target)
    if not words.endswith("s"):
        words = str(rng.choice([words, f"a {words}", f"{words}s"]))
    return normalised(str(rng.choice(TEMPLATES)).format(words))


def with_neighbours(question: str, yes: int, count: int) -> str:
    """A question with the labels of the nearest examples in front."""
    return f"near examples {yes} yes {count - yes} no. {question}"
