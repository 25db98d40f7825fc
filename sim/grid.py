"""Square grids round a cell's middle, and the few shapes that all pictures of cells share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.grain import Image

BINS = 256  # of the angle round the middle
THETA = np.arange(BINS, dtype=np.float32) * np.float32(2 * np.pi / BINS)


@dataclass(frozen=True, slots=True)
class Shape:
    """The few numbers by which cells differ: spindle axis and long axis (radian), size, aspect."""

    axis: float
    angle: float
    size: float
    aspect: float


@dataclass(frozen=True, slots=True)
class Grid:
    """Sample points in um from the middle: `x`, `y` (size, size); `bins` index THETA."""

    size: int
    axis: Image
    x: Image
    y: Image
    bins: NDArray[np.int64]

    def turned(self, angle: float) -> tuple[Image, Image]:
        """Coordinates along and across a direction."""
        c, s = np.float32(math.cos(angle)), np.float32(math.sin(angle))
        return c * self.x + s * self.y, c * self.y - s * self.x


@cache
def grid(step_um: float, size: int) -> Grid:
    """The grid of `size` (even) points with this distance."""
    axis = (np.arange(size, dtype=np.float32) - size / 2 + 0.5) * np.float32(step_um)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    bins = np.asarray(np.arctan2(y, x) * (BINS / (2 * np.pi)), np.int64)
    return Grid(size, axis, x, y, bins)


def grid_for(step_um: float, reach_um: float, most: int) -> Grid:
    """A grid that reaches `reach_um` from the middle, at most `most` points wide."""
    return grid(step_um, min(8 * math.ceil(reach_um / (4 * step_um)), most))


def edge(distance_um: Image, soft_um: float) -> Image:
    """1 inside (positive distance), 0 outside, over about `soft_um`."""
    ramp = distance_um * np.float32(0.6 / soft_um) + np.float32(0.5)
    return np.asarray(np.clip(ramp, 0, 1), np.float32)


def dome(rho: Image) -> Image:
    """Height of a flat-topped body at relative radius `rho`."""
    return np.asarray(np.sqrt(np.sqrt(np.maximum(1 - rho * rho, 0))), np.float32)


def ball(rho: Image) -> Image:
    """Thickness of a ball at relative radius `rho`."""
    return np.asarray(np.sqrt(np.maximum(1 - rho * rho, 0)), np.float32)
