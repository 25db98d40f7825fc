"""How sharp rims and texture are, at the finest scales, for blur of small objects.

The same edges are looked at after two smoothings (re-blur: Zhuo and Sim, Pattern Recognition
44:1852, 2011): what was sharp loses much by the second one, what was soft little. The spectrum in
half octaves and the texture at two scales come beside it. All of it is against the noise and the
contrast of the image, so that exposure does not matter. Numbers are finite and about -3 to 3.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

SCALES = 3  # every one twice as coarse as the one before
SMOOTHINGS = (1, 3)  # passes before the first gradient, and further ones before the second
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
HALF_OCTAVES = 9  # from the finest on
LEAST_PX = 30  # of rims; with fewer the whole image is looked at
LEAST = 1e-9
SHARPNESS_NAMES = (
    *(
        f"{what} at 1/{2**n}"
        for n in range(SCALES)
        for what in (*(f"re-blur {q:g}" for q in QUANTILES), "re-blur of all", "width", "steepest")
    ),
    *(f"{what} {n}" for n in (1, 2) for what in ("texture", "tails", "texture inside")),
    *(f"power in half octave {n + 1}" for n in range(HALF_OCTAVES)),
    *(f"power over noise in half octave {n + 1}" for n in range(HALF_OCTAVES)),
)


def sharpness(
    grey: Image, foreground: Image, rim: Image, radius: float, contrast: float, noise: float
) -> list[float]:
    """Of (h, w) with its objects (0 to 1) and their rims (the slope of that).

    Their radius is in pixels, contrast and noise in the units of `grey`.
    """
    out: list[float] = []
    planes: list[Image] = [grey]
    plane, near, variance = grey, smoothed(rim), noise**2
    for n in range(SCALES):
        if min(plane.shape) < 8:
            out += [0.0] * (len(QUANTILES) + 3)
            continue
        first = _passes(plane, SMOOTHINGS[0])
        second = _passes(first, SMOOTHINGS[1])
        out += _reblurred(first, second, near, variance, radius / 2**n, contrast)
        planes = [grey, first, second] if n == 0 else planes
        plane, near = halved(second), halved(near)
        # What four passes and the mean of four leave of white noise, nearly.
        variance *= 0.066
    out += _texture(planes, foreground, contrast, noise)
    return out


def half_octaves(power: NDArray[np.floating], shape: tuple[int, int]) -> list[float]:
    """The spectrum, power (h, w // 2 + 1) of an image scaled to its range, without directions."""
    bins = _rings(*shape)
    sums = np.bincount(bins, power.ravel(), HALF_OCTAVES + 2)
    rings = sums / np.maximum(np.bincount(bins, minlength=HALF_OCTAVES + 2), 1)
    floor = max(float(rings[0]), LEAST)  # the corners: noise, if anything is
    kept = rings[1 : HALF_OCTAVES + 1]
    plain = [math.log10(max(float(p) - floor, LEAST)) / 3 for p in kept]
    return [*plain, *(math.log10(max(float(p), LEAST) / floor) / 2 for p in kept)]


_RINGS: dict[tuple[int, int], NDArray[np.intp]] = {}


def _rings(h: int, w: int) -> NDArray[np.intp]:
    """Half octave of every coefficient: 0 the corners, 1 the finest, the rest the last."""
    if (h, w) not in _RINGS:
        y, x = np.meshgrid(np.fft.fftfreq(h), np.fft.rfftfreq(w), indexing="ij")
        radius = np.hypot(y, x)
        found = np.floor(-2 * np.log2(np.maximum(radius, 1e-9))).astype(np.intp) - 1
        found = np.clip(found, 0, HALF_OCTAVES + 1)
        found[0, 0] = HALF_OCTAVES + 1
        if len(_RINGS) > 8:
            _RINGS.clear()
        _RINGS[h, w] = found.ravel()
    return _RINGS[h, w]


def _reblurred(
    first: Image, second: Image, near: Image, variance: float, radius: float, contrast: float
) -> list[float]:
    """Gradients after some smoothing and after more, at rims: quantiles of their ratio, and width.

    The width is that of the steepest rims, over the radius: contrast over gradient.
    """
    before, after = _gradient(first), _gradient(second)
    near = near[1:-1, 1:-1]
    zone = near > 0.25 * float(near.max(initial=0.0))
    if np.count_nonzero(zone) < LEAST_PX or near.max(initial=0.0) <= 0.02:
        zone = np.ones_like(zone)
    a, b = before[zone], after[zone]
    strong = b >= np.quantile(b[:: max(1, len(b) // 4000)], 0.5)
    a, b = a[strong], b[strong]
    ratio = np.log2((a + 1e-6) / (b + 1e-6))
    energy = float(np.mean(a * a)) - 0.19 * variance  # what one pass leaves of noise's gradient
    kept = float(np.mean(b * b)) - 0.012 * variance
    steep = float(np.quantile(a, 0.9))
    return [
        *(float(q) for q in np.quantile(ratio, QUANTILES)),
        0.5 * math.log2(max(energy, LEAST) / max(kept, LEAST)),
        math.log2(max(contrast, 1e-3) / max(steep * radius, 1e-4)) / 2,
        math.log2(max(contrast, 1e-3) / max(steep, 1e-4)) / 2 - 1,
    ]


def _texture(planes: list[Image], foreground: Image, contrast: float, noise: float) -> list[float]:
    """What each smoothing took away, where objects are: strength over contrast, tails."""
    out: list[float] = []
    where, inside = foreground > 0.2, foreground > 0.8
    left = (0.64, 0.12)  # of the variance of white noise, in each difference
    for n in range(2):
        if len(planes) <= n + 1 or np.count_nonzero(where) < LEAST_PX:
            out += [0.0] * 3
            continue
        lost = planes[n] - planes[n + 1]
        squares = lost[where] ** 2
        mean = float(squares.mean())
        clear = max(mean - left[n] * noise**2, LEAST)
        within = lost[inside]
        own = float(np.mean(within * within)) if len(within) >= LEAST_PX else 0.0
        out += [
            math.log10(clear) / 2 - math.log10(max(contrast, 1e-3)) + 1,
            math.log10(max(float(np.mean(squares * squares)), 1e-12) / max(mean, 1e-6) ** 2) - 1,
            math.log10(max(own - left[n] * noise**2, LEAST)) / 2
            - math.log10(max(contrast, 1e-3))
            + 1,
        ]
    return out


def smoothed(plane: Image) -> Image:
    """One pass of (1, 2, 1) / 4 along rows and columns: variance 0.5 px^2."""
    rows = 2 * plane
    rows[1:-1] += plane[:-2]
    rows[1:-1] += plane[2:]
    rows[0] += plane[0] + plane[1]
    rows[-1] += plane[-1] + plane[-2]
    out = 2 * rows
    out[:, 1:-1] += rows[:, :-2]
    out[:, 1:-1] += rows[:, 2:]
    out[:, 0] += rows[:, 0] + rows[:, 1]
    out[:, -1] += rows[:, -1] + rows[:, -2]
    out *= np.float32(1 / 16)
    return out


def _passes(plane: Image, count: int) -> Image:
    for _ in range(count):
        plane = smoothed(plane)
    return plane


def halved(plane: Image) -> Image:
    """Means of two by two pixels."""
    p = plane[: plane.shape[0] // 2 * 2, : plane.shape[1] // 2 * 2]
    return np.asarray((p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4, np.float32)


def _gradient(plane: Image) -> Image:
    y = plane[2:, 1:-1] - plane[:-2, 1:-1]
    x = plane[1:-1, 2:] - plane[1:-1, :-2]
    return np.asarray(np.sqrt(y * y + x * x) / 2, np.float32)
