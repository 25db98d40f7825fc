"""How probable "yes" was, from the log-probabilities of the tokens of a filled-in form."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from policies.remote.labels import MIN_MASS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_VALUE = re.compile(r'"target_present"\s*:\s*"')


def p_yes(tokens: Sequence[Any]) -> float | None:
    """P(yes) / (P(yes) + P(no)) where the value of ``target_present`` begins; None: not known.

    `tokens` are the reply's in order, as OpenAI's API gives them: ``token``, ``logprob`` and
    ``top_logprobs`` (the same of the likeliest alternatives). Anything else gives None, and so do
    alternatives among which neither word is likely.
    """
    try:
        found = _first_of_value(tokens)
        if found is None:
            return None
        token, before = found
        weights = {"yes": 0.0, "no": 0.0}
        for text, log_prob in _alternatives(token):
            rest = text.removeprefix(before) if text.startswith(before) else ""
            for word in weights:
                if rest and (word.startswith(rest) or rest.startswith(word)):
                    weights[word] += math.exp(log_prob)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None
    total = sum(weights.values())
    return weights["yes"] / total if MIN_MASS <= total <= 1.01 else None


def _first_of_value(tokens: Sequence[Any]) -> tuple[Any, str] | None:
    """The token in which the value begins, and what of it comes before the value."""
    key = _VALUE.search("".join(str(token["token"]) for token in tokens))
    if key is None:
        return None
    start = 0
    for token in tokens:
        text = str(token["token"])
        if start <= key.end() < start + len(text):
            return token, text[: key.end() - start]
        start += len(text)
    return None


def _alternatives(token: Any) -> Iterator[tuple[str, float]]:
    """Every different text and its log-probability."""
    listed = [token, *(token.get("top_logprobs") or ())]
    yield from {str(item["token"]): float(item["logprob"]) for item in listed}.items()
