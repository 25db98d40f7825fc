"""Numbers measured on an image, beside what the tower learned to see.

Some faults have a physics of their own: a saturated camera piles pixels up at its ceiling, a moving
stage smears along one direction, a defocused lens takes the fine scales away first. Each is cheaper
to measure than to learn. All numbers are finite and about -3 to 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import fft, ndimage

from policies.mllm.pixels import noise_of, spread
from policies.mllm.sharpness import SHARPNESS_NAMES, half_octaves, halved, sharpness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Image = NDArray[np.float32]

LEVELS = 4  # of halved images, for gradients
BANDS = 4  # octaves of spatial frequency, from the finest on
SECTORS = 8  # of the directions that rims face
ANGLES = 12  # over half a turn
LAGS_PX = (3, 6, 10, 16, 24)  # of the autocorrelation
TOP = (
    0.0,
    0.02,
)  # how near to the largest value a pixel belongs to the plateau, share of the range
SIDE_PX = 512  # of the middle part whose spectrum is taken
ALONG_PX = 7  # over which noise is averaged, along the row: that blurs no seam
NEIGHBOURS = 9  # pairs of rows that a pair is held against
LEAST_POWER = 1e-9
PLAIN_NAMES = (
    *(f"plateau within {share:g}" for share in TOP),
    *(f"{what} at 1/{2**n}" for n in range(LEVELS) for what in ("slope", "one way", "steep")),
    *(f"{what} in octave {n + 1}" for n in range(BANDS) for what in ("power", "one way", "ratio")),
    *(f"like itself one way at {lag} px" for lag in LAGS_PX),
    "radius",
    "contrast",
    "share covered",
    *(f"{what} at 1/{2**n}" for n in range(2) for what in ("edge", "edge one way")),
)
NAMES = (*PLAIN_NAMES, *SHARPNESS_NAMES)


def measure(image: NDArray[Any], foreground: Image) -> NDArray[np.float32]:
    """(h, w) or (h, w, c) counts and (h, w) probability of an object -> (len(NAMES),)."""
    planes = image if image.ndim == 2 else image[..., :3].mean(axis=2)
    grey = np.asarray(planes, np.float32)
    low, high = spread(grey)
    span = max(high - low, 1e-6)
    scaled = (grey - low) / span
    noise = noise_of(scaled)
    power, shape = _power(scaled)
    objects = _objects(scaled, foreground)
    found = [
        *_plateau(scaled),
        *_gradients(scaled),
        *_spectrum(power, shape),
        *_edges(scaled, objects, noise),
        *sharpness(scaled, foreground, objects.rim, objects.radius, objects.contrast, noise),
        *half_octaves(power, shape),
    ]
    return np.clip(np.nan_to_num(np.asarray(found, np.float32), posinf=3, neginf=-3), -4, 4)


def seams(image: NDArray[Any]) -> NDArray[np.float32]:
    """Log of how much the oddest pair of neighbouring rows, and of columns, differs, (2,).

    Read-out works on whole rows and columns and nothing living is aligned with them, so that a
    difference between two neighbours far above that of the pairs around it is the camera's.
    """
    planes = image if image.ndim == 2 else image[..., :3].mean(axis=2)
    grey = np.asarray(planes, np.float32)
    return np.array([_seam(grey), _seam(grey.T)], np.float32)


def _seam(grey: Image) -> float:
    if len(grey) <= NEIGHBOURS:
        return 0.0
    smooth = ndimage.uniform_filter1d(grey, ALONG_PX, axis=1)
    apart = np.abs(np.diff(smooth, axis=0)).mean(axis=1)
    usual = ndimage.median_filter(apart, NEIGHBOURS, mode="nearest")
    return float(np.log(np.max((apart + 1e-6) / (usual + 1e-6))))


def _log(value: float, least: float = 1e-6) -> float:
    return math.log10(max(value, least))


def _plateau(grey: Image) -> list[float]:
    """How many pixels are (nearly) as bright as the brightest, against what is below."""
    top = float(grey.max())
    reach = max(top - float(grey.min()), 1e-6)
    return [_log(float((grey >= top - share * reach).mean())) / 2 + 1 for share in TOP]


def _gradients(grey: Image) -> list[float]:
    """At every scale: strength, direction (structure tensor), and the steepest edges."""
    out: list[float] = []
    for _ in range(LEVELS):
        if min(grey.shape) < 8:
            out += [0.0, 0.0, 0.0]
            continue
        y = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
        x = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
        yy, xx, xy = float((y * y).mean()), float((x * x).mean()), float((x * y).mean())
        total = max(yy + xx, LEAST_POWER)
        steep = float(np.quantile(np.hypot(y, x)[::2, ::2], 0.995))
        out += [_log(total) / 2 + 1, 3 * math.hypot(yy - xx, 2 * xy) / total, _log(steep) + 1]
        grey = halved(grey)
    return out


def _power(grey: Image) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Spectrum of the middle part, (h, w // 2 + 1), and the size (h, w) of that part."""
    h, w = (min(n, SIDE_PX) for n in grey.shape)
    top, left = (grey.shape[0] - h) // 2, (grey.shape[1] - w) // 2
    part = grey[top : top + h, left : left + w]
    part = np.clip(part, -0.25, 1.6)
    window = np.outer(np.hanning(h), np.hanning(w)).astype(np.float32)
    power = np.abs(fft.rfft2((part - part.mean()) * window)) ** 2
    power /= max(float((window**2).sum()), 1e-6)
    return power, (h, w)


def _spectrum(power: NDArray[np.float32], shape: tuple[int, int]) -> list[float]:
    """Power over octaves and directions, and the autocorrelation over directions.

    Blur along one direction takes power from it; a jump during the exposure makes the image like
    itself at one lag in one direction.
    """
    octave, angle = _places(*shape)
    sums = np.bincount(octave * ANGLES + angle, power.ravel(), (BANDS + 2) * ANGLES)
    counts = np.bincount(octave * ANGLES + angle, minlength=(BANDS + 2) * ANGLES)
    rose = (sums / np.maximum(counts, 1)).reshape(BANDS + 2, ANGLES)[1 : BANDS + 1]
    floor = float(np.median(rose[0]))  # the finest octave is noise, mostly
    out: list[float] = []
    for n, band in enumerate(rose):
        logs = np.log10(np.maximum(band, LEAST_POWER))
        second = np.exp(2j * np.pi * np.arange(ANGLES) / ANGLES)
        clear = max(float(band.mean()) - (floor if n else 0.0), LEAST_POWER)
        out += [
            _log(clear, LEAST_POWER) / 3,
            3 * abs(complex((logs * second).mean())),
            float(np.ptp(ndimage.uniform_filter1d(logs, 3, mode="wrap"))),
        ]
    return [*out, *_likeness(power, shape)]


_PLACES: dict[tuple[int, int], tuple[NDArray[np.intp], NDArray[np.intp]]] = {}


def _places(h: int, w: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Octave (0: corners, 1: finest, ..., BANDS + 1: the rest) and direction of coefficients."""
    if (h, w) not in _PLACES:
        y, x = np.meshgrid(fft.fftfreq(h), fft.rfftfreq(w), indexing="ij")
        radius = np.hypot(y, x)
        octave = np.floor(-np.log2(np.maximum(radius, 1e-9))).astype(np.intp)
        octave = np.clip(octave, 0, BANDS + 1)
        octave[0, 0] = 0
        angle = (np.arctan2(y, x) % np.pi / np.pi * ANGLES).astype(np.intp) % ANGLES
        if len(_PLACES) > 8:
            _PLACES.clear()
        _PLACES[h, w] = (octave.ravel(), angle.ravel())
    return _PLACES[h, w]


def _likeness(power: NDArray[np.float32], shape: tuple[int, int]) -> list[float]:
    """At each lag: the likeness in the direction where it is largest, less the usual one."""
    own = fft.irfft2(power, s=shape)
    peak = max(float(own[0, 0]), LEAST_POWER)
    turns = np.arange(2 * ANGLES) * np.pi / (2 * ANGLES)
    out = []
    for lag in LAGS_PX:
        y = np.rint(lag * np.sin(turns)).astype(int) % shape[0]
        x = np.rint(lag * np.cos(turns)).astype(int) % shape[1]
        around = own[y, x] / peak
        out.append(4 * float(around.max() - np.median(around)))
    return out


@dataclass(frozen=True, slots=True)
class Objects:
    """What is in view, taken together.

    `radius` (px) is twice the area over the outline's length, which needs no instances; `contrast`
    of the image's range; `covered` share; `enough`: whether there are objects and background.
    """

    radius: float
    contrast: float
    covered: float
    enough: bool
    rim: Image
    slopes: tuple[Image, Image]


def _objects(grey: Image, foreground: Image) -> Objects:
    y, x = _slopes(foreground)
    rim: Image = np.asarray(np.hypot(y, x) + 1e-12, np.float32)
    area, outline = float(foreground.sum()), max(float(rim.sum()), 1e-3)
    inside, outside = foreground > 0.6, foreground < 0.2
    enough = bool(inside.sum() >= 12 and outside.sum() >= 12)
    contrast = (
        abs(float(np.median(grey[inside][::3]) - np.median(grey[outside][::7]))) if enough else 1.0
    )
    return Objects(2 * area / outline, contrast, float(inside.mean()), enough, rim, (y, x))


def _edges(grey: Image, objects: Objects, noise: float) -> list[float]:
    """Size of the objects, and how steep their rims are for that size: the blur asked for."""
    radius, contrast, rim = objects.radius, objects.contrast, objects.rim
    y, x = objects.slopes
    out = [
        _log(radius, 0.3),
        _log(contrast / max(noise, 1e-3)) - 1 if objects.enough else 0.0,
        _log(objects.covered) / 2 + 1,
    ]
    if not objects.enough:
        return [*out, 0.0, 0.0, 0.0, 0.0]
    for n in range(2):
        near = rim > 0.3 * float(rim.max())
        gy, gx = _slopes(grey)
        across = np.abs(gy[near] * y[near] + gx[near] * x[near]) / rim[near]
        edge = float(np.quantile(across, 0.7)) * radius / 2**n / max(contrast, 1e-3)
        out += [_log(edge, 1e-3), _one_way(across, np.arctan2(y[near], x[near]))]
        grey, rim = halved(grey), halved(rim)
        y, x = halved(y), halved(x)
    return out


def _slopes(plane: Image) -> tuple[Image, Image]:
    """Differences along rows and columns."""
    y, x = np.gradient(plane)
    return np.asarray(y, np.float32), np.asarray(x, np.float32)


def _one_way(across: NDArray[np.floating[Any]], angle: NDArray[np.floating[Any]]) -> float:
    """How much steeper rims are that face one direction than those that face the others (log)."""
    sector = ((angle % np.pi) / np.pi * SECTORS).astype(np.intp) % SECTORS
    counts = np.bincount(sector, minlength=SECTORS)
    if counts.min() < 4:
        return 0.0
    means = np.bincount(sector, across, SECTORS) / counts
    smooth = ndimage.uniform_filter1d(means, 3, mode="wrap")
    return 2 * _log(float(smooth.max() / max(float(smooth.min()), 1e-6)))
