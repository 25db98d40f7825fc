"""From dense maps to instances: every pixel votes for its object's centre.

Each foreground pixel points at the centre it belongs to; where many point, there is an object, and
the pixels that point into its basin are its own. Close to the clustering of Panoptic-DeepLab (Cheng
et al., CVPR 2020) and EmbedSeg (Lalit et al., MedIA 2022); the votes are smoothed in proportion to
the size of the objects in view. A thin thing, as a metaphase plate among large nuclei, has too few
pixels for that: a piece of foreground that no object claims is one, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Map = NDArray[np.float32]

LEAST_SIGMA_PX = 1.2
MOST_SIGMA_PX = 6.0
CORE = 0.45  # of an object's radius: votes of a core that size make a peak of height 1
RADIUS_OF_OFFSET = 1.5  # a disk's radius over its mean distance from the centre


@dataclass(frozen=True, slots=True)
class Cut:
    """Thresholds; chosen on validation images.

    `foreground`: probability at which a pixel belongs to an object. `smooth`: blur of the votes as
    a share of the objects' radius. `peak`: votes that make an object, 1 for a core of `CORE`.
    `least_px`: smaller objects go (pixels of the image). `alone_px`: a piece of foreground without
    any object in it is one from this size on; 0: it is none.
    """

    foreground: float = 0.5
    smooth: float = 0.2
    peak: float = 0.5
    least_px: int = 20
    alone_px: int = 0


def instances(foreground: Map, offset: Map, cut: Cut) -> NDArray[np.int32]:
    """(h, w) probabilities and (2, h, w) offsets in pixels -> (h, w) ids 1, 2, ..., or 0."""
    from skimage.segmentation import watershed

    labels: NDArray[np.int32] = np.zeros(foreground.shape, np.int32)
    rows, columns = np.nonzero(foreground > cut.foreground)
    if not len(rows):
        return labels
    pull = offset[:, rows, columns]
    to_rows = np.clip(np.rint(rows + pull[0]).astype(np.int64), 0, labels.shape[0] - 1)
    to_columns = np.clip(np.rint(columns + pull[1]).astype(np.int64), 0, labels.shape[1] - 1)
    radius = max(RADIUS_OF_OFFSET * float(np.median(np.hypot(pull[0], pull[1]))), 1.0)
    sigma = float(np.clip(cut.smooth * radius, LEAST_SIGMA_PX, MOST_SIGMA_PX))
    votes = np.bincount(to_rows * labels.shape[1] + to_columns, minlength=labels.size)
    smooth = ndimage.gaussian_filter(
        votes.reshape(labels.shape).astype(np.float32), sigma, truncate=3.0
    )
    highest = ndimage.maximum_filter(smooth, size=2 * math.ceil(1.5 * sigma) + 1)
    enough = cut.peak * (CORE * radius / sigma) ** 2 / 2
    markers, _ = ndimage.label((smooth == highest) & (smooth > enough))
    basins = watershed(-smooth, markers, mask=smooth > 1e-3)
    labels[rows, columns] = basins[to_rows, to_columns]
    found = tidy(labels, cut.least_px)
    return with_pieces(found, foreground > cut.foreground, cut.alone_px) if cut.alone_px else found


def with_pieces(
    labels: NDArray[np.int32], foreground: NDArray[np.bool_], least_px: int
) -> NDArray[np.int32]:
    """Labels, and after them every piece of foreground that holds none of them."""
    pieces, count = ndimage.label(foreground)
    if not count:
        return labels
    sizes = np.bincount(pieces.ravel(), minlength=count + 1)
    alone = sizes >= least_px
    alone[pieces[labels > 0]] = False
    alone[0] = False
    names = np.zeros(count + 1, np.int32)
    names[alone] = np.arange(1, int(alone.sum()) + 1) + int(labels.max())
    return np.where(labels > 0, labels, names[pieces]).astype(np.int32)


def tidy(labels: NDArray[np.int32], least_px: int) -> NDArray[np.int32]:
    """Without objects below `least_px` pixels, ids without gaps."""
    sizes = np.bincount(labels.ravel())
    keep = sizes >= least_px
    keep[0] = False
    names = np.zeros(len(sizes), np.int32)
    names[keep] = np.arange(1, int(keep.sum()) + 1)
    return np.asarray(names[labels], np.int32)
