"""Putting small pictures onto a big one, and enlarging it. No BLAS: its threads cost more here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.grain import Image

_GLOW = 0.08  # share of the light that is spread widely
_GLOW_STEP = 16  # pixels; the glow is worked out on this grid
_GLOW_SIGMA = 1.4  # of those


def paste(canvas: Image, stamp: Image, sub: int, row: float, column: float, bright: float) -> None:
    """Add a stamp (sampled `sub` times per pixel) with its centre at (row, column), in place.

    Coordinates count pixel edges: pixel (0, 0) reaches from 0 to 1.
    """
    rows, stamp_rows = _overlap(row, len(stamp), sub, canvas.shape[0])
    columns, stamp_columns = _overlap(column, len(stamp), sub, canvas.shape[1])
    part = stamp[stamp_rows, stamp_columns]
    if part.size:
        canvas[rows, columns] += np.float32(bright) * part


def _overlap(centre: float, samples: int, sub: int, size: int) -> tuple[slice, slice]:
    """Which pixels of the canvas, and which samples of the stamp, along one axis."""
    # Where the stamp starts, in samples, so that the sample taken is a pixel's middle one.
    start = round(centre * sub - samples / 2 - (sub - 1) / 2)
    first = max(-(-start // sub), 0)
    last = max(min((start + samples - 1) // sub + 1, size), first)
    offset = first * sub - start
    return slice(first, last), slice(offset, offset + (last - first) * sub, sub)


def enlarged(image: Image, factor: int, height: int, width: int) -> Image:
    """Interpolate linearly. `image` has a rim of one sample beyond each edge of the result."""
    wide = _stretched(np.ascontiguousarray(image.T), factor, width).T
    return _stretched(np.ascontiguousarray(wide), factor, height)


def _stretched(image: Image, factor: int, size: int) -> Image:
    """Along the first axis: sample j covers pixels from (j - 1) factor to j factor."""
    share = (np.arange(factor, dtype=np.float32) + np.float32(0.5)) / np.float32(factor)
    half = factor // 2
    step = np.diff(image, axis=0)[:, None, :] * share[:, None]
    step += image[:-1, None, :]
    return step.reshape(-1, image.shape[1])[half : half + size]


def add_glow(image: Image) -> None:
    """Add the wide skirt of light from above and below the focal plane (in place)."""
    from scipy.ndimage import gaussian_filter

    height, width = image.shape
    rows, columns = _samples(height), _samples(width)
    small = image[rows[:, None], columns[None, :]]
    small = small.reshape(len(rows) // 4, 4, len(columns) // 4, 4).mean(axis=(1, 3))
    small = gaussian_filter(np.pad(small, 1, mode="edge"), _GLOW_SIGMA, mode="nearest")
    image += enlarged(small * np.float32(_GLOW), _GLOW_STEP, height, width)


def _samples(size: int) -> NDArray[np.int64]:
    """Every fourth pixel, made up to a multiple of `_GLOW_STEP`."""
    count = 4 * -(-size // _GLOW_STEP)
    return np.minimum(np.arange(count) * 4 + 2, size - 1)
