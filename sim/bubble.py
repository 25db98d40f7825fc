"""An air bubble that drifts through the field: a dark disk, out of focus, with a bright rim."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.faults import FaultKind
from sim.hashing import uniform_of

if TYPE_CHECKING:
    from sim.faults import Faults
    from sim.grain import Image

_RADIUS_UM = 55.0


def bubble_over(image: Image, faults: Faults, seed: int, time_s: float, pixel_um: float) -> None:
    """Darken and blur-ring the image (in place) where the bubble is at `time_s`.

    The bubble rides on the objective: it crosses the camera's field once per window.
    """
    fault = faults.at(FaultKind.BUBBLE, time_s)
    if fault is None:
        return
    height, width = image.shape
    way = (time_s - fault.from_s) / (fault.to_s - fault.from_s)
    radius = min(_RADIUS_UM / pixel_um, 0.35 * min(height, width))
    column = way * (width + radius) - radius / 2
    row = height * (0.3 + 0.4 * uniform_of(seed, round(fault.from_s * 1e6), 91))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(row)
    x = np.arange(width, dtype=np.float32)[None, :] - np.float32(column)
    rho = np.sqrt(y * y + x * x) * np.float32(1 / radius)
    dark = 0.5 + 0.5 * np.tanh((1 - rho) * 9)
    rim = np.exp(-(((rho - 1.03) / 0.05) ** 2))
    image *= 1 - 0.55 * dark + 0.5 * rim
    image += np.float32(0.12) * rim
