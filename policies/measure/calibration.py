"""Whether a probability means what it says, and what abstaining would gain.

Expected calibration error: Naeini et al., AAAI 2015, and Guo et al., ICML 2017 (bins of equal
width). Bins of equal mass: Nguyen & O'Connor, EMNLP 2015. Accuracy over coverage: Geifman &
El-Yaniv, NeurIPS 2017.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

BINS = 15


def expected_calibration_error(
    probability: ArrayLike, happened: ArrayLike, bins: int = BINS, *, equal_mass: bool = False
) -> float | None:
    """Mean over bins, by mass, of |mean probability - share that happened|; (n,) each, 0 to 1.

    Bins have equal width from 0 to 1, or equal numbers. None where there is nothing.
    """
    p, y = np.asarray(probability, np.float64), np.asarray(happened, np.float64)
    if not p.size:
        return None
    if equal_mass:
        which = np.empty(len(p), np.intp)
        which[np.argsort(p, kind="stable")] = np.arange(len(p)) * bins // len(p)
    else:
        which = np.minimum((p * bins).astype(np.intp), bins - 1)
    gap = np.bincount(which, p - y, minlength=bins)
    return float(np.abs(gap).sum() / len(p))


def accuracy_at_coverage(
    confidence: ArrayLike, correct: ArrayLike, coverages: Sequence[float]
) -> tuple[float | None, ...]:
    """Share correct among the surest; (n,) each. One number for each coverage (0 to 1)."""
    order = np.argsort(-np.asarray(confidence, np.float64), kind="stable")
    right = np.asarray(correct, np.float64)[order]
    if not right.size:
        return (None,) * len(coverages)
    return tuple(float(right[: max(1, round(c * len(right)))].mean()) for c in coverages)
