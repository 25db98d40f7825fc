"""Saturation: how many pixels sit on the ceiling of the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLATEAU = 5.0  # the top level is that many times as frequent as those just below it together


def saturated_share(plane: NDArray[Any], ceiling: float | None = None) -> float:
    """Share of pixels at the camera's ceiling (0 to 1), 0 where there is no ceiling in sight.

    `ceiling` is given where it is known; else the largest value counts as one if it is a
    converter's own (2**n - 1) or if far more pixels sit on it than just below: a camera of 12 bit
    does not say so.
    """
    top = float(plane.max())
    at_top = int(np.count_nonzero(plane == top))
    known = top in {float((1 << bits) - 1) for bits in (8, 10, 11, 12, 14, 16)}
    if ceiling is not None:
        return at_top / plane.size if top >= ceiling else 0.0
    if not known:
        reach = max(top / 400, 1.0) if top > 255 else 10.0
        below = int(np.count_nonzero(plane >= top - reach)) - at_top
        if at_top < 20 or at_top <= PLATEAU * max(below, 1):
            return 0.0
    return at_top / plane.size
