"""From camera counts to what the tower sees: one normalisation for training and for judging.

Every linear slot holds one image channel, stretched between robust percentiles; the last slot holds
the brightness compressed logarithmically, so that a dim nucleus beside a dead bright one is not
lost. What the stretch takes away (saturation, noise, dynamic range, pixel size) comes along as
numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.measure.plateau import saturated_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

CHANNELS = 4
LOW, HIGH = 1.0, 99.7  # percentiles
MOST_SAMPLES = 65_536  # pixels that percentiles are taken from
NUMBER_NAMES = ("saturated", "snr", "range", "background", "pixel_um", "channels")


def noise_of(plane: Image) -> float:
    """Standard deviation of the pixel noise (counts), from a Laplacian (Immerkaer, CVIU 1996).

    The median makes edges count little; 0 for a noise-free image.
    """
    p = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    if min(p.shape) < 4:
        return 0.0
    inner = 4 * p[1:-1, 1:-1] - 2 * (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:])
    inner += p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    return float(np.median(np.abs(inner[::2, ::2]))) / (0.6745 * 6.0)


def normalise(
    image: NDArray[Any], pixel_um: float | None, ceiling: float | None = None
) -> tuple[Image, NDArray[np.float32]]:
    """(h, w) or (h, w, c), c 1 to 4, any real dtype -> ((5, h, w) float32, (6,) float32).

    A constant image gives zeros.
    """
    planes = image[..., None] if image.ndim == 2 else image
    out = np.zeros((CHANNELS + 1, *planes.shape[:2]), np.float32)
    grey = np.asarray(planes[..., :3].mean(axis=2), np.float32)
    for n in range(min(planes.shape[2], CHANNELS)):
        plane = np.asarray(planes[..., n], np.float32)
        low, high = spread(plane)
        out[n] = np.clip((plane - low) / max(high - low, 1e-6), -0.25, 1.6)
    low, high = spread(grey)
    noise = noise_of(grey)
    span = max(high - low, 1e-6)
    floor = max(1.5 * noise, 0.01 * span)
    out[CHANNELS] = np.log1p(np.clip(grey - low, 0, None) / floor) / math.log1p(
        max(float(grey.max()) - low, span) / floor
    )
    if high <= low:
        out[:] = 0
    return out, numbers(image, grey, low, high, noise, pixel_um, ceiling)


def spread(plane: Image) -> tuple[float, float]:
    """Robust darkest and brightest value."""
    step = max(1, int(math.sqrt(plane.size / MOST_SAMPLES)))
    low, high = np.percentile(plane[::step, ::step], (LOW, HIGH))
    return float(low), float(high)


def numbers(
    image: NDArray[Any],
    grey: Image,
    low: float,
    high: float,
    noise: float,
    pixel_um: float | None,
    ceiling: float | None,
) -> NDArray[np.float32]:
    """The facts of `NUMBER_NAMES`, each about -2 to 2."""
    planes = image if image.ndim == 2 else image[..., :3].max(axis=2)
    share = saturated_share(planes, ceiling)
    snr = (high - low) / max(noise, 1e-3 * max(high - low, 1e-6))
    known = pixel_um is not None and math.isfinite(pixel_um) and pixel_um > 0
    values = (
        math.log10(share + 1e-6) / 3 + 1,
        math.log10(max(snr, 1e-3)) - 1.5,
        math.log10(max(high - low, 1e-3)) / 2 - 1,
        low / max(high, 1e-6),
        math.log2(pixel_um / 0.5) / 2 if known and pixel_um is not None else 0.0,
        (image.shape[2] if image.ndim == 3 else 1) / 2 - 1,
    )
    return np.clip(np.asarray(values, np.float32), -3, 3)
