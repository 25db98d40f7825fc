"""The forward pass of all-MiniLM-L6-v2 in numpy: six layers of BERT, mean pooling, unit length.

Written out because the import of torch and transformers costs 4 s of processor time and 10 s on a
busy computer, against 0.5 s for this; the vectors are the same to 1e-6 (a test compares them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import erf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LAYERS, HEADS, WIDTH = 6, 12, 384
_EPSILON = np.float32(1e-12)
_HEAD = WIDTH // HEADS


class MiniLM:
    """`weights`: the tensors of model.safetensors by name (float32)."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self._weights = weights

    def __call__(self, ids: Sequence[int]) -> Array:
        """A vector (384,) of length 1 for one text's token ids, [CLS] and [SEP] included."""
        words, n = self._weights, len(ids)
        x = words["embeddings.word_embeddings.weight"][list(ids)]
        x = x + words["embeddings.position_embeddings.weight"][:n]
        x = self._norm(x + words["embeddings.token_type_embeddings.weight"][0], "embeddings")
        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            mixed = self._linear(self._attend(x, f"{at}.attention.self"), f"{at}.attention.output")
            x = self._norm(mixed + x, f"{at}.attention.output")
            wide = self._linear(x, f"{at}.intermediate")
            wide = wide * np.float32(0.5) * (1 + erf(wide * np.float32(0.5**0.5)))
            x = self._norm(self._linear(wide, f"{at}.output") + x, f"{at}.output")
        mean = x.mean(axis=0)
        unit: Array = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def _attend(self, x: Array, at: str) -> Array:
        query, key, value = (
            self._affine(x, f"{at}.{part}").reshape(len(x), HEADS, _HEAD).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) * np.float32(_HEAD**-0.5)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        share = scores / scores.sum(axis=-1, keepdims=True)
        out: Array = (share @ value).transpose(1, 0, 2).reshape(len(x), WIDTH)
        return out

    def _linear(self, x: Array, at: str) -> Array:
        return self._affine(x, f"{at}.dense")

    def _affine(self, x: Array, at: str) -> Array:
        out: Array = x @ self._weights[f"{at}.weight"].T + self._weights[f"{at}.bias"]
        return out

    def _norm(self, x: Array, at: str) -> Array:
        off = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt((off * off).mean(axis=-1, keepdims=True) + _EPSILON)
        weight, bias = (self._weights[f"{at}.LayerNorm.{part}"] for part in ("weight", "bias"))
        out: Array = off / spread * weight + bias
        return out
