"""From dense maps to instances: one object per peak of the centre distance, grown by watershed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cut:
    """Thresholds; chosen on validation images.

    `foreground`: probability at which a pixel belongs to an object. `peak`: centre distance that a
    marker must reach. `smooth_px`: blur of the distance before peaks are looked for (pixels).
    `rim`: how much a probable rim is taken off the distance. `least_px`: smaller objects go.
    """

    foreground: float = 0.5
    peak: float = 0.45
    smooth_px: float = 1.0
    rim: float = 0.5
    least_px: int = 12


def instances(foreground: Map, distance: Map, rim: Map, cut: Cut) -> NDArray[np.int32]:
    """(h, w) probabilities -> (h, w) ids 1, 2, ...; 0 is background."""
    from skimage.segmentation import watershed

    inside = foreground > cut.foreground
    if not inside.any():
        return np.zeros(foreground.shape, np.int32)
    height = distance - cut.rim * rim
    if cut.smooth_px > 0:
        height = ndimage.gaussian_filter(height, cut.smooth_px, truncate=2.5)
    core = (height > cut.peak) & inside
    markers, found = ndimage.label(core)
    lost, _ = ndimage.label(inside)  # small or dim objects without a core keep their own marker
    with_core = np.unique(lost[core])
    alone = inside & ~np.isin(lost, with_core)
    markers = np.where(alone, lost + found, markers)
    labels = np.asarray(watershed(-height, markers, mask=inside), np.int32)
    return tidy(labels, cut.least_px)


def tidy(labels: NDArray[np.int32], least_px: int) -> NDArray[np.int32]:
    """Without objects below `least_px` pixels, ids without gaps."""
    sizes = np.bincount(labels.ravel())
    keep = sizes >= least_px
    keep[0] = False
    names = np.zeros(len(sizes), np.int32)
    names[keep] = np.arange(1, int(keep.sum()) + 1)
    return np.asarray(names[labels], np.int32)
