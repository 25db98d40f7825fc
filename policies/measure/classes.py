"""How often classes are told right. Balanced accuracy: Brodersen et al., ICPR 2010."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def accuracy(predicted: ArrayLike, true: ArrayLike) -> float | None:
    """Share of equal entries; (n,) each. None where there are none."""
    same = np.asarray(predicted) == np.asarray(true)
    return float(same.mean()) if same.size else None


def balanced_accuracy(predicted: ArrayLike, true: ArrayLike) -> float | None:
    """Mean over the true classes of the share told right; (n,) each. None where there are none."""
    p, t = np.asarray(predicted), np.asarray(true)
    recalls = [float((p[t == name] == name).mean()) for name in np.unique(t)]
    return float(np.mean(recalls)) if recalls else None


def sensitivity(called: ArrayLike, positive: ArrayLike) -> float | None:
    """Share of the positives that were called; (n,) bool each. None without positives."""
    truth = np.asarray(positive, bool)
    return float(np.asarray(called, bool)[truth].mean()) if truth.any() else None


def specificity(called: ArrayLike, positive: ArrayLike) -> float | None:
    """Share of the negatives that were not called; (n,) bool each. None without negatives."""
    truth = np.asarray(positive, bool)
    return float(1 - np.asarray(called, bool)[~truth].mean()) if (~truth).any() else None


def count_error(predicted: ArrayLike, true: ArrayLike) -> float | None:
    """Median over images of |predicted - true| / max(true, 1); (n,) each. None without images."""
    p, t = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    return float(np.median(np.abs(p - t) / np.maximum(t, 1))) if p.size else None
