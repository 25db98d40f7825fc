"""Objects of an image: instances, what each of them looks like, and where they are on the stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from policies.mllm.instances import Cut, instances
from policies.verdict import SeenObject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.mllm.calibration import Calibration
    from policies.mllm.look import Seen

HOT = 0.5  # mean probability of an object's hotter half at which it is called by a concept's name
LEAST_HOT_PX = 5  # at stride 2, of a hot spot outside every instance


@dataclass(frozen=True, slots=True)
class Found:
    """Instances of an image.

    Attributes
    ----------
    labels : (h, w) int32 ids 1..n.
    heat : (n, queries) mean probability of each instance's hotter half.
    spots : hot spots of the question outside every instance: (row, column, area_px, probability).
    """

    labels: NDArray[np.int32]
    heat: NDArray[np.float64]
    spots: tuple[tuple[float, float, float, float], ...]

    @property
    def count(self) -> int:
        """Instances."""
        return len(self.heat)


def cut_of(calibration: Calibration) -> Cut:
    """The thresholds that were fitted."""
    return Cut(
        foreground=calibration.foreground,
        smooth=calibration.smooth,
        peak=calibration.peak,
        least_px=calibration.least_px,
    )


def find(seen: Seen, calibration: Calibration) -> Found:
    """Cut instances out of the maps and read the heat in each."""
    labels = instances(seen.foreground, seen.offset, cut_of(calibration))
    count = int(labels.max())
    small = _at_heat(labels, (seen.heat.shape[1], seen.heat.shape[2]))
    probability = 1.0 / (1.0 + np.exp(-np.clip(seen.heat, -30, 30)))
    scores = np.zeros((count, len(seen.heat)))
    for number, place in enumerate(ndimage.find_objects(small, count)):
        if place is None:
            continue
        own = small[place] == number + 1
        inside = probability[:, place[0], place[1]][:, own]
        top = max(1, inside.shape[1] // 2)
        scores[number] = np.sort(inside, axis=1)[:, -top:].mean(axis=1)
    return Found(labels, scores, _spots(probability[-1], small, labels.shape))


def _at_heat(labels: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.int32]:
    rows = np.minimum(
        ((np.arange(shape[0]) + 0.5) * labels.shape[0] / shape[0]).astype(int), labels.shape[0] - 1
    )
    columns = np.minimum(
        ((np.arange(shape[1]) + 0.5) * labels.shape[1] / shape[1]).astype(int), labels.shape[1] - 1
    )
    return np.ascontiguousarray(labels[np.ix_(rows, columns)])


def _spots(
    asked: NDArray[np.float64], small: NDArray[np.int32], shape: tuple[int, ...]
) -> tuple[tuple[float, float, float, float], ...]:
    hot, count = ndimage.label(asked > HOT)
    if count == 0:
        return ()
    numbers = np.arange(1, count + 1)
    taken = ndimage.maximum(small > 0, hot, numbers)
    areas = ndimage.sum_labels(np.ones_like(asked), hot, numbers)
    centres = ndimage.center_of_mass(asked, hot, numbers)
    best = ndimage.mean(asked, hot, numbers)
    zoom = (shape[0] / asked.shape[0], shape[1] / asked.shape[1])
    return tuple(
        ((row + 0.5) * zoom[0], (column + 0.5) * zoom[1], float(area) * zoom[0] * zoom[1], float(p))
        for (row, column), area, used, p in zip(centres, areas, taken, best, strict=True)
        if not used and area >= LEAST_HOT_PX
    )


def name_of(scores: NDArray[np.float64], concepts: list[str], target: str) -> tuple[str, float]:
    """An object's label and how much it looks like the target (the last score)."""
    asked = float(scores[-1])
    if asked >= HOT:
        return target, asked
    named = [
        (float(s), c)
        for s, c in zip(scores[:-1], concepts, strict=True)
        if c in ("dead cell", "debris", "mitosis")
    ]
    best = max(named, default=(0.0, "cell"))
    return (best[1] if best[0] >= HOT else "cell"), asked


def on_stage(
    found: Found,
    concepts: list[str],
    target: str,
    x_um: float,
    y_um: float,
    pixel_um: float,
) -> tuple[SeenObject, ...]:
    """Every instance and hot spot in stage micrometres; the image's middle is at (x_um, y_um)."""
    rows, columns = found.labels.shape
    numbers = np.arange(1, found.count + 1)
    centres = ndimage.center_of_mass(found.labels > 0, found.labels, numbers) if found.count else []
    areas = np.bincount(found.labels.ravel(), minlength=found.count + 1)[1:]
    out = []
    for n, (row, column) in enumerate(centres):
        label, score = name_of(found.heat[n], concepts, target)
        out.append((row + 0.5, column + 0.5, float(areas[n]), label, score))
    out += [(row, column, area, target, p) for row, column, area, p in found.spots]
    return tuple(
        SeenObject(
            x_um=round(x_um + (column - columns / 2) * pixel_um, 2),
            y_um=round(y_um + (row - rows / 2) * pixel_um, 2),
            area_um2=round(area * pixel_um**2, 1),
            label=label,
            score=round(min(max(score, 0.0), 1.0), 4),
        )
        for row, column, area, label, score in out
    )
