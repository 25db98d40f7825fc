"""Pictures with many single-cell crops side by side: crops of imaging flow cytometry as a field.

A folder of crops has one cell per image: three squares side by side (brightfield, DNA, darkfield)
and a column `phase`. The DNA square is laid on a dark field.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.bricks.real import read_image, rows
from policies.mllm.bricks.targets import typical_radius
from policies.mllm.concepts import PixelClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from policies.mllm.bricks.real import RealSet

    Crop = tuple[NDArray[np.float32], PixelClass, dict[str, str]]

PHASES = {
    "G1": PixelClass.CELL,
    "S": PixelClass.CELL,
    "G2": PixelClass.CELL,
    "prophase": PixelClass.PROPHASE,
    "metaphase": PixelClass.METAPHASE,
    "anaphase": PixelClass.ANAPHASE,
    "telophase": PixelClass.TELOPHASE,
}
SIDE = 256
ZOOM = 2.0  # a crop's nucleus is small
PER_SIDE = 4


def crops(
    real: RealSet, splits: tuple[str, ...]
) -> list[tuple[NDArray[np.float32], PixelClass, dict[str, str]]]:
    """DNA squares (n, n) without their background, their class, and their row."""
    found = []
    for row in rows(real.folder, splits):
        whole = read_image(real.folder / row["image"]).astype(np.float32)
        side = whole.shape[0]
        dna = whole[:, side : 2 * side]
        dna = np.clip(dna - np.percentile(dna, 20), 0, None)
        found.append((dna, PHASES[phase_of(row["phase"])], row))
    return found


def phase_of(words: str) -> str:
    """The phase's name as in `PHASES`."""
    low = words.strip().lower()
    return next((name for name in PHASES if name.lower() == low), low[:1].upper() + low[1:])


def mosaics(real: RealSet, splits: tuple[str, ...], count: int, rng: Generator) -> Iterator[Brick]:
    """`count` fields of about a dozen crops each; phases that are rare are drawn more often."""
    found = crops(real, splits)
    kinds = sorted({kind for _, kind, _ in found})
    by_kind = {kind: [n for n, (_, k, _) in enumerate(found) if k is kind] for kind in kinds}
    for number in range(count):
        chosen: list[Crop | None] = []
        for _ in range(PER_SIDE**2):
            rare = rng.random() < 0.25
            kind = kinds[int(rng.integers(len(kinds)))] if rare else PixelClass.CELL
            if rng.random() < 0.8:
                chosen.append(found[int(rng.choice(by_kind[kind]))])
            else:
                chosen.append(None)
        yield _field(chosen, rng, f"mosaic-{splits[0]}-{number}", splits[0], found[0][2])


def _field(
    chosen: list[Crop | None], rng: Generator, name: str, split: str, row: dict[str, str]
) -> Brick:
    image = np.zeros((SIDE, SIDE), np.float32)
    labels = np.zeros((SIDE, SIDE), np.uint16)
    classes = np.zeros((SIDE, SIDE), np.uint8)
    pitch = SIDE / PER_SIDE
    for place, item in enumerate(chosen):
        if item is None:
            continue
        dna, kind, _ = item
        zoom = ZOOM * float(rng.uniform(0.7, 1.05)) * 40 / dna.shape[0] * 0.9
        big = ndimage.zoom(np.rot90(dna, int(rng.integers(4))), zoom, order=1)
        mask = outline(big)
        side = big.shape[0]
        centre = (np.array(divmod(place, PER_SIDE)) + 0.5) * pitch + rng.uniform(-6, 6, 2)
        top, left = np.rint(centre - side / 2).astype(int)
        y0, x0 = max(top, 0), max(left, 0)
        y1, x1 = min(top + side, SIDE), min(left + side, SIDE)
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        own = mask[part]
        image[y0:y1, x0:x1] = np.maximum(image[y0:y1, x0:x1], big[part])
        labels[y0:y1, x0:x1][own] = place + 1
        classes[y0:y1, x0:x1][own] = kind
    offset = float(rng.uniform(50, 400))
    image += offset + rng.standard_normal(image.shape) * float(rng.uniform(2, 25))
    radius = typical_radius(labels)
    return Brick(
        image=np.clip(image, 0, 65535).astype(np.uint16),
        labels=labels,
        classes=classes,
        modality="fluorescence",
        pixel_um=None,
        radius_px=radius,
        relative_blur=None,
        phases_known=True,
        provenance=Provenance("ifc_cell_cycle", name, split, row["licence"], row.get("source", "")),
    )


def outline(dna: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels of the largest body brighter than a third of the bright end."""
    bright = float(np.percentile(dna, 99))
    body, n = ndimage.label(ndimage.gaussian_filter(dna, 1) > bright / 3)
    if n == 0:
        return np.zeros(dna.shape, bool)
    sizes = ndimage.sum_labels(np.ones_like(dna), body, np.arange(1, n + 1))
    keep = np.isin(body, 1 + np.flatnonzero(sizes > max(math.pi, 0.25 * sizes.max())))
    return np.asarray(ndimage.binary_fill_holes(keep), np.bool_)
