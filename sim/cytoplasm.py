"""What a cytoplasmic stain and a transmitted-light image show of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.grain import texture
from sim.hashing import key_of, uniform_of

if TYPE_CHECKING:
    from sim.chromatin import Shape
    from sim.grain import Image

STEP_UM = 0.5
SIZE = 136  # 68 um
_SPREAD_UM = 13.5  # mean radius of a flat cell
_ROUND_UM = 8.8  # radius of a rounded one
_AXIS = (np.arange(SIZE, dtype=np.float32) - SIZE / 2 + 0.5) * STEP_UM
_Y, _X = np.meshgrid(_AXIS, _AXIS, indexing="ij")
_BINS = 256  # of the angle round the middle
_BIN = np.asarray(np.arctan2(_Y, _X) * (_BINS / (2 * np.pi)), np.int64)
_THETA = np.arange(_BINS, dtype=np.float32) * np.float32(2 * np.pi / _BINS)


def cytoplasm(key: int, phase: Phase, progress: float, shape: Shape) -> Image:
    """Brightness on a grid of `STEP_UM`, (SIZE, SIZE), flat cytoplasm about 1.

    `progress` as in `sim.chromatin.chromatin`.
    """
    if phase is Phase.DEBRIS:
        return np.zeros((SIZE, SIZE), np.float32)
    if phase is Phase.DEAD:
        return _shrivelled(key)
    if phase in (Phase.ANAPHASE, Phase.TELOPHASE):
        return _dividing(key, phase, progress, shape)
    rounding = {Phase.PROPHASE: 0.85 * progress, Phase.METAPHASE: 0.85 + 0.15 * progress}
    if phase is Phase.INTERPHASE:
        return _flat(key, 0.75 * max(0.0, 1 - progress) ** 2, shape, small=min(progress, 1.0))
    image = _flat(key, rounding[phase], shape, small=1.0)
    if phase is Phase.METAPHASE:
        u, v = _turned(shape.axis)
        image *= 1 - 0.3 * np.exp(-((u / 2.0) ** 2) - (v / 5.5) ** 4)  # chromosomes keep it out
    return image


def transmitted(image: Image) -> Image:
    """Brightfield-like contrast (about -0.3 to 0.3) of a cell, from its cytoplasm."""
    from scipy.ndimage import gaussian_filter

    rim = gaussian_filter(image, 1.2) - gaussian_filter(image, 3.0)
    return np.asarray(-0.35 * rim - 0.02 * image, np.float32)


def _turned(angle: float) -> tuple[Image, Image]:
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * _X + s * _Y, c * _Y - s * _X


def _edge(distance_um: Image, soft_um: float) -> Image:
    ramp = distance_um * np.float32(0.6 / soft_um) + np.float32(0.5)
    return np.asarray(np.clip(ramp, 0, 1), np.float32)


def _flat(key: int, rounding: float, shape: Shape, *, small: float) -> Image:
    """A spread cell that rounds up (0 to 1): fewer corners, smaller, thicker, brighter."""
    u, v = _turned(shape.angle)
    spread = _SPREAD_UM * shape.size * (0.72 + 0.28 * small)
    radius = spread + (_ROUND_UM * shape.size - spread) * rounding
    stretch = 1 + (1.0 + 0.9 * uniform_of(key, 70)) * 0.35 * (1 - rounding)
    rim = np.ones(_BINS, np.float32)
    for order in range(2, 7):
        wave = 0.26 / order**0.5 * (1 - rounding) * uniform_of(key, 71, order)
        turn = 2 * np.pi * uniform_of(key, 72, order)
        rim += np.float32(wave) * np.cos(order * _THETA + np.float32(turn))
    rim = np.float32(radius) * np.maximum(rim, np.float32(0.35))
    rho = np.hypot(u / stretch**0.5, v * stretch**0.5) / rim[_BIN]
    thin = np.exp(rho * rho * np.float32(-1.78)) * np.float32(1.15) + np.float32(0.22)
    ball = 2.3 * np.sqrt(np.maximum(1 - rho**2, 0))
    profile = thin * (1 - rounding) + ball * rounding
    grain = (
        1 + (0.13 * texture(key_of(key, 8), SIZE, 1.4)) + 0.12 * texture(key_of(key, 9), SIZE, 4.0)
    )
    nucleus = np.hypot(u / 7.4, v / 6.0) / shape.size
    hole = 1 - 0.30 * (1 - rounding) * _edge((1 - nucleus) * 6.5, 0.8)
    return np.asarray(profile * _edge((1 - rho) * radius, 0.9) * grain * hole, np.float32)


def _dividing(key: int, phase: Phase, progress: float, shape: Shape) -> Image:
    u, v = _turned(shape.axis)
    late = progress if phase is Phase.TELOPHASE else 0.0
    apart = 2.0 + 3.2 * progress if phase is Phase.ANAPHASE else 5.2 + 2.8 * late
    radius = shape.size * (_ROUND_UM - 0.6 * late - (0.9 * progress if not late else 0.9))
    image = np.zeros_like(u)
    for side in (1, -1):
        rho = np.hypot((u * side - apart) / (1 + 0.25 * late), v) / radius
        lobe = 2.2 * np.sqrt(np.maximum(1 - rho**2, 0)) * _edge((1 - rho) * radius, 0.7)
        image = np.maximum(image, lobe)
    furrow = 1 - 0.75 * late * np.exp(-((u / 1.3) ** 2))
    grain = 1 + 0.10 * texture(key_of(key, 8), SIZE, 1.6)
    return np.asarray(image * furrow * grain * (1 - 0.2 * late), np.float32)


def _shrivelled(key: int) -> Image:
    image = np.zeros_like(_X)
    for n in range(5):
        r = 3.6 * uniform_of(key, 80, n)
        phi = 2 * np.pi * uniform_of(key, 81, n)
        radius = 2.0 + 2.6 * uniform_of(key, 82, n)
        rho = np.hypot(_X - r * np.cos(phi), _Y - r * np.sin(phi)) / radius
        image = np.maximum(image, 1.7 * np.sqrt(np.maximum(1 - rho**2, 0)))
    return np.asarray(image * (1 + 0.2 * texture(key_of(key, 83), SIZE, 1.2)), np.float32)
