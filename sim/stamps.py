"""Blurred pictures of single cells, made once per cell, stage, blur and pixel size, and kept."""

from __future__ import annotations

import math
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

import numpy as np

from sim import chromatin, cytoplasm
from sim.cells import Phase

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.grain import Image
    from sim.grid import Shape

Name = TypeVar("Name")
Kind = Literal["chromatin", "cytoplasm", "transmitted"]
# Stamps are sampled this many times per pixel, so that nuclei move in half pixels.
SUBPIXELS: dict[Kind, int] = {"chromatin": 2, "cytoplasm": 1, "transmitted": 1}
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
        near = int(min(max(4 - hours_to_division, 0), 3)) if hours_to_division >= 0 else 0
        return Stage(known, _GROWTH_STEPS + near)
    if known is Phase.DEAD:
        return Stage(known, int(min(max(2 * progress, 0), 4)))
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


class _Shelf(Generic[Name]):
    """Images by name; the longest unused go when there are too many bytes of them."""

    def __init__(self, most_bytes: int) -> None:
        self._kept: OrderedDict[Name, Image] = OrderedDict()
        self._bytes = 0
        self._most = most_bytes

    def get(self, name: Name) -> Image | None:
        image = self._kept.get(name)
        if image is not None:
            self._kept.move_to_end(name)
        return image

    def put(self, name: Name, image: Image) -> Image:
        self._kept[name] = image
        self._bytes += image.nbytes
        while self._bytes > self._most:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.nbytes
        return image


class Stamps:
    """Makes and keeps stamps, and the unblurred pictures they come from."""

    def __init__(self) -> None:
        self._pictures: _Shelf[tuple[int, Stage, Kind]] = _Shelf(48 << 20)
        self._stamps: _Shelf[tuple[int, Stage, Look]] = _Shelf(64 << 20)

    def get(self, key: int, stage: Stage, shape: Shape, look: Look) -> Image:
        """The stamp: (SUB n, SUB n) float32 with n even, where SUB is `SUBPIXELS[look.kind]`."""
        found = self._stamps.get((key, stage, look))
        if found is not None:
            return found
        kind = look.kind
        picture = self._pictures.get((key, stage, kind))
        if picture is None:
            picture = self._pictures.put((key, stage, kind), _picture(kind, key, stage, shape))
        step = chromatin.STEP_UM if kind == "chromatin" else cytoplasm.STEP_UM
        stamp = blurred(picture, step, look.blur_um, look.pixel_um, SUBPIXELS[kind])
        return self._stamps.put((key, stage, look), stamp)


def _picture(kind: Kind, key: int, stage: Stage, shape: Shape) -> Image:
    """The cell without blur, centred, its empty margin cut off."""
    progress = _progress(stage)
    if kind == "chromatin":
        image = chromatin.chromatin(key, stage.phase, progress, shape)
    else:
        image = cytoplasm.cytoplasm(key, stage.phase, progress, shape)
        if kind == "transmitted":
            image = cytoplasm.transmitted(image)
    size = len(image)
    there = np.abs(image) > 2e-3
    used = np.flatnonzero(there.any(axis=0) | there.any(axis=1))
    margin = min(used[0], size - 1 - used[-1]) if len(used) else size // 2 - 1
    return np.ascontiguousarray(image[margin : size - margin, margin : size - margin])


def blurred(image: Image, step_um: float, blur_um: float, pixel_um: float, sub: int) -> Image:
    """Blur an image sampled at `step_um` and sample it at `pixel_um / sub`, centre on centre.

    The camera pixel's own width (standard deviation pixel / sqrt 12) is part of the blur.
    """
    from scipy.ndimage import affine_transform, correlate1d

    sigma = math.hypot(blur_um, 0.289 * pixel_um)
    while sigma > 4 * step_um:  # fine detail is lost anyway
        image = _halved(image)
        step_um *= 2
    half = math.ceil((len(image) * step_um / 2 + 3 * sigma) / pixel_um)
    count = 2 * half * sub
    zoom = pixel_um / sub / step_um
    margin = math.ceil((count * zoom - len(image)) / 2) + 1
    size = len(image)
    padded = np.zeros((size + 2 * margin, size + 2 * margin), np.float32)
    padded[margin : margin + size, margin : margin + size] = image
    kernel = _gaussian(sigma / step_um)
    padded = correlate1d(correlate1d(padded, kernel, 0, mode="constant"), kernel, mode="constant")
    centre = len(padded) / 2
    if zoom == 1 and len(padded) % 2 == 0:
        low = len(padded) // 2 - count // 2
        return np.ascontiguousarray(padded[low : low + count, low : low + count])
    shift = centre - 0.5 - (count - 1) / 2 * zoom
    stamp = affine_transform(
        padded, [zoom, zoom], shift, (count, count), order=1, mode="constant", output=np.float32
    )
    return np.asarray(stamp, np.float32)


@lru_cache(256)
def _gaussian(sigma: float) -> NDArray[np.float64]:
    at = np.arange(-math.ceil(3 * sigma), math.ceil(3 * sigma) + 1)
    weight = np.exp(-0.5 * (at / sigma) ** 2)
    return np.asarray(weight / weight.sum())


def _halved(image: Image) -> Image:
    if len(image) % 2:
        image = np.pad(image, ((0, 1), (0, 1)))  # half a sample off centre, under heavy blur
    four = image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]
    return np.asarray(four * np.float32(0.25), np.float32)
