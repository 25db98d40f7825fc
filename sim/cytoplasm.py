"""What a cytoplasmic stain and a transmitted-light image show of one cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.grain import texture
from sim.grid import BINS, THETA, ball, edge, grid, grid_for
from sim.hashing import key_of, uniform_of

if TYPE_CHECKING:
    from sim.grain import Image
    from sim.grid import Shape

STEP_UM = 0.5
SIZE = 136  # of the largest picture: 68 um
_SPREAD_UM = 13.5  # mean radius of a flat cell
_ROUND_UM = 8.8  # radius of a rounded one


def cytoplasm(key: int, phase: Phase, progress: float, shape: Shape) -> Image:
    """Brightness on a grid of `STEP_UM`, square, cell in the middle, flat cytoplasm about 1.

    `progress` as in `sim.chromatin.chromatin`.
    """
    if phase is Phase.DEBRIS:
        return np.zeros((4, 4), np.float32)
    if phase is Phase.DEAD:
        return _shrivelled(key)
    if phase in (Phase.ANAPHASE, Phase.TELOPHASE):
        return _dividing(key, phase, progress, shape)
    rounding = {Phase.PROPHASE: 0.85 * progress, Phase.METAPHASE: 0.85 + 0.15 * progress}
    if phase is Phase.INTERPHASE:
        return _flat(key, 0.75 * max(0.0, 1 - progress) ** 2, shape, small=min(progress, 1.0))
    image = _flat(key, rounding[phase], shape, small=1.0)
    if phase is Phase.METAPHASE:
        u, v = grid(STEP_UM, len(image)).turned(shape.axis)
        image *= 1 - 0.3 * np.exp(-((u / 2.0) ** 2) - (v / 5.5) ** 4)  # chromosomes keep it out
    return image


def transmitted(image: Image) -> Image:
    """Brightfield-like contrast (about -0.3 to 0.3) of a cell, from its cytoplasm."""
    from scipy.ndimage import gaussian_filter

    image = np.pad(image, 10)  # room for the halo
    rim = gaussian_filter(image, 1.2) - gaussian_filter(image, 3.0)
    return np.asarray(-0.35 * rim - 0.02 * image, np.float32)


def _flat(key: int, rounding: float, shape: Shape, *, small: float) -> Image:
    """A spread cell that rounds up (0 to 1): fewer corners, smaller, thicker, brighter."""
    spread = _SPREAD_UM * shape.size * (0.72 + 0.28 * small)
    radius = spread + (_ROUND_UM * shape.size - spread) * rounding
    stretch = 1 + (1.0 + 0.9 * uniform_of(key, 70)) * 0.35 * (1 - rounding)
    rim = np.ones(BINS, np.float32)
    for order in range(2, 7):
        wave = 0.26 / order**0.5 * (1 - rounding) * uniform_of(key, 71, order)
        turn = 2 * np.pi * uniform_of(key, 72, order)
        rim += np.float32(wave) * np.cos(order * THETA + np.float32(turn))
    rim = np.float32(radius) * np.maximum(rim, np.float32(0.35))
    field = grid_for(STEP_UM, float(rim.max()) * stretch**0.5 + 1.0, SIZE)
    u, v = field.turned(shape.angle)
    rho = np.hypot(u / stretch**0.5, v * stretch**0.5) / rim[field.bins]
    thin = np.exp(rho * rho * np.float32(-1.78)) * np.float32(1.15) + np.float32(0.22)
    profile = thin * (1 - rounding) + 2.3 * rounding * ball(rho)
    fine = texture(key_of(key, 8), field.size, 1.4)
    coarse = texture(key_of(key, 9), field.size, 4.0)
    nucleus = np.hypot(u / 7.4, v / 6.0) / shape.size
    hole = 1 - 0.30 * (1 - rounding) * edge((1 - nucleus) * 6.5, 0.8)
    body = profile * edge((1 - rho) * radius, 0.9) * hole
    return np.asarray(body * (1 + 0.13 * fine + 0.12 * coarse), np.float32)


def _dividing(key: int, phase: Phase, progress: float, shape: Shape) -> Image:
    """Two lobes that move apart, then a furrow between them."""
    if phase is Phase.ANAPHASE:
        late, apart, shrunk = 0.0, 2.0 + 3.2 * progress, 0.9 * progress
    else:
        late, apart, shrunk = progress, 5.2 + 2.8 * progress, 0.9 + 0.6 * progress
    radius = shape.size * (_ROUND_UM - shrunk)
    field = grid_for(STEP_UM, apart + 1.25 * radius + 1.0, SIZE)
    u, v = field.turned(shape.axis)
    image = np.zeros_like(u)
    for side in (1, -1):
        rho = np.hypot((u * side - apart) / (1 + 0.25 * late), v) / radius
        image = np.maximum(image, 2.2 * ball(rho) * edge((1 - rho) * radius, 0.7))
    furrow = 1 - 0.75 * late * np.exp(-((u / 1.3) ** 2))
    grain = 1 + 0.10 * texture(key_of(key, 8), field.size, 1.6)
    return np.asarray(image * furrow * grain * (1 - 0.2 * late), np.float32)


def _shrivelled(key: int) -> Image:
    """A dead cell: a small heap of blebs."""
    field = grid(STEP_UM, SIZE // 3 // 2 * 2)
    image = np.zeros_like(field.x)
    for n in range(5):
        r = 3.6 * uniform_of(key, 80, n)
        phi = 2 * np.pi * uniform_of(key, 81, n)
        radius = 2.0 + 2.6 * uniform_of(key, 82, n)
        rho = np.hypot(field.x - r * np.cos(phi), field.y - r * np.sin(phi)) / radius
        image = np.maximum(image, 1.7 * ball(rho))
    grain = 1 + 0.2 * texture(key_of(key, 83), field.size, 1.2)
    return np.asarray(image * grain, np.float32)
