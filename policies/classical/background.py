"""The light that is there without any object: a smooth surface through the darkest places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.classical.field import Image

    Reals = NDArray[np.float64]

BLOCK_UM = 32.0  # the background is estimated in blocks about two nuclei wide, or smaller:
BLOCKS = 6  # at least so many along an edge
MIN_BLOCK_PX = 8
LOW = 0.10  # quantile of a block that is background even in a crowded field
ROUNDS = 3  # of fitting and leaving out blocks that lie above the fit


@dataclass(frozen=True, slots=True)
class Background:
    """`surface` is (rows, columns) float32; `ripple` is how far the blocks lie from it (sd)."""

    surface: Image
    ripple: float


def fit_background(image: Image, um: float) -> Background:
    """Second-order surface (vignetting) through a low quantile of each block.

    With few blocks a plane, with very few a constant. Blocks full of cells lie above the surface
    and are left out.
    """
    block = max(MIN_BLOCK_PX, min(round(BLOCK_UM / um), min(image.shape) // BLOCKS))
    rows, cols = (max(1, length // block) for length in image.shape)
    high, wide = image.shape[0] // rows, image.shape[1] // cols
    blocks = image[: rows * high, : cols * wide].reshape(rows, high, cols, wide)
    flat = blocks.transpose(0, 2, 1, 3).reshape(rows * cols, -1)
    rank = int(LOW * (flat.shape[1] - 1))
    level = np.partition(flat, rank, axis=1)[:, rank].astype(np.float64)
    y = np.repeat((np.arange(rows) + 0.5) * high / image.shape[0], cols) * 2 - 1
    x = np.tile((np.arange(cols) + 0.5) * wide / image.shape[1], rows) * 2 - 1
    least = min(rows, cols)
    terms = _terms(x, y)[: 6 if least >= BLOCKS else 3 if least >= 3 else 1]
    weights, ripple = _fit(terms, level)
    gy = np.linspace(-1, 1, image.shape[0])[:, None]
    gx = np.linspace(-1, 1, image.shape[1])[None, :]
    a, bx, by, cxx, cyy, cxy = np.pad(weights, (0, 6 - len(weights)))
    surface = (a + bx * gx + cxx * gx**2) + (by * gy + cyy * gy**2) + cxy * gx * gy
    return Background(surface.astype(np.float32), ripple)


def _terms(x: Reals, y: Reals) -> Reals:
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])


def _fit(terms: Reals, level: Reals) -> tuple[NDArray[np.floating], float]:
    keep = np.ones(level.size, dtype=bool)
    weights: NDArray[np.floating] = np.zeros(len(terms))
    spread = 0.0
    for _ in range(ROUNDS):
        weights = np.asarray(np.linalg.lstsq(terms[:, keep].T, level[keep], rcond=None)[0])
        rest = level - weights @ terms
        spread = float(np.median(np.abs(rest[keep]))) * 1.4826
        better = rest <= 2.0 * spread + 1e-6
        if better.sum() < 2 * len(weights):
            break
        keep = better
    return weights, spread
