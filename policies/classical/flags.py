"""What is wrong with a frame: saturated, dim, uneven, empty, debris, bubble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from policies.verdict import Flag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.classical.condensed import Piece
    from policies.classical.field import Field
    from policies.classical.segment import Nuclei

SATURATED_SHARE = 1e-4  # of the frame
USELESS_SHARE = 0.05  # of the frame: too much to judge
DIM_CONTRAST = 12.0  # nucleus over noise of the smoothed image
UNEVEN_TILT = 0.5  # background from its 5 to its 95 % quantile, relative to the median
DEBRIS_UM2 = 8.0  # at half height
DEBRIS_BRIGHT = 2.5  # times the typical nucleus
BUBBLE_BLOCK_UM = 20.0
BUBBLE_DARK = 0.07  # of the background
BUBBLE_BLOCKS = 5  # dark and adjoining: larger than any cell


def find_flags(
    field: Field, nuclei: Nuclei, pieces: Sequence[Piece], saturated: float, *, sharp: bool
) -> tuple[Flag, ...]:
    """Every flag that applies.

    `pieces` is the bright chromatin found, `saturated` the share of pixels at the ceiling. What is
    not `sharp` is called neither empty nor a bubble.
    """
    found = {
        Flag.SATURATED: saturated > SATURATED_SHARE,
        Flag.DIM: nuclei.count > 0 and nuclei.contrast < DIM_CONTRAST,
        Flag.UNEVEN: field.tilt > UNEVEN_TILT,
        Flag.BUBBLE: sharp and _bubble(field),
        Flag.DEBRIS: any(_speck(piece) for piece in pieces),
        Flag.EMPTY: sharp and nuclei.count == 0,
    }
    return tuple(flag for flag, applies in found.items() if applies)


def _speck(piece: Piece) -> bool:
    """Too small and too bright to be chromatin of a living cell."""
    return piece.area_um2 < DEBRIS_UM2 and piece.peak > DEBRIS_BRIGHT


def _bubble(field: Field) -> bool:
    """A region larger than any cell that is darker than the background around it."""
    from scipy import ndimage

    side = max(2, round(BUBBLE_BLOCK_UM / field.um))
    rows, cols = (length // side for length in field.image.shape)
    if rows < 3 or cols < 3:
        return False
    blocks = field.image[: rows * side, : cols * side].reshape(rows, side, cols, side)
    middle = side * side // 2
    flat = blocks.transpose(0, 2, 1, 3).reshape(rows, cols, -1)
    level = np.partition(flat, middle, axis=2)[:, :, middle]
    least = max(1.5 * field.noise, BUBBLE_DARK * field.background)
    regions, n = ndimage.label(level < -least)
    return n > 0 and int(np.bincount(regions.ravel())[1:].max()) >= BUBBLE_BLOCKS
