"""Size, shape and brightness of labelled objects, all at once (bincount, no loops)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.classical.segment import Labels

    Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shapes:
    """One value per label 1..n (index 0 is label 1).

    Attributes
    ----------
    row, col : centroid in working pixels.
    area_um2 : area.
    long_um, short_um : whole axes of the ellipse with the same second moments.
    angle : direction of the long axis, radians from the column axis towards rows.
    fill : area over that ellipse's area; near 1 for a convex, round-cornered object.
    """

    row: Column
    col: Column
    area_um2: Column
    long_um: Column
    short_um: Column
    angle: Column
    fill: Column


def moments(where: NDArray[np.intp], label: Labels, width: int, count: int, um: float) -> Shapes:
    """Shapes from second central moments, as in skimage.measure.regionprops.

    `where` are flat indices into an image `width` pixels wide, `label` their labels.
    """
    row, col = np.divmod(where, width)
    return weighted_moments(row, col, label, np.ones(where.size), count, um)


def weighted_moments(
    row: NDArray[np.intp],
    col: NDArray[np.intp],
    label: Labels,
    weight: Column,
    count: int,
    um: float,
) -> Shapes:
    """Shapes of labelled pixels; `weight` makes centroid and axes follow the brightness."""

    def total(values: Column) -> Column:
        return np.bincount(label, values, minlength=count + 1)[1:].astype(np.float64)

    pixels = np.maximum(np.bincount(label, minlength=count + 1)[1:], 1).astype(np.float64)
    mass = np.maximum(total(weight), 1e-9)
    r, c = total(weight * row) / mass, total(weight * col) / mass
    dr, dc = row - r[label - 1], col - c[label - 1]
    rr = total(weight * dr * dr) / mass + 1 / 12  # a pixel is a square, not a point
    cc = total(weight * dc * dc) / mass + 1 / 12
    rc = total(weight * dr * dc) / mass
    middle, half = (rr + cc) / 2, np.hypot((rr - cc) / 2, rc)
    long_px, short_px = 4 * np.sqrt(middle + half), 4 * np.sqrt(np.maximum(middle - half, 1e-3))
    return Shapes(
        row=r,
        col=c,
        area_um2=pixels * um**2,
        long_um=long_px * um,
        short_um=short_px * um,
        angle=np.arctan2(2 * rc, cc - rr) / 2,
        fill=pixels / (np.pi / 4 * long_px * short_px),
    )
