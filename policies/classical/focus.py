"""How sharp a frame is: a measure to rank slices, and one that needs no other slice.

Ranking uses Brenner's gradient (Brenner et al., J. Histochem. Cytochem. 24:100, 1976). A single
frame is judged by the width of its edges, as in Marziliano et al. (ICIP 2002): an edge of height
c blurred by a Gaussian of standard deviation s has its steepest slope c / (sqrt(2 pi) s), so
height over slope gives s in um whatever the brightness, the number of nuclei or the exposure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from policies.classical.field import SMOOTH_UM
from policies.verdict import Focus, FocusState

if TYPE_CHECKING:
    from policies.classical.field import Field, Image
    from policies.classical.segment import Nuclei

SHARP_UM = 1.5  # blur up to this is in focus: with 20X/0.5 within about 4.5 um
SOFT_UM = 2.05  # up to this soft; beyond, a metaphase plate is no longer seen as one
BLOCK_UM = 8.0
STRUCTURE = 6.0  # spread of block means over what noise explains: there is something out there


def brenner(image: Image) -> float:
    """Brenner's gradient: mean squared difference of pixels two columns (or rows) apart."""
    across = image[:, 2:] - image[:, :-2]
    down = image[2:, :] - image[:-2, :]
    return float(np.mean(across * across)) + float(np.mean(down * down))


def judge_focus(field: Field, nuclei: Nuclei) -> Focus:
    """Focus of one frame; the score is 1 / blur (1/um), 0 where nothing shows.

    UNKNOWN for an empty frame, OUT where light is unevenly spread but has no edges.
    """
    if nuclei.count == 0:
        state = FocusState.OUT if _has_structure(field) else FocusState.UNKNOWN
        return Focus(state=state, score=0.0)
    blur = edge_blur_um(field, nuclei)
    if blur <= SHARP_UM:
        state = FocusState.IN
    else:
        state = FocusState.SOFT if blur <= SOFT_UM else FocusState.OUT
    return Focus(state=state, score=round(1.0 / max(blur, 0.1), 4))


def edge_blur_um(field: Field, nuclei: Nuclei) -> float:
    """Standard deviation of the blur of the nuclei's outlines, um; the median nucleus."""
    from scipy import ndimage

    labels, n, um = nuclei.labels, nuclei.count, field.um
    grown = ndimage.maximum_filter(labels, 3).ravel()
    down, across = np.gradient(field.smooth)
    slope = np.hypot(down, across).ravel() / um
    where = np.flatnonzero(grown)
    label, value = grown[where], slope[where].astype(np.float64)
    # Weighted by itself, the slope of the rim counts and the flat inside does not.
    square = np.bincount(label, value * value, minlength=n + 1)[1:]
    noise = (field.smooth_noise / (np.sqrt(2.0) * um)) ** 2
    area = np.bincount(label, minlength=n + 1)[1:]
    square = np.maximum(square - area * noise, 1e-9)
    steep = square / np.maximum(np.bincount(label, value, minlength=n + 1)[1:], 1e-9)
    inside = np.flatnonzero(labels)
    own, light = labels.ravel()[inside], field.smooth.ravel()[inside].astype(np.float64)
    height = np.bincount(own, light * light, minlength=n + 1)[1:] / np.maximum(
        np.bincount(own, light, minlength=n + 1)[1:], 1e-9
    )
    width = height / np.maximum(np.sqrt(2.0 * np.pi) * steep, 1e-9)
    known = SMOOTH_UM**2 + um**2 / 12.0  # our own smoothing and binning
    return float(np.sqrt(max(float(np.median(width)) ** 2 - known, 0.01)))


def _has_structure(field: Field) -> bool:
    side = max(2, round(BLOCK_UM / field.um))
    rows, cols = (length // side for length in field.image.shape)
    if rows < 3 or cols < 3:
        return False
    blocks = field.image[: rows * side, : cols * side].reshape(rows, side, cols, side)
    spread = float(blocks.mean(axis=(1, 3)).std())
    expected = max(field.noise, 1e-6) / side
    return spread > max(STRUCTURE * expected, 0.02 * field.background)
