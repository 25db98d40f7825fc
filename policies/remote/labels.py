"""How probable each word of a closed list is as a model's next one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MIN_MASS = 0.05  # below this share of all next words the model does not answer the question


def first_tokens(
    words: Iterable[str], encode: Callable[[str], Sequence[int]], unknown: int | None = None
) -> dict[str, tuple[int, ...]]:
    """Each word's first token ids over its spellings: Yes, yes, YES, with and without a space.

    `encode` gives the token ids of a text without special ones; `unknown` is the id that stands for
    words it does not have. Ids that two words share tell nothing and are left out. Raises
    ValueError where a word has none left.
    """
    found = {word: _starts(word, encode) for word in words}
    shared = {
        token
        for word, tokens in found.items()
        for token in tokens
        if token == unknown or any(token in found[other] for other in found if other != word)
    }
    own = {word: tuple(sorted(tokens - shared)) for word, tokens in found.items()}
    lost = [word for word, tokens in own.items() if not tokens]
    if lost:
        raise ValueError(f"the tokenizer cannot tell {', '.join(lost)} apart from other words")
    return own


def weigh(log_probs: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Log-probabilities of the words as shares of one another, and what all of them sum up to.

    The sum is over all that the model could have said; below MIN_MASS it answers something else.
    """
    top = max(log_probs.values())
    if not math.isfinite(top):
        return dict.fromkeys(log_probs, 1 / len(log_probs)), 0.0
    weights = {word: math.exp(value - top) for word, value in log_probs.items()}
    total = sum(weights.values())
    return {word: weight / total for word, weight in weights.items()}, total * math.exp(top)


def _starts(word: str, encode: Callable[[str], Sequence[int]]) -> set[int]:
    spellings = [
        space + form for space in ("", " ") for form in (word, word.capitalize(), word.upper())
    ]
    return {tokens[0] for spelling in spellings if (tokens := encode(spelling))}
