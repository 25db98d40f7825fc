"""Good images with one fault put in, so that the fault is certain.

Everything is float32 (h, w, c) in counts while it is changed. The result is uint16 counts: what a
fault adds is not cut off at the top of an 8-bit image.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.blurred import RADIUS_PX, grey
from policies.measure.plateau import saturated_share
from policies.mllm.bricks import degrade
from policies.mllm.bricks.sample import DIM_BELOW, NOT_DIM_FROM, SATURATED_SHARE
from policies.mllm.pixels import noise_of
from policies.verdict import Flag

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from policies.mllm.bricks.brick import Brick
    from policies.mllm.bricks.degrade import Image

LEAST_BUBBLE = 0.02  # of the field
BITS = (8, 12, 16)  # of a camera's converter


def damage(brick: Brick, flag: Flag, rng: Generator) -> NDArray[np.uint16] | None:
    """The image with this fault; None where it would not show (a hidden bubble, bright enough)."""
    changed = FAULTS[flag](floats(brick.image), brick, rng)
    if changed is None:
        return None
    out = counts(changed, brick.image.ndim)
    if flag is Flag.DIM and contrast_over_noise(grey(out), brick) >= DIM_BELOW:
        return None
    return out


def carries_already(brick: Brick, flag: Flag) -> bool:
    """Whether the image as recorded has the fault by the rule that training labels follow."""
    if flag is Flag.SATURATED:
        return saturated_share(grey(brick.image)) > SATURATED_SHARE
    if flag is Flag.DIM:
        return contrast_over_noise(grey(brick.image), brick) < NOT_DIM_FROM
    return flag is Flag.EMPTY and (brick.labels is None or not brick.labels.any())


def contrast_over_noise(image: NDArray[np.float32], brick: Brick) -> float:
    """Contrast over the noise of a pixel; infinite without noise."""
    noise = noise_of(image)
    return contrast_of(image, brick) / noise if noise > 0 else math.inf


def contrast_of(image: NDArray[np.float32], brick: Brick) -> float:
    """Objects' median against the background's; the whole range where nothing is outlined."""
    if brick.labels is None or not brick.labels.any() or brick.labels.all():
        return float(np.ptp(image))
    inside = brick.labels > 0
    return abs(float(np.median(image[inside]) - np.median(image[~inside])))


def floats(image: NDArray[Any]) -> Image:
    """(h, w) or (h, w, c) -> (h, w, c) float32."""
    return np.asarray(image if image.ndim == 3 else image[..., None], np.float32)


def counts(image: Image, ndim: int) -> NDArray[np.uint16]:
    """(h, w, c) float32 -> uint16 counts, (h, w) or (h, w, c) as the original was."""
    out = np.clip(np.rint(image), 0, 65535).astype(np.uint16)
    return out[..., 0] if ndim == 2 else out


def _saturated(image: Image, _: Brick, rng: Generator) -> Image:
    """Exposed so long that 1 to 20 % of the pixels reach the converter's ceiling."""
    share = math.exp(rng.uniform(math.log(0.01), math.log(0.2)))
    ceiling = (1 << int(rng.choice(BITS))) - 1
    top = max(float(np.quantile(image.max(axis=2), 1 - share)), 1.0)
    return np.asarray(np.minimum(image * (ceiling / top), ceiling), np.float32)


def _dim(image: Image, brick: Brick, rng: Generator) -> Image:
    """Noise that leaves objects 1 to 2 of its standard deviations above the background."""
    sigma = max(contrast_of(grey(image), brick), 1.0) / float(rng.uniform(1, 2))
    return degrade.noise(image + 4 * sigma, sigma, rng, shot=0.0)  # none of it cut off at zero


def _uneven(image: Image, _: Brick, rng: Generator) -> Image:
    return degrade.uneven(image, float(rng.uniform(0.6, 0.95)), rng)


def _bubble(image: Image, _: Brick, rng: Generator) -> Image | None:
    radius = float(rng.uniform(0.18, 0.6)) * min(image.shape[:2])
    changed, inside = degrade.bubble(image, radius, rng)
    return changed if inside.mean() >= LEAST_BUBBLE else None


def _debris(image: Image, brick: Brick, rng: Generator) -> Image | None:
    count = 2 + int(rng.poisson(2))
    changed, mask = degrade.debris(image, count, brick.radius_px or RADIUS_PX, rng)
    if brick.labels is not None:
        mask &= brick.labels == 0
    return changed if np.count_nonzero(mask) >= 12 else None


def _motion(image: Image, brick: Brick, rng: Generator) -> Image:
    return degrade.motion(image, float(rng.uniform(0.6, 1.5)) * (brick.radius_px or RADIUS_PX), rng)


def _empty(image: Image, _: Brick, rng: Generator) -> Image:
    return degrade.empty(image, rng)


FAULTS: dict[Flag, Callable[[Image, Brick, Generator], Image | None]] = {
    Flag.SATURATED: _saturated,
    Flag.DIM: _dim,
    Flag.UNEVEN: _uneven,
    Flag.BUBBLE: _bubble,
    Flag.DEBRIS: _debris,
    Flag.MOTION: _motion,
    Flag.EMPTY: _empty,
}
