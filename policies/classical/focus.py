"""How sharp a frame is: a measure to rank slices, and one that needs no other slice.

Ranking uses Brenner's gradient (Brenner et al., J. Histochem. Cytochem. 24:100, 1976). A single
frame is judged by the width of its edges, as in Marziliano et al. (ICIP 2002): an edge of height
c blurred by a Gaussian of standard deviation s has its steepest slope c / (sqrt(2 pi) s), so
height over slope gives s (here a little more: the slope is a mean over the rim) whatever the
brightness, the number of nuclei or the exposure. How soft a sharp nucleus looks differs between
samples; relative to its own diameter it differs little.

The limits come from tuning seeds of the simulator (20X, NA 0.5) and public images: in focus the
edges are 0.076 of a nucleus wide, 0.10 at 4 um, 0.12 at 7 to 8 um, where half of the metaphase
plates are no longer recognised. BBBC006 (U2OS, 20X): 0.07 to 0.09 in focus, 0.14 to 0.19 at -32
um. BBBC005: 0.06 to 0.09 unblurred, 0.11 to 0.12 and 0.15 at its two blurs. BBBC038: 0.10 (5 to
95 %: 0.08 to 0.12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.classical.field import SMOOTH_UM
from policies.verdict import Focus, FocusState

if TYPE_CHECKING:
    from policies.classical.features import Column
    from policies.classical.field import Field, Image
    from policies.classical.segment import Nuclei

SHARP, SHARP_UM = 0.102, 1.2  # edges up to this share of a diameter, or this wide: in focus
SOFT, SOFT_UM = 0.121, 2.0  # up to either of these soft; beyond both, out
BLOCK_UM = 8.0
STRUCTURE = 6.0  # spread of block means over what noise explains: there is something out there


@dataclass(frozen=True, slots=True)
class Edges:
    """Width of the outlines (sd of the blur, um) and the same over the nuclei's diameter."""

    blur_um: float
    relative: float


def brenner(image: Image) -> float:
    """Brenner's gradient: mean squared difference of pixels two columns (or rows) apart."""
    across = image[:, 2:] - image[:, :-2]
    down = image[2:, :] - image[:-2, :]
    return float(np.mean(across * across)) + float(np.mean(down * down))


def judge_focus(field: Field, nuclei: Nuclei) -> Focus:
    """Focus of one frame; the score is diameter / edge width, 0 where nothing shows.

    UNKNOWN for an empty frame, OUT where light is unevenly spread but has no edges.
    """
    if nuclei.count == 0:
        state = FocusState.OUT if _has_structure(field) else FocusState.UNKNOWN
        return Focus(state=state, score=0.0)
    edges = measure_edges(field, nuclei)
    if edges.relative <= SHARP or edges.blur_um <= SHARP_UM:
        state = FocusState.IN
    elif edges.relative <= SOFT or edges.blur_um <= SOFT_UM:
        state = FocusState.SOFT
    else:
        state = FocusState.OUT
    return Focus(state=state, score=round(1.0 / max(edges.relative, 0.01), 2))


def measure_edges(field: Field, nuclei: Nuclei) -> Edges:
    """Edges of the nuclei; the median over the area they cover."""
    from scipy import ndimage

    n, um = nuclei.count, field.um
    grown = ndimage.maximum_filter(nuclei.labels, 3).ravel()
    where = np.flatnonzero(grown)
    down, across = np.gradient(field.smooth)
    label = grown[where]
    value = np.hypot(down.ravel()[where], across.ravel()[where]).astype(np.float64) / um
    # Weighted by itself, the slope of the rim counts and the flat inside does not.
    square = np.bincount(label, value * value, minlength=n + 1)[1:]
    noise = (field.smooth_noise / (np.sqrt(2.0) * um)) ** 2
    square = np.maximum(square - noise * np.bincount(label, minlength=n + 1)[1:], 1e-9)
    steepest = square / np.maximum(np.bincount(label, value, minlength=n + 1)[1:], 1e-9)
    own, light = nuclei.label, field.smooth.ravel()[nuclei.where].astype(np.float64)
    total = np.maximum(np.bincount(own, light, minlength=n + 1)[1:], 1e-9)
    height = np.bincount(own, light * light, minlength=n + 1)[1:] / total
    width = height / np.maximum(np.sqrt(2.0 * np.pi) * steepest, 1e-9)
    known = SMOOTH_UM**2 + um**2 / 12.0  # our own smoothing and binning
    blur = np.sqrt(np.maximum(width**2 - known, 0.01))
    area = nuclei.shapes.area_um2
    diameter = np.sqrt(4.0 / np.pi * area)
    return Edges(_median(blur, area), _median(blur / diameter, area))


def _median(values: Column, weights: Column) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2.0)])


def _has_structure(field: Field) -> bool:
    side = max(2, round(BLOCK_UM / field.um))
    rows, cols = (length // side for length in field.image.shape)
    if rows < 3 or cols < 3:
        return False
    blocks = field.image[: rows * side, : cols * side].reshape(rows, side, cols, side)
    spread = float(blocks.mean(axis=(1, 3)).std())
    expected = max(field.noise, 1e-6) / side
    return spread > max(STRUCTURE * expected, 0.02 * field.background)
