"""A brick: one labelled picture with its provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a picture comes from."""

    source: str  # name of the set, or "simulator"
    name: str  # file or seed within it
    split: str  # "train", "val" or "test"
    licence: str
    origin: str  # as the set's own table says


@dataclass(frozen=True, slots=True)
class Brick:
    """One labelled picture.

    Attributes
    ----------
    image : (h, w) or (h, w, 3), uint8 or uint16, as recorded.
    labels : (h, w) uint16 instance ids, 0 for background; None where nobody outlined objects.
    classes : (h, w) uint8 of `PixelClass`.
    modality : one of `MODALITIES`, "" where unknown.
    pixel_um : edge of a pixel in the sample, None where unknown.
    radius_px : of a typical object (sqrt(area / pi)), None where unknown.
    relative_blur : blur beyond the sharp image over `radius_px`; None where unknown.
    phases_known : whether `classes` tells mitotic and dead cells from resting ones.
    bubble : (h, w) bool, None where there is none.
    count : objects in view, where known without outlines.
    caption : a sentence by a person, "" where there is none.
    """

    image: NDArray[Any]
    labels: NDArray[np.uint16] | None
    classes: NDArray[np.uint8]
    modality: str
    pixel_um: float | None
    radius_px: float | None
    relative_blur: float | None
    phases_known: bool
    provenance: Provenance
    bubble: NDArray[np.bool_] | None = None
    count: int | None = None
    caption: str = ""
