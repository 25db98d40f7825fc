"""What goes wrong with images, done to good ones with known truth.

Every function takes a float32 image (h, w, c) in counts, and returns a new one. Lengths are in
pixels; a `rng` makes the choices, so that a seed gives the same picture again. `span` is the
difference between the bright and the dark of the image (counts).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, signal

from policies.mllm.pixels import noise_of

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Image = NDArray[np.float32]
    Mask = NDArray[np.bool_]


def defocus(image: Image, sigma: float, rng: Generator) -> Image:
    """Blur of standard deviation `sigma`: a disk (geometrical optics) or a Gaussian."""
    if sigma < 0.3:
        return image.copy()
    if sigma > 1.2 and rng.random() < 0.5:
        kernel = disk(2 * sigma)  # a uniform disk's standard deviation is half its radius
        return np.stack([_convolve(plane, kernel) for plane in np.moveaxis(image, 2, 0)], axis=2)
    return np.asarray(
        ndimage.gaussian_filter(image, (sigma, sigma, 0), truncate=3.0, mode="nearest"), np.float32
    )


def grained(image: Image, before: Image, rng: Generator) -> Image:
    """The noise back that a blur took from `before`: a camera adds it after the lens, not before.

    White, and as strong as it was in the finest pixels.
    """
    out = image.copy()
    for n in range(image.shape[2]):
        lost = noise_of(before[..., n]) ** 2 - noise_of(image[..., n]) ** 2
        if lost > 0:
            grain = rng.standard_normal(image.shape[:2])
            out[..., n] += math.sqrt(lost) * grain
    return out


def motion(image: Image, length: float, rng: Generator) -> Image:
    """The stage moved during the exposure: a streak of `length`, or a jump (two images)."""
    angle = rng.uniform(0, math.pi)
    kernel = streak(length, angle, jump=rng.random() < 0.3)
    return np.stack([_convolve(plane, kernel) for plane in np.moveaxis(image, 2, 0)], axis=2)


def noise(image: Image, sigma: float, rng: Generator, shot: float = 0.5) -> Image:
    """Read noise and shot noise, together `sigma` counts at the image's bright end.

    `shot` is the share of the variance that grows with the signal.
    """
    low, high = float(image.min()), max(float(np.percentile(image, 99)), 1e-6)
    relative = np.clip((image - low) / max(high - low, 1e-6), 0, 2)
    scale = sigma * np.sqrt((1 - shot) + shot * relative)
    return np.asarray(image + scale * rng.standard_normal(image.shape), np.float32)


def saturate(image: Image, share: float, rng: Generator) -> Image:
    """Cut off above the value that `share` of the pixels exceed."""
    top = float(np.quantile(image.max(axis=2), 1 - share))
    top *= float(rng.uniform(0.97, 1.0))
    return np.asarray(np.minimum(image, top), np.float32)


def uneven(image: Image, depth: float, rng: Generator) -> Image:
    """Illumination that falls to 1 - `depth` across the field: a gradient, or a bright spot.

    Some of the light is background, so that dark images show it too.
    """
    h, w = image.shape[:2]
    y, x = np.mgrid[0:h, 0:w].astype(np.float32) / max(h, w)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        ramp = x * math.cos(angle) + y * math.sin(angle)
    else:
        cy, cx = rng.uniform(0, 0.9, 2)
        ramp = -np.hypot(x - cx, y - cy) * float(rng.uniform(0.8, 1.3))
    ramp = (ramp - ramp.min()) / max(float(ramp.max() - ramp.min()), 1e-6)
    field = (1 - depth + depth * ramp)[..., None]
    low, high = np.percentile(image, (1, 99.5))
    haze = float(rng.uniform(0.15, 0.5)) * float(high - low)
    return np.asarray(low + (image - low + haze) * field, np.float32)


def bubble(image: Image, radius: float, rng: Generator) -> tuple[Image, Mask]:
    """An air bubble over the field: a large round region with a sharp rim, blurred behind it."""
    h, w = image.shape[:2]
    cy, cx = rng.uniform(-0.1, 1.1) * h, rng.uniform(-0.1, 1.1) * w
    y, x = np.mgrid[0:h, 0:w]
    stretch = float(rng.uniform(0.85, 1.15))
    rho = np.hypot((y - cy) * stretch, (x - cx) / stretch) / radius
    inside = rho < 1
    low, high = np.percentile(image, (2, 99))
    span = float(high - low)
    blurred = ndimage.gaussian_filter(image, (radius / 8, radius / 8, 0), truncate=2.0)
    behind = low + (blurred - low) * float(rng.uniform(0.1, 0.6))
    behind = behind - float(rng.uniform(0.0, 0.3)) * max(float(low) * 0.3, 0.05 * span)
    out = np.where(inside[..., None], behind, image)
    rim_px = max(1.5, radius * float(rng.uniform(0.015, 0.05)))
    ring = np.exp(-(((rho - 1) * radius / rim_px) ** 2))
    sign = 1.0 if rng.random() < 0.6 else -1.0
    out = out + (sign * float(rng.uniform(0.3, 1.0)) * span * ring)[..., None]
    return np.asarray(out, np.float32), inside


def debris(image: Image, count: int, scale: float, rng: Generator) -> tuple[Image, Mask]:
    """Specks, clumps and fibres that are no cells, `scale` the radius of a cell in pixels."""
    h, w = image.shape[:2]
    mask = np.zeros((h, w), bool)
    low, high = np.percentile(image, (5, 99.5))
    dark = float(np.median(image)) > (low + high) / 2  # transmitted light: debris is dark
    out = image.copy()
    for _ in range(count):
        shape, place = _speck((h, w), scale, rng)
        strength = float(rng.uniform(0.8, 2.2)) * (high - low) * (-0.7 if dark else 1.0)
        region = out[place]
        region += (shape * strength)[..., None]
        mask[place] |= shape > 0.35
    return np.asarray(np.maximum(out, 0), np.float32), mask


def _speck(
    size: tuple[int, int], scale: float, rng: Generator
) -> tuple[Image, tuple[slice, slice]]:
    """A small bright shape (0 to 1), and where it lies."""
    fibre = rng.random() < 0.35
    length = scale * (rng.uniform(1.5, 5) if fibre else rng.uniform(0.12, 0.6))
    width = scale * rng.uniform(0.06, 0.16) if fibre else length * rng.uniform(0.4, 1.0)
    width = max(width, 0.6)
    half = math.ceil(length + 2)
    cy, cx = rng.integers(0, size[0]), rng.integers(0, size[1])
    y0, y1 = max(cy - half, 0), min(cy + half + 1, size[0])
    x0, x1 = max(cx - half, 0), min(cx + half + 1, size[1])
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    angle, bend = rng.uniform(0, math.pi), rng.uniform(-0.6, 0.6) if fibre else 0.0
    u = (x - cx) * math.cos(angle) + (y - cy) * math.sin(angle)
    v = -(x - cx) * math.sin(angle) + (y - cy) * math.cos(angle) + bend * u**2 / max(length, 1)
    wobble = (
        1.0
        if fibre
        else 1 + 0.35 * np.sin(rng.integers(2, 6) * np.arctan2(v, u) + rng.uniform(0, 6))
    )
    rho = np.hypot(u / length, v / width) / wobble
    edge = np.clip((1 - rho) * width / 0.8 + 0.5, 0, 1)
    return np.asarray(edge, np.float32), (slice(y0, y1), slice(x0, x1))


def empty(image: Image, rng: Generator) -> Image:
    """The same camera with nothing in view: background and noise."""
    low = float(np.percentile(image, 5))
    span = max(float(np.percentile(image, 99)) - low, 1.0)
    h, w, c = image.shape
    slow = ndimage.zoom(rng.standard_normal((4, 4)), (h / 4, w / 4), order=1)[:h, :w]
    slow = np.pad(slow, ((0, h - slow.shape[0]), (0, w - slow.shape[1])), mode="edge")
    level = low + span * float(rng.uniform(0.0, 0.05)) * slow
    out = level[..., None] + span * float(rng.uniform(0.004, 0.04)) * rng.standard_normal((h, w, c))
    return np.asarray(np.maximum(out, 0), np.float32)


def disk(radius: float) -> Image:
    """A uniform disk with a soft rim, sum 1."""
    half = math.ceil(radius + 1)
    y, x = np.mgrid[-half : half + 1, -half : half + 1]
    kernel = np.clip(radius - np.hypot(y, x) + 0.5, 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def streak(length: float, angle: float, *, jump: bool = False) -> Image:
    """A line of `length` through the middle, sum 1; with `jump` only its two ends."""
    half = math.ceil(length / 2 + 1)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    at = np.array([-0.5, 0.5]) if jump else np.linspace(-0.5, 0.5, max(3, 4 * math.ceil(length)))
    rows = np.rint(half + at * length * math.sin(angle)).astype(int)
    columns = np.rint(half + at * length * math.cos(angle)).astype(int)
    np.add.at(kernel, (rows, columns), 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _convolve(plane: Image, kernel: Image) -> Image:
    half = kernel.shape[0] // 2
    padded = np.pad(plane, half, mode="edge")
    return np.asarray(signal.fftconvolve(padded, kernel, mode="valid"), np.float32)
