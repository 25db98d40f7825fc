"""Ready-made randomness in two dimensions: textures of the cell, and the noise of the camera."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sim.hashing import key_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

_TEXTURE = 512
_SLACK = 512  # offsets of a noise window


@cache
def _texture(correlation_px: float) -> Image:
    from scipy.ndimage import gaussian_filter

    rng = np.random.Generator(np.random.Philox(key_of(41, round(1000 * correlation_px))))
    smooth = gaussian_filter(
        rng.standard_normal((_TEXTURE, _TEXTURE), np.float32), correlation_px, mode="wrap"
    )
    return np.asarray(smooth / smooth.std(), np.float32)


def texture(key: int, size: int, correlation_px: float) -> Image:
    """Smooth Gaussian noise, (size, size), standard deviation 1; `size` at most 256.

    The middle is the same whatever the size.
    """
    at = key_of(key, 42)
    half = _TEXTURE // 4
    row, column = half + at % (2 * half), half + (at >> 20) % (2 * half)
    row, column = row - size // 2, column - size // 2
    return _texture(correlation_px)[row : row + size, column : column + size]


@lru_cache(2)
def _noise_field(height: int, width: int) -> Image:
    """The same for every bank of this size, so that a renderer per picture costs little."""
    rng = np.random.Generator(np.random.Philox(key_of(43)))
    field = rng.standard_normal((height, width), np.float32)
    field.flags.writeable = False
    return field


class NoiseBank:
    """Standard normal noise for whole frames: one big field, a window of it per frame."""

    def __init__(self, height: int, width: int) -> None:
        self._shape = (height, width)
        self._field = _noise_field(height + _SLACK, width + _SLACK)

    def window(self, *key: int) -> Image:
        """(height, width), chosen by the key; a view, do not write."""
        at = key_of(*key)
        row, column = at % _SLACK, (at >> 16) % _SLACK
        height, width = self._shape
        view = self._field[row : row + height, column : column + width]
        if at >> 40 & 1:
            view = view[::-1]
        if at >> 41 & 1:
            view = view[:, ::-1]
        return view
