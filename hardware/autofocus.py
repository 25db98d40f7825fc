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

CONTRAST = 1.05  # a peak must stand this far above the sweep's lowest score
REGRESSION_WINDOW_S = 3 * 3600.0  # drift older than this says little about now


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep's geometry in micrometres. `range_um` is the whole width of the coarse part."""

    range_um: float
    coarse_step_um: float
    fine_step_um: float


@dataclass(frozen=True, slots=True)
class FocusResult:
    """Where focus was found, or why it was not. `curve` is ((z_um, score), ...) as measured."""

    ok: bool
    z_um: float
    why: str
    curve: tuple[tuple[float, float], ...]


def sharpness(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> float:
    """Focus score of one image (higher is sharper), independent of brightness.

    Brenner's gradient (J. Histochem. Cytochem. 24:100, 1976) in both directions, less what shot
    and read noise alone would give, over the squared mean signal above background.
    """
    image = pixels.astype(np.float32)
    # 2x2 means: halves the noise's share and costs nothing in the passband that focus lives in
    h, w = (image.shape[0] // 2) * 2, (image.shape[1] // 2) * 2
    image = image[:h, :w].reshape(h // 2, 2, w // 2, 2).mean(axis=(1, 3))
    if min(image.shape) < 4:
        return 0.0
    far = float(np.mean((image[:, 2:] - image[:, :-2]) ** 2))
    far += float(np.mean((image[2:, :] - image[:-2, :]) ** 2))
    # white noise gives the same difference at lag 1 and 2, structure does not: subtract the part
    # that does not grow with distance
    near = float(np.mean((image[:, 1:] - image[:, :-1]) ** 2))
    near += float(np.mean((image[1:, :] - image[:-1, :]) ** 2))
    signal = float(image.mean()) - float(np.percentile(image[::4, ::4], 5))
    return max(far - near, 0.0) / (signal + 1.0) ** 2


def autofocus(measure: Callable[[float], float], start_um: float, sweep: Sweep) -> FocusResult:
    """Find focus round `start_um`. The peak must be interior: one at the edge is no focus.

    `measure(z_um)` goes there, images and returns a score. It is asked from low to high z, then
    round the coarse peak.
    """
    curve: list[tuple[float, float]] = []

    def scan(stations: Sequence[float]) -> None:
        curve.extend((z, measure(z)) for z in stations)

    n = max(2, round(sweep.range_um / sweep.coarse_step_um))
    coarse = [start_um + (i - n / 2) * sweep.coarse_step_um for i in range(n + 1)]
    scan(coarse)
    scores = [score for _, score in curve]
    top = int(np.argmax(scores))
    if max(scores) <= CONTRAST * min(scores) or max(scores) <= 0:
        return FocusResult(False, start_um, "no contrast anywhere in the sweep", tuple(curve))
    if top in (0, len(coarse) - 1):
        return FocusResult(
            False, start_um, f"sharpest at the edge of the sweep ({coarse[top]:g} um)", tuple(curve)
        )
    peak = coarse[top]
    m = max(1, round(sweep.coarse_step_um / sweep.fine_step_um))
    fine = [peak + i * sweep.fine_step_um for i in range(-m + 1, m) if i != 0]
    scan(fine)
    return FocusResult(True, _vertex(curve), "", tuple(curve))


def _vertex(curve: Sequence[tuple[float, float]]) -> float:
    """Vertex of the parabola through the best score and its neighbours, kept between them."""
    ordered = sorted(curve)
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

    The field's own last focus, plus the drift since then. Drift is one slope for the whole stage:
    the median of each field's own slopes (Theil 1950, Sen 1968) over the last hours. A field never
    focused takes the median of the others' offsets.
    """
    recent = [p for p in history if now_s - p.time_s <= REGRESSION_WINDOW_S] or list(history)
    if not recent:
        return 0.0
    rate = drift_um_per_s(recent)
    now = [p.offset_um + rate * (now_s - p.time_s) for p in _last_of_each(recent)]
    own = [p for p in recent if p.fov == fov]
    if not own:
        return median(now)
    return own[-1].offset_um + rate * (now_s - own[-1].time_s)


def drift_um_per_s(history: Sequence[FocusPoint]) -> float:
    """Robust drift of focus over all fields (um/s); 0.0 until a field was focused twice."""
    slopes = []
    by_fov: dict[str, list[FocusPoint]] = {}
    for point in history:
        by_fov.setdefault(point.fov, []).append(point)
    for points in by_fov.values():
        slopes += [
            (b.offset_um - a.offset_um) / (b.time_s - a.time_s)
            for a, b in pairwise(points)
            if b.time_s - a.time_s >= 60.0  # closer together, the slope is all noise
        ]
    return median(slopes) if slopes else 0.0


def _last_of_each(history: Sequence[FocusPoint]) -> list[FocusPoint]:
    return list({p.fov: p for p in history}.values())
