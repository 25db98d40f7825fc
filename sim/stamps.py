"""Blurred pictures of single cells, made once per cell, stage, blur and pixel size, and kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from sim import chromatin, cytoplasm
from sim.cells import Phase

if TYPE_CHECKING:
    from sim.grain import Image

Kind = Literal["chromatin", "cytoplasm", "transmitted"]
SUB = 2  # stamps are sampled this many times per pixel, so that cells move smoothly
_BYTES = 96 << 20
# How many pictures a phase is divided into: one every one to three minutes.
_STEPS = {Phase.PROPHASE: 6, Phase.METAPHASE: 7, Phase.ANAPHASE: 8, Phase.TELOPHASE: 7}
_GROWTH_H = 1.5  # from a daughter's nucleus to a grown one
_GROWTH_STEPS = 9


class Stage(NamedTuple):
    """Which picture of the cell: the phase, and a step within it."""

    phase: Phase
    step: int


class Look(NamedTuple):
    """Everything a stamp depends on beside the cell's own shape."""

    kind: Kind
    blur_um: float
    pixel_um: float


def stage_of(phase: int, progress: float, hours_to_division: float, newborn: bool) -> Stage:
    """The picture that shows a cell in `phase` at `progress` (see `sim.world.Seen`)."""
    known = Phase(phase)
    if known is Phase.INTERPHASE:
        if newborn and progress < _GROWTH_H:
            return Stage(known, int(_GROWTH_STEPS * progress / _GROWTH_H))
        near = int(np.clip(4 - hours_to_division, 0, 3)) if hours_to_division >= 0 else 0
        return Stage(known, _GROWTH_STEPS + near)
    if known is Phase.DEAD:
        return Stage(known, int(np.clip(2 * progress, 0, 4)))
    if known is Phase.DEBRIS:
        return Stage(known, 0)
    steps = _STEPS[known]
    return Stage(known, min(int(progress * steps), steps - 1))


def _progress(stage: Stage) -> float:
    if stage.phase is Phase.INTERPHASE:
        if stage.step < _GROWTH_STEPS:
            return (stage.step + 0.5) / _GROWTH_STEPS
        return 1.0 + (stage.step - _GROWTH_STEPS) / 3
    if stage.phase is Phase.DEAD:
        return stage.step / 2
    if stage.phase is Phase.DEBRIS:
        return 0.0
    return (stage.step + 0.5) / _STEPS[stage.phase]


class Stamps:
    """A bounded cache of stamps. A stamp is (SUB n, SUB n) float32 with n even."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, Stage, Look], Image] = OrderedDict()
        self._bytes = 0

    def get(self, key: int, stage: Stage, shape: chromatin.Shape, look: Look) -> Image:
        """The stamp, sampled at `look.pixel_um / SUB`."""
        name = (key, stage, look)
        found = self._kept.get(name)
        if found is not None:
            self._kept.move_to_end(name)
            return found
        stamp = _make(key, stage, shape, look)
        self._kept[name] = stamp
        self._bytes += stamp.nbytes
        while self._bytes > _BYTES:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.nbytes
        return stamp


def _make(key: int, stage: Stage, shape: chromatin.Shape, look: Look) -> Image:
    if look.kind == "chromatin":
        step = chromatin.STEP_UM
        image = chromatin.chromatin(key, stage.phase, _progress(stage), shape)
    else:
        step = cytoplasm.STEP_UM
        image = cytoplasm.cytoplasm(key, stage.phase, _progress(stage), shape)
        if look.kind == "transmitted":
            image = cytoplasm.transmitted(image)
    return blurred(_trimmed(image), step, look.blur_um, look.pixel_um)


def _trimmed(image: Image) -> Image:
    """Without the empty margin, still centred."""
    size = len(image)
    used = np.flatnonzero((np.abs(image) > 2e-3).any(axis=0) | (np.abs(image) > 2e-3).any(axis=1))
    if not len(used):
        return image[size // 2 - 2 : size // 2 + 2, size // 2 - 2 : size // 2 + 2]
    margin = min(used[0], size - 1 - used[-1])
    return image[margin : size - margin, margin : size - margin]


def blurred(image: Image, step_um: float, blur_um: float, pixel_um: float) -> Image:
    """Blur an image sampled at `step_um` and sample it at `pixel_um / SUB`, centre on centre.

    The camera pixel's own width (standard deviation pixel / sqrt 12) is part of the blur.
    """
    from scipy.ndimage import affine_transform, gaussian_filter

    sigma = float(np.hypot(blur_um, 0.289 * pixel_um))
    reach_um = len(image) * step_um / 2 + 3 * sigma
    margin = int(np.ceil((reach_um - len(image) * step_um / 2) / step_um)) + 1
    padded = np.pad(image, margin)
    padded = gaussian_filter(padded, sigma / step_um, mode="constant", truncate=3.0)
    half = int(np.ceil(reach_um / pixel_um))
    out = pixel_um / SUB
    count = 2 * half * SUB
    zoom = out / step_um
    if abs(zoom - 1) < 1e-9:
        centre, wanted = len(padded) // 2, count // 2
        if wanted <= centre:
            return np.ascontiguousarray(
                padded[centre - wanted : centre + wanted, centre - wanted : centre + wanted]
            )
    shift = (len(padded) - 1) / 2 - (count - 1) / 2 * zoom
    stamp = affine_transform(
        padded, [zoom, zoom], shift, (count, count), order=1, mode="constant", output=np.float32
    )
    return np.asarray(stamp, np.float32)
