"""Instance masks: the sharp, noise-free picture of each cell in view, cut at its rim."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.canvas import paste
from sim.cells import PROPHASE, Phase
from sim.grid import Shape
from sim.stamps import SUBPIXELS, Look, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sim.grain import Image
    from sim.stamps import Kind, Stamps
    from sim.world import Rect, Seen

    Mask = NDArray[np.bool_]

_REACH_UM = {"chromatin": 14.0, "cytoplasm": 34.0}  # of a cell's picture
_NUCLEUS, _CONDENSED, _BODY = 0.35, 0.4, 0.25  # where the rim is, shares of the brightness
_LEAST_UM2 = 1.5  # less than that of a cell in view, at the border or under another, is nothing
_LEAST_PIECE = 0.2  # of the bigger of two chromatin masses; smaller bits belong to it


@dataclass(frozen=True, slots=True)
class Outline:
    """One thing in view. `row`, `column`: of its middle (of the part in view, where the middle is
    not), in pixel edges: (0.5, 0.5) is the first pixel's centre. `label` 0: not in the mask.
    """

    row: float
    column: float
    phase: Phase
    label: int
    area_um2: float


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of a cell on the picture's grid: `mask` and `image` (n, m) begin at (top, left)."""

    mask: Mask
    image: Image
    top: int
    left: int
    phase: Phase
    row: float
    column: float


def outlines(
    seen: Seen, rect: Rect, time_s: float, pixel_um: float, kind: Kind, stamps: Stamps
) -> tuple[NDArray[np.uint16], tuple[Outline, ...]]:
    """Instance ids (height, width) uint16 of everything in `rect`, 0 elsewhere, and what they are.

    `kind` "chromatin" gives nuclei, and both chromatin masses of a late division an id each;
    everything else gives whole cells. Where two overlap, the brighter one has the pixel. Debris
    has no id.
    """
    height = round((rect.y1 - rect.y0) / pixel_um)
    width = round((rect.x1 - rect.x0) / pixel_um)
    ids = np.zeros((height, width), np.uint16)
    best = np.zeros((height, width), np.float32)
    shown: Kind = "chromatin" if kind == "chromatin" else "cytoplasm"
    pieces = list(_pieces(seen, rect, time_s, pixel_um, shown, stamps))
    for number, piece in enumerate(pieces, start=1):
        if piece.phase is not Phase.DEBRIS:
            _claim(ids, best, piece, number)
    areas = np.bincount(ids.ravel(), minlength=len(pieces) + 1) * pixel_um**2
    names = np.zeros(len(pieces) + 1, np.uint16)
    kept = np.flatnonzero(areas[1:] >= _LEAST_UM2) + 1
    names[kept] = np.arange(1, len(kept) + 1)
    found = (
        _described(piece, ids, number, int(names[number]), pixel_um)
        for number, piece in enumerate(pieces, start=1)
    )
    things = tuple(one for one in found if one is not None)
    return names[ids], things


def _pieces(
    seen: Seen, rect: Rect, time_s: float, pixel_um: float, kind: Kind, stamps: Stamps
) -> Iterator[_Piece]:
    rows = seen.rows
    hours = (rows["starts"][:, PROPHASE] - time_s) / 3600.0
    for n in np.flatnonzero(rect.grown(_REACH_UM[kind]).holds(seen.x, seen.y)):
        one = rows[n]
        phase = Phase(int(seen.phase[n]))
        stage = stage_of(phase, float(seen.progress[n]), float(hours[n]), one["mother"] > 0)
        shape = Shape(one["axis"], one["angle"], one["size"], one["aspect"])
        stamp = stamps.get(int(one["key"]), stage, shape, Look(kind, 0.0, pixel_um))
        row = float(seen.y[n] - rect.y0) / pixel_um
        column = float(seen.x[n] - rect.x0) / pixel_um
        sub = SUBPIXELS[kind]
        half = len(stamp) // (2 * sub) + 1
        top, left = int(np.floor(row)) - half, int(np.floor(column)) - half
        image = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
        paste(image, stamp, sub, row - top, column - left, float(one["bright"]))
        whole = _cut(image, phase, kind)
        masks = _masses(whole) if kind == "chromatin" and phase in _TWO else [whole]
        for mask in masks:
            centre = (row, column)
            if kind == "chromatin" and mask.any():
                centre = _middle(mask, top, left)
            yield _Piece(mask, image, top, left, phase, *centre)


_TWO = (Phase.ANAPHASE, Phase.TELOPHASE)


def _cut(image: Image, phase: Phase, kind: Kind) -> Mask:
    """Everything within the rim, holes filled, (n, m)."""
    from scipy.ndimage import binary_closing, binary_fill_holes

    top = float(image.max())
    if top <= 0:
        return np.zeros(image.shape, np.bool_)
    if kind == "cytoplasm":
        mask = image > _BODY * top
    elif phase in (Phase.INTERPHASE, Phase.PROPHASE):
        mask = image > _NUCLEUS * np.median(image[image > 0.25 * top])
    else:
        mask = image > _CONDENSED * top
    if phase is Phase.PROPHASE:
        mask = binary_closing(mask, iterations=2)  # between threads
    return np.asarray(binary_fill_holes(mask), np.bool_)


def _masses(mask: Mask) -> list[Mask]:
    """The one or two connected parts of it; bits go to the first."""
    from scipy.ndimage import label

    parts, count = label(mask, np.ones((3, 3)))
    if count < 2:
        return [mask]
    sizes = np.bincount(parts.ravel())[1:]
    order = np.argsort(-sizes, kind="stable")
    if sizes[order[1]] < _LEAST_PIECE * sizes[order[0]]:
        return [mask]
    second = parts == order[1] + 1
    return [mask & ~second, second]


def _claim(ids: NDArray[np.uint16], best: Image, piece: _Piece, number: int) -> None:
    """Give the piece the pixels where it is the brightest so far (in place)."""
    height, width = ids.shape
    n, m = piece.mask.shape
    top, left = max(piece.top, 0), max(piece.left, 0)
    bottom, right = min(piece.top + n, height), min(piece.left + m, width)
    if top >= bottom or left >= right:
        return
    there = (slice(top, bottom), slice(left, right))
    inner = (
        slice(top - piece.top, bottom - piece.top),
        slice(left - piece.left, right - piece.left),
    )
    image = np.maximum(piece.image[inner], np.float32(1e-6))  # holes are part of it
    won = piece.mask[inner] & (image > best[there])
    ids[there][won] = number
    best[there][won] = image[won]


def _described(
    piece: _Piece, ids: NDArray[np.uint16], number: int, label: int, pixel_um: float
) -> Outline | None:
    """What is said of a piece; None where nothing of it is in view."""
    height, width = ids.shape
    row, column = piece.row, piece.column
    inside = 0 <= row < height and 0 <= column < width
    area = float(piece.mask.sum()) * pixel_um**2
    if label:
        mine = ids == number
        area = float(mine.sum()) * pixel_um**2
        if not inside:
            row, column = _middle(mine, 0, 0)
    elif not inside:
        return None
    elif piece.phase is not Phase.DEBRIS:
        area = 0.0
    return Outline(row, column, piece.phase, label, area)


def _middle(mask: Mask, top: int, left: int) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(rows.mean()) + top + 0.5, float(columns.mean()) + left + 0.5
