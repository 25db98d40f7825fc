"""Condensed chromatin: bright pieces, measured one by one, with their likely partners.

Mitotic chromatin is two to five times as bright as an interphase nucleus because the same DNA
fills less room. Every piece brighter than ordinary nuclei is outlined at half its own height and
measured; the rest of the field is not looked at again, which keeps a verdict fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.classical.features import weighted_moments
from policies.classical.field import bin_pixels

if TYPE_CHECKING:
    from policies.classical.field import Field, Image
    from policies.classical.segment import Labels, Nuclei

ENTER = 1.75  # pieces above this many median nuclei are looked at
FINE_UM = 0.55  # pieces are measured on pixels of about this size, where the camera has them
SHARPEN_UM = 0.5  # Gaussian sigma for measuring: less than for finding
MIN_PIECE_UM2 = 2.0
MOST = 16  # pieces per field, brightest first
REACH_UM = 13.0  # half the side of the window round a piece
HALF = 0.5  # of the peak: the outline
FLOOR = 1.2  # median nuclei: an outline does not reach into ordinary nuclei
HALO_UM = 1.5  # light outside the outline that still belongs to the piece
PAIR_UM = 20.0  # daughters farther apart are not looked for


@dataclass(frozen=True, slots=True)
class Piece:
    """One bright piece. Brightness in median nuclei of the field, lengths in um.

    Attributes
    ----------
    row, col : centre in working pixels.
    peak : brightness at its brightest.
    dna : summed brightness, of it and its halo, in median nuclei.
    area_um2, long_um, short_um, angle : of its outline at half height, weighted by brightness.
    fill : area over the area of the moment ellipse.
    edge : it touches the border of the frame.
    """

    row: float
    col: float
    peak: float
    dna: float
    area_um2: float
    long_um: float
    short_um: float
    angle: float
    fill: float
    edge: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """The best partner of a piece.

    Attributes
    ----------
    other : index of the partner.
    distance_um : between the centres.
    match : 0 to 1: how much the two are alike, parallel, and face each other like daughters.
    """

    other: int
    distance_um: float
    match: float


def find_pieces(field: Field, nuclei: Nuclei) -> tuple[Piece, ...]:
    """Every bright piece of the field, brightest first."""
    from scipy import ndimage

    if nuclei.count == 0:
        return ()
    relative = field.smooth * np.float32(1.0 / nuclei.level)
    labels, count = ndimage.label(relative > ENTER)
    if count == 0:
        return ()
    unit_dna = _median_dna(field, nuclei)
    taken: list[Piece] = []
    for top in sorted(_tops(relative, labels, count), key=lambda at: -float(relative[at])):
        if len(taken) >= MOST:
            break
        piece = _measure(field, nuclei.level, top, unit_dna)
        if piece is not None and not any(_same(piece, other, field.um) for other in taken):
            taken.append(piece)
    return tuple(taken)


def find_pairs(pieces: tuple[Piece, ...], um: float) -> tuple[Pair | None, ...]:
    """The best matching neighbour of each piece within reach, or None."""
    return tuple(_best_partner(index, pieces, um) for index in range(len(pieces)))


def _median_dna(field: Field, nuclei: Nuclei) -> float:
    light = field.image.ravel()[nuclei.where].astype(np.float64)
    total = np.bincount(nuclei.label, light, minlength=nuclei.count + 1)[1:]
    return max(float(np.median(total)) * field.um**2, 1e-6)


def _tops(relative: Image, labels: Labels, count: int) -> list[tuple[int, int]]:
    """(row, column) of the brightest pixel of each label."""
    where = np.flatnonzero(labels)
    order = where[np.lexsort((relative.ravel()[where], labels.ravel()[where]))]
    last = np.searchsorted(labels.ravel()[order], np.arange(1, count + 1), side="right") - 1
    return [divmod(int(at), relative.shape[1]) for at in order[last]]


def _same(piece: Piece, other: Piece, um: float) -> bool:
    """Found twice: from two tops of one piece."""
    return float(np.hypot(piece.row - other.row, piece.col - other.col)) * um < 1.0


@dataclass(frozen=True, slots=True)
class _Window:
    """Fine pixels round a place, background subtracted.

    `um`: their size; `row`, `col`: the first one's place in the frame, in fine pixels; `sides`:
    whether top, left, bottom and right are the frame's own borders.
    """

    pixels: Image
    um: float
    row: int
    col: int
    sides: tuple[bool, bool, bool, bool]


def _window(field: Field, top: tuple[int, int]) -> _Window:
    camera_um = field.um / field.factor
    divisors = [d for d in range(1, field.factor + 1) if field.factor % d == 0]
    fine = max((d for d in divisors if d * camera_um <= FINE_UM), default=1)
    per = field.factor // fine  # fine pixels per working pixel
    reach = max(4, round(REACH_UM / field.um))
    height, width = field.image.shape
    low = max(top[0] - reach, 0), max(top[1] - reach, 0)
    high = min(top[0] + reach + 1, height), min(top[1] + reach + 1, width)
    part = field.pixels[
        low[0] * field.factor : high[0] * field.factor,
        low[1] * field.factor : high[1] * field.factor,
    ]
    return _Window(
        pixels=bin_pixels(part, fine) - field.surface[top],
        um=field.um / per,
        row=low[0] * per,
        col=low[1] * per,
        sides=(low[0] == 0, low[1] == 0, high[0] == height, high[1] == width),
    )


def _measure(field: Field, level: float, top: tuple[int, int], unit_dna: float) -> Piece | None:
    """Outline a piece at half its height on fine pixels, and measure it."""
    from scipy import ndimage

    window = _window(field, top)
    um, scale = window.um, field.um / window.um
    smooth = ndimage.gaussian_filter(window.pixels, SHARPEN_UM / um) * np.float32(1.0 / level)
    near = max(1, round(0.7 * scale))  # the top was found on coarser pixels
    row, col = int((top[0] + 0.5) * scale) - window.row, int((top[1] + 0.5) * scale) - window.col
    patch = (slice(max(row - near, 0), row + near + 1), slice(max(col - near, 0), col + near + 1))
    peak = float(smooth[patch].max())
    outline, _ = ndimage.label(smooth > max(HALF * peak, FLOOR))
    number = int(outline[patch].ravel()[int(smooth[patch].argmax())])
    own = outline == number
    area = float(own.sum()) * um**2
    if number == 0 or area < MIN_PIECE_UM2:
        return None
    r, c = np.nonzero(own)
    light = smooth[r, c].astype(np.float64)
    shape = weighted_moments(r, c, np.ones(r.size, np.int32), light, 1, um)
    halo = ndimage.distance_transform_edt(~own) * um <= HALO_UM
    top_side, left, bottom, right = window.sides
    return Piece(
        row=(float(shape.row[0]) + window.row + 0.5) / scale - 0.5,
        col=(float(shape.col[0]) + window.col + 0.5) / scale - 0.5,
        peak=peak,
        dna=float(window.pixels[halo & ((outline == 0) | own)].sum()) * um**2 / unit_dna,
        area_um2=area,
        long_um=float(shape.long_um[0]),
        short_um=float(shape.short_um[0]),
        angle=float(shape.angle[0]),
        fill=float(shape.fill[0]),
        edge=bool(
            (top_side and r.min() == 0)
            or (left and c.min() == 0)
            or (bottom and r.max() == own.shape[0] - 1)
            or (right and c.max() == own.shape[1] - 1)
        ),
    )


def _best_partner(index: int, pieces: tuple[Piece, ...], um: float) -> Pair | None:
    best: Pair | None = None
    for other, it in enumerate(pieces):
        if other == index:
            continue
        pair = _pair(pieces[index], it, other, um)
        if pair is not None and (best is None or pair.match > best.match):
            best = pair
    return best


def _pair(me: Piece, it: Piece, other: int, um: float) -> Pair | None:
    dr, dc = (it.row - me.row) * um, (it.col - me.col) * um
    distance = float(np.hypot(dr, dc))
    if distance > PAIR_UM:
        return None
    direction = float(np.arctan2(dr, dc))
    alike = min(me.dna, it.dna) / max(me.dna, it.dna, 1e-9)
    facing = (abs(np.sin(direction - me.angle)) + abs(np.sin(direction - it.angle))) / 2
    parallel = abs(np.cos(me.angle - it.angle))
    match = max(alike, 0.0) * facing**4 * parallel**2
    return Pair(other=other, distance_um=distance, match=float(match))
