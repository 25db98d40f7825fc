"""Objects of an image: instances, what each of them looks like, and where they are on the stage."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import ndimage

from policies.mllm.concepts import CONCEPTS, PixelClass
from policies.mllm.instances import Cut, instances
from policies.mllm.model.object_head import CLASSES
from policies.mllm.object_features import at_stride_2, object_features
from policies.verdict import SeenObject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.mllm.calibration import Calibration
    from policies.mllm.look import Seen
    from policies.mllm.model.object_head import ObjectHead

HOT = 0.5  # from this score on an object is called by a name
LEAST_HOT_PX = 5  # at stride 2, of a hot spot outside every instance
NAMED = {
    "mitosis": CONCEPTS["mitosis"],
    "dead cell": CONCEPTS["dead cell"],
    "debris": CONCEPTS["debris"],
}


@dataclass(frozen=True, slots=True)
class Found:
    """Instances of an image.

    Attributes
    ----------
    labels : (h, w) int32 ids 1..n.
    classes : (n, classes) probability of each of `object_head.CLASSES`.
    asked : (n,) how much each is what was asked for, 0 to 1.
    spots : hot spots of the question outside every instance: (row, column, area_px, probability).
    """

    labels: NDArray[np.int32]
    classes: NDArray[np.float64]
    asked: NDArray[np.float64]
    spots: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def count(self) -> int:
        """Instances."""
        return len(self.asked)


def cut_of(calibration: Calibration) -> Cut:
    """The thresholds that were fitted."""
    return Cut(
        foreground=calibration.foreground,
        smooth=calibration.smooth,
        peak=calibration.peak,
        least_px=calibration.least_px,
        alone_px=calibration.alone_px,
    )


@torch.inference_mode()
def find(seen: Seen, calibration: Calibration, head: ObjectHead, concept: str) -> Found:
    """Cut instances out of the maps, and say what each is.

    `concept`: what was asked for, if the object head knows it; else the heat in each decides.
    """
    labels = instances(seen.foreground, seen.offset, cut_of(calibration))
    count = int(labels.max())
    classes = np.zeros((0, len(CLASSES)))
    if count:
        classes = torch.softmax(head(object_features(seen, labels)), 1).double().numpy()
    if concept == "cell":
        asked = 1 - classes[:, PixelClass.BACKGROUND] - classes[:, PixelClass.DEBRIS]
        return Found(labels, classes, asked)
    if is_of_objects(concept):
        return Found(labels, classes, classes[:, sorted(CONCEPTS[concept])].sum(1))
    return rescored(Found(labels, classes, np.zeros(count)), seen)


def is_of_objects(concept: str) -> bool:
    """Whether the object head knows the concept."""
    parts = CONCEPTS.get(concept, frozenset())
    return bool(parts) and parts <= set(CLASSES)


def rescored(found: Found, seen: Seen) -> Found:
    """The same instances by the heat of the question in each (mean of its hotter half)."""
    small = at_stride_2(found.labels, (seen.heat.shape[1], seen.heat.shape[2]))
    probability = 1.0 / (1.0 + np.exp(-np.clip(seen.heat[-1], -30, 30)))
    scores = np.zeros(found.count)
    for number, place in enumerate(ndimage.find_objects(small, found.count) if found.count else ()):
        if place is not None:
            inside = np.sort(probability[place][small[place] == number + 1])
            scores[number] = inside[len(inside) // 2 :].mean()
    spots = _spots(probability, small, found.labels.shape)
    return dataclasses.replace(found, asked=scores, spots=spots)


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


def name_of(found: Found, number: int, target: str) -> str:
    """What instance `number` (from 0) is called."""
    if found.asked[number] >= HOT:
        return target
    scores = {name: found.classes[number, sorted(parts)].sum() for name, parts in NAMED.items()}
    best = max(scores, key=lambda name: float(scores[name]))
    return best if scores[best] >= HOT else "cell"


def on_stage(
    found: Found,
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
        label, score = name_of(found, n, target), float(found.asked[n])
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
