"""Average precision of instance segmentation, AP = TP / (TP + FP + FN), pooled over images.

As in Caicedo et al., Nat. Methods 16:1247 (2019) and StarDist (Schmidt et al., MICCAI 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

THRESHOLDS = tuple(round(0.5 + 0.05 * n, 2) for n in range(9))  # IoU 0.5, 0.55 ... 0.9


@dataclass(frozen=True, slots=True)
class Tally:
    """True positives at each of `THRESHOLDS`, objects predicted and true."""

    hits: tuple[int, ...]
    predicted: int
    true: int


def tally(predicted: NDArray[Any], true: NDArray[Any]) -> Tally:
    """Match two label images (h, w) one to one by intersection over union."""
    p, p_ids = _compact(predicted)
    t, t_ids = _compact(true)
    both = np.bincount(t.ravel() * (p_ids + 1) + p.ravel(), minlength=(t_ids + 1) * (p_ids + 1))
    both = both.reshape(t_ids + 1, p_ids + 1).astype(np.float64)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    iou = (both / np.maximum(union, 1))[1:, 1:]
    if not iou.size:
        return Tally((0,) * len(THRESHOLDS), p_ids, t_ids)
    hits = []
    for threshold in THRESHOLDS:
        good = iou >= threshold
        rows, columns = linear_sum_assignment(-(good * (1 + iou)))
        hits.append(int(good[rows, columns].sum()))
    return Tally(tuple(hits), p_ids, t_ids)


def average_precision(tallies: Iterable[Tally]) -> tuple[float, ...]:
    """AP at each of `THRESHOLDS`, pooled over images; 0 where there is nothing."""
    found = list(tallies)
    predicted, true = sum(t.predicted for t in found), sum(t.true for t in found)
    out = []
    for n in range(len(THRESHOLDS)):
        hits = sum(t.hits[n] for t in found)
        out.append(hits / max(predicted + true - hits, 1))
    return tuple(out)


def _compact(labels: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    ids, compact = np.unique(labels, return_inverse=True)
    compact = compact.reshape(labels.shape)
    return (compact, len(ids) - 1) if ids[0] == 0 else (compact + 1, len(ids))
