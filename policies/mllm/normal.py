"""How unlike a run's own normal frames an image is: the larger of two distances.

The nearest neighbours of an image's pooled features among frames that were judged usable; 1 is as
far as those frames usually are from each other. Nearest-neighbour distance as an anomaly score:
Roth et al., CVPR 2022 (there on patches). And how far two neighbouring rows or columns lie apart
(`policies.mllm.measures.seams`), against the same frames: a slipped read-out leaves the pooled
features nearly as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 8  # frames before a score is given
MOST = 64  # frames kept; then the oldest goes
NEAREST = 3
USUAL_SEAMS = 3.0  # robust standard deviations of the frames' seams: as far as 1 is elsewhere
LEAST_SPREAD = 0.03  # of the logarithm of seams


class NormalFrames:
    """Features of a run's normal frames, in order of time."""

    def __init__(self, spread: NDArray[np.float32]) -> None:
        self._spread = np.maximum(spread, 1e-4)
        self._kept: list[NDArray[np.float32]] = []
        self._seams: list[NDArray[np.float32]] = []

    def score(self, features: NDArray[np.float32], seams: NDArray[np.float32]) -> float | None:
        """Distance (1: usual, larger: odd), or None before `LEAST` frames are known."""
        if len(self._kept) < LEAST:
            return None
        kept = np.stack(self._kept)
        usual = _nearest(kept, kept, skip=1)
        own = _nearest(self._scaled(features)[None], kept, skip=0)
        apart = float(own[0] / max(float(np.median(usual)), 1e-6))
        return max(apart, self._torn(seams))

    def _torn(self, seams: NDArray[np.float32]) -> float:
        """Of `seams` (2,), on the same scale."""
        known = np.stack(self._seams)
        middle = np.median(known, axis=0)
        spread = 1.4826 * np.median(np.abs(known - middle), axis=0)
        return float(((seams - middle) / (USUAL_SEAMS * np.maximum(spread, LEAST_SPREAD))).max())

    def add(self, features: NDArray[np.float32], seams: NDArray[np.float32]) -> None:
        """Remember a frame that looked normal."""
        self._kept.append(self._scaled(features))
        self._seams.append(np.asarray(seams, np.float32))
        if len(self._kept) > MOST:
            self._kept.pop(0)
            self._seams.pop(0)

    def _scaled(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(features / self._spread, np.float32)


def _nearest(
    points: NDArray[np.float32], kept: NDArray[np.float32], skip: int
) -> NDArray[np.float64]:
    squared = (points**2).sum(1)[:, None] + (kept**2).sum(1)[None] - 2 * points @ kept.T
    apart = np.sqrt(np.maximum(np.sort(squared, axis=1), 0))
    return np.asarray(apart[:, skip : skip + NEAREST].mean(axis=1))
