"""Bricks from the simulator: its study pictures with their exact truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.bricks.targets import typical_radius
from policies.mllm.concepts import PixelClass
from sim.study import study_pictures
from sim.variety import Variety

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.study import StudyPicture

CLASSES = {
    "interphase": PixelClass.CELL,
    "prophase": PixelClass.PROPHASE,
    "metaphase": PixelClass.METAPHASE,
    "anaphase": PixelClass.ANAPHASE,
    "telophase": PixelClass.TELOPHASE,
    "dead": PixelClass.DEAD,
    "debris": PixelClass.DEBRIS,
}
SPECK_UM = 1.0  # debris has no outline in the truth: this radius is marked
APERTURES = {"10X": 0.3, "20X": 0.5, "40X": 0.75}
NUCLEUS_UM = 7.0  # radius, where no nucleus is in view


def simulated(seed: int, count: int, split: str, variety: Variety | None = None) -> Iterator[Brick]:
    """`count` bricks; another seed, other cells."""
    for number, picture in enumerate(study_pictures(seed, count, variety=variety or Variety())):
        yield brick_of(picture, f"{seed}-{number}", split)


def brick_of(picture: StudyPicture, name: str, split: str) -> Brick:
    """One study picture as a brick."""
    chromatin = picture.channel == "DAPI"
    transmitted = picture.channel not in ("DAPI", "FITC")
    names = np.zeros(int(picture.labels.max()) + 1, np.uint8)
    for thing in picture.objects:
        if thing.label:
            names[thing.label] = CLASSES[thing.phase] if chromatin else PixelClass.CELL
    classes = names[picture.labels]
    _mark_debris(picture, classes)
    radius = typical_radius(picture.labels)
    um = radius * picture.pixel_um if radius else NUCLEUS_UM
    blur = relative_blur(picture.defocus_um, picture.objective, um)
    return Brick(
        image=picture.pixels,
        labels=picture.labels,
        classes=classes,
        modality="brightfield" if transmitted else "fluorescence",
        pixel_um=picture.pixel_um,
        radius_px=radius,
        relative_blur=None if transmitted else blur,
        phases_known=chromatin,
        provenance=Provenance("simulator", name, split, "BSD-3-Clause", picture.scenario),
        count=int(picture.labels.max()),
    )


def relative_blur(defocus_um: float, objective: str, radius_um: float) -> float:
    """Blur by defocus over the radius of a nucleus: a disk's deviation is half its radius."""
    slope = math.tan(math.asin(APERTURES[objective]))
    return 0.5 * abs(defocus_um) * slope / radius_um


def _mark_debris(picture: StudyPicture, classes: NDArray[np.uint8]) -> None:
    reach = max(1.0, SPECK_UM / picture.pixel_um)
    h, w = classes.shape
    for thing in picture.objects:
        if thing.phase != "debris":
            continue
        y0, y1 = max(0, round(thing.row - reach)), min(h, round(thing.row + reach) + 1)
        x0, x1 = max(0, round(thing.column - reach)), min(w, round(thing.column + reach) + 1)
        patch = classes[y0:y1, x0:x1]
        patch[patch == PixelClass.BACKGROUND] = PixelClass.DEBRIS
