"""Software autofocus: a coarse sweep, a fine one round its interior peak, and a memory of z.

The sweep is a pure function of what `measure` says; it moves nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hardware.fault import InstrumentFault

CONTRAST = 1.05  # a peak must stand this far above the sweep's lowest score
ROUGHNESS = 1.5  # one peak climbs and descends once; noise does so several times
NOISE_SD = 5.0  # structure below so many standard deviations of white noise is noise
DRIFT_WINDOW_S = 3 * 3600.0  # how long back from the last focus drift is estimated
DRIFT_SPAN_S = 600.0  # over less time, a slope is all noise


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep's geometry in micrometres. `range_um` is the whole width of the coarse part."""

    range_um: float
    coarse_step_um: float
    fine_step_um: float

    def coarse_um(self, start_um: float) -> list[float]:
        """Stations of the coarse part, from low to high, with `start_um` in the middle."""
        n = max(2, round(self.range_um / self.coarse_step_um))
        return [start_um + (i - n / 2) * self.coarse_step_um for i in range(n + 1)]

    def fine_um(self, peak_um: float) -> list[float]:
        """Stations between the peak of the coarse part and its neighbours."""
        m = max(1, round(self.coarse_step_um / self.fine_step_um))
        return [peak_um + i * self.fine_step_um for i in range(-m + 1, m) if i != 0]


@dataclass(frozen=True, slots=True)
class FocusResult:
    """Where focus was found; or why it was not, and where to look next.

    `curve` is ((z_um, score), ...) as measured; `faults` are devices that failed on the way.
    """

    ok: bool
    z_um: float
    why: str
    curve: tuple[tuple[float, float], ...]
    faults: tuple[InstrumentFault, ...] = ()


def sharpness(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> float:
    """Focus score of one image (higher is sharper), independent of brightness.

    Brenner's gradient (J. Histochem. Cytochem. 24:100, 1976) in both directions, less what shot
    and read noise alone would give, over the mean signal above background. Of square roots: they
    make shot noise even (Anscombe, Biometrika 35:246, 1948), and keep the brightest cell, which may
    well be a dead one floating, from deciding for all. 0.0 where nothing stands out from noise.
    """
    image = pixels.astype(np.float32)
    # 2x2 means: halves the noise's share and costs nothing in the passband that focus lives in
    h, w = (image.shape[0] // 2) * 2, (image.shape[1] // 2) * 2
    image = image[:h, :w].reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
    if min(image.shape) < 4:
        return 0.0
    background = float(np.percentile(image[::4, ::4], 5))
    signal = float(image.mean()) - background
    if signal <= 0:
        return 0.0
    image = np.sqrt(np.maximum(image - background, 0) + 0.5 * signal)
    far = float(np.mean((image[:, 2:] - image[:, :-2]) ** 2))
    far += float(np.mean((image[2:, :] - image[:-2, :]) ** 2))
    # white noise gives the same difference at lag 1 and 2, structure does not: subtract the part
    # that does not grow with distance
    near = float(np.mean((image[:, 1:] - image[:, :-1]) ** 2))
    near += float(np.mean((image[1:, :] - image[:-1, :]) ** 2))
    # of white noise, far - near has a standard deviation of near / sqrt(pixels)
    if far - near <= NOISE_SD * near / image.size**0.5:
        return 0.0
    return (far - near) / signal


def autofocus(measure: Callable[[float], float], start_um: float, sweep: Sweep) -> FocusResult:
    """Find focus round `start_um`. The peak must be the only one, and interior: at the edge of
    the sweep nobody knows whether it goes on.

    `measure(z_um)` goes there, images and returns a score. It is asked from low to high z, then
    round the coarse peak.
    """
    curve: list[tuple[float, float]] = []

    def scan(stations: Sequence[float]) -> None:
        curve.extend((z, measure(z)) for z in stations)

    def failed(why: str, next_um: float = start_um) -> FocusResult:
        return FocusResult(False, next_um, why, tuple(curve))

    coarse = sweep.coarse_um(start_um)
    scan(coarse)
    scores = [score for _, score in curve]
    top = int(np.argmax(scores))
    if not scores[top] > max(CONTRAST * min(scores), 0.0):
        return failed("no contrast anywhere in the sweep")
    if top in (0, len(coarse) - 1):
        return failed(f"sharpest at the edge of the sweep ({coarse[top]:g} um)", coarse[top])
    scan(sweep.fine_um(coarse[top]))
    ordered = sorted(curve)
    climbs = sum(abs(b - a) for (_, a), (_, b) in pairwise(ordered))
    if climbs > ROUGHNESS * (2 * max(s for _, s in ordered) - ordered[0][1] - ordered[-1][1]):
        return failed("the score goes up and down with z, without one peak")
    return FocusResult(True, _vertex(ordered), "", tuple(curve))


def _vertex(ordered: Sequence[tuple[float, float]]) -> float:
    """Vertex of the parabola through the best score and its neighbours, kept between them."""
    top = max(range(len(ordered)), key=lambda i: ordered[i][1])
    if top in (0, len(ordered) - 1):
        return ordered[top][0]
    (z0, s0), (z1, s1), (z2, s2) = ordered[top - 1 : top + 2]
    a, b, _ = np.polyfit([z0 - z1, 0.0, z2 - z1], [s0, s1, s2], 2)
    if a >= 0:
        return z1
    return float(min(max(z1 - b / (2 * a), z0), z2))


@dataclass(frozen=True, slots=True)
class FocusPoint:
    """One focus found: when, where, and how far from the planned z."""

    fov: str
    time_s: float
    offset_um: float  # found z minus planned z


def predict_offset(fov: str, now_s: float, history: Sequence[FocusPoint]) -> float:
    """Offset from the planned z at which `fov` should be in focus now (um).

    The field's own last focus plus the drift of the stage since then, which is trusted no further
    ahead than it was watched. A field never focused takes the median of the others.
    """
    if not history:
        return 0.0
    recent = [p for p in history if history[-1].time_s - p.time_s <= DRIFT_WINDOW_S]
    rate = drift_um_per_s(recent)
    watched_s = recent[-1].time_s - recent[0].time_s
    now = {
        p.fov: p.offset_um + rate * min(max(now_s - p.time_s, 0.0), watched_s) for p in history
    }  # the last one of each field stays
    return now[fov] if fov in now else median(now.values())


def drift_um_per_s(history: Sequence[FocusPoint]) -> float:
    """Robust drift of focus over all fields (um/s); 0.0 until a field was focused twice.

    The median of slopes within fields, each over half of a field's points (Theil's incomplete
    method, 1950), so that neither a wrong focus nor the noise of two close ones moves it far.
    """
    by_fov: dict[str, list[FocusPoint]] = {}
    for point in history:
        by_fov.setdefault(point.fov, []).append(point)
    slopes = [
        (b.offset_um - a.offset_um) / (b.time_s - a.time_s)
        for points in by_fov.values()
        for a, b in zip(points, points[(len(points) + 1) // 2 :], strict=False)
        if b.time_s - a.time_s >= DRIFT_SPAN_S
    ]
    return median(slopes) if slopes else 0.0
