"""Faults of an image that the model is never trained on: they measure the anomaly score."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from policies.mllm.bricks.degrade import Image


def stripes(image: Image, rng: Generator) -> Image:
    """Fixed-pattern lines of a failing camera column amplifier."""
    span = float(np.percentile(image, 99) - np.percentile(image, 1))
    width = image.shape[1]
    columns: NDArray[np.float64] = rng.standard_normal((width,)) * (rng.random(width) < 0.3)
    return np.asarray(image + 0.5 * span * columns[:, None], np.float32)


def torn(image: Image, rng: Generator) -> Image:
    """Read-out slipped: blocks of rows are shifted sideways."""
    out = image.copy()
    edges = np.sort(rng.integers(0, image.shape[0], 6))
    for top, bottom in itertools.pairwise(edges):
        out[top:bottom] = np.roll(out[top:bottom], int(rng.integers(20, 80)), axis=1)
    return out


def hot_pixels(image: Image, rng: Generator) -> Image:
    """A share of single pixels far too bright or dead."""
    out = image.copy()
    where = rng.random(image.shape[:2]) < 0.01
    out[where] = float(image.max()) * rng.choice([0.0, 1.0], size=(int(where.sum()), 1))
    return out


def fringes(image: Image, rng: Generator) -> Image:
    """Interference fringes of coherent light over the field."""
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w]
    angle, period = rng.uniform(0, np.pi), rng.uniform(7, 16)
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    span = float(np.percentile(image, 99) - np.percentile(image, 1))
    return np.asarray(image + 0.25 * span * wave[..., None], np.float32)


NOVEL: dict[str, Callable[[Image, Generator], Image]] = {
    "stripes": stripes,
    "torn": torn,
    "hot pixels": hot_pixels,
    "fringes": fringes,
}
