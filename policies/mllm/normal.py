"""How unlike a run's own normal frames an image is: distance to the nearest of them.

The nearest neighbours of an image's pooled features among frames that were judged usable; 1 is as
far as those frames usually are from each other. Nearest-neighbour distance as an anomaly score:
Roth et al., CVPR 2022 (there on patches).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 8  # frames before a score is given
MOST = 64  # frames kept; then the oldest goes
NEAREST = 3


class NormalFrames:
    """Features of a run's normal frames, in order of time."""

    def __init__(self, spread: NDArray[np.float32]) -> None:
        self._spread = np.maximum(spread, 1e-4)
        self._kept: list[NDArray[np.float32]] = []

    def score(self, features: NDArray[np.float32]) -> float | None:
        """Distance (1: usual, larger: odd), or None before `LEAST` frames are known."""
        if len(self._kept) < LEAST:
            return None
        kept = np.stack(self._kept)
        usual = _nearest(kept, kept, skip=1)
        own = _nearest(self._scaled(features)[None], kept, skip=0)
        return float(own[0] / max(float(np.median(usual)), 1e-6))

    def add(self, features: NDArray[np.float32]) -> None:
        """Remember a frame that looked normal."""
        self._kept.append(self._scaled(features))
        if len(self._kept) > MOST:
            self._kept.pop(0)

    def _scaled(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(features / self._spread, np.float32)


def _nearest(
    points: NDArray[np.float32], kept: NDArray[np.float32], skip: int
) -> NDArray[np.float64]:
    squared = (points**2).sum(1)[:, None] + (kept**2).sum(1)[None] - 2 * points @ kept.T
    apart = np.sqrt(np.maximum(np.sort(squared, axis=1), 0))
    return np.asarray(apart[:, skip : skip + NEAREST].mean(axis=1))
