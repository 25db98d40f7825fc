"""Bricks from folders of labelled real images.

A folder has `images/`, perhaps `labels/` (16-bit PNG, instance ids), and `meta.csv` with a row per
image: image, label, split, modality, licence, source and the set's own columns.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.bricks.targets import typical_radius
from policies.mllm.concepts import PixelClass
from policies.mllm.faults import BrickError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RealSet:
    """How a folder is read.

    `role`: "instances" (outlined objects), "layer" (covered by cells or not), "focus" (no
    outlines, sharp or not), "crops" (single cells, see `policies.mllm.bricks.mosaic`), or
    "captions". `radius_px`: of a typical object, for sets without outlines.
    """

    folder: Path
    role: str = "instances"
    radius_px: float | None = None


MODALITY_WORDS = (  # the first that the table's words contain
    ("phase", "phase contrast"),
    ("histolog", "histology"),
    ("stained", "histology"),
    ("brightfield", "brightfield"),
    ("transmitted", "brightfield"),
    ("fluor", "fluorescence"),
)


def modality_of(words: str) -> str:
    """One of `MODALITIES` from free words, "" where none fits."""
    low = words.lower()
    if "brightfield / phase" in low:
        return ""
    return next((name for word, name in MODALITY_WORDS if word in low), "")


def rows(folder: Path, splits: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of `meta.csv` in these splits. BrickError where the table is missing or unfit."""
    table = folder / "meta.csv"
    try:
        with table.open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file))
    except OSError as error:
        raise BrickError(f"{table}: {error.strerror}; give a folder with meta.csv") from None
    for needed in ("image", "split", "licence"):
        if found and needed not in found[0]:
            raise BrickError(f"{table}: no column {needed!r}; see docs/judge.md for the layout")
    return [row for row in found if row["split"] in splits]


def read_image(path: Path) -> NDArray[Any]:
    """(h, w) or (h, w, 3), uint8 or uint16. BrickError where it is no such image."""
    from PIL import Image

    try:
        with Image.open(path) as file:
            pixels = np.asarray(file)
    except (OSError, ValueError) as error:
        raise BrickError(f"{path}: cannot be read ({error}); expected PNG, JPEG or TIFF") from None
    if pixels.dtype == np.int32:
        pixels = pixels.astype(np.uint16)
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        pixels = pixels[..., : pixels.shape[2] - 1]
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    return pixels


def read_set(real: RealSet, splits: tuple[str, ...]) -> Iterator[Brick]:
    """Bricks of these splits, in the table's order."""
    for row in rows(real.folder, splits):
        yield brick_of(real, row)


def brick_of(real: RealSet, row: dict[str, str]) -> Brick:
    """One row of the table."""
    image = read_image(real.folder / row["image"])
    shape = image.shape[:2]
    labels: NDArray[np.uint16] | None = None
    classes = np.full(shape, PixelClass.UNKNOWN, np.uint8)
    if row.get("label"):
        mask = read_image(real.folder / row["label"])
        if mask.shape[:2] != shape:
            raise BrickError(f"{real.folder / row['label']}: another size than its image")
        mask = mask if mask.ndim == 2 else mask[..., 0]
        if real.role == "layer":
            classes = np.where(mask > 0, np.uint8(PixelClass.LAYER), np.uint8(0))
        else:
            labels = mask.astype(np.uint16)
            classes = np.where(labels > 0, np.uint8(PixelClass.CELL), np.uint8(0))
    radius = typical_radius(labels) if labels is not None else real.radius_px
    return Brick(
        image=image,
        labels=labels,
        classes=classes,
        modality=modality_of(row.get("modality", "")),
        pixel_um=float(row["pixel_um"]) if row.get("pixel_um") else None,
        radius_px=radius,
        relative_blur=_blur(row, radius),
        phases_known=False,
        provenance=Provenance(
            source=real.folder.name,
            name=row["image"],
            split=row["split"],
            licence=row["licence"],
            origin=row.get("source", ""),
        ),
        count=int(row["count"]) if row.get("count") else None,
        caption=row.get("caption", ""),
    )


def _blur(row: dict[str, str], radius_px: float | None) -> float | None:
    """Sharp unless the table says otherwise; 0.6 stands for "far out of focus"."""
    if row.get("blur_sigma_px") and radius_px:
        return float(row["blur_sigma_px"]) / radius_px
    return 0.6 if row.get("focus") == "defocused" else 0.0
