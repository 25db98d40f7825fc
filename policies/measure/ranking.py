"""How well scores order things: AUROC, average precision and rank correlation.

Formulas: area under the ROC curve as the Mann-Whitney statistic (Hanley & McNeil, Radiology 143:29,
1982); average precision as the sum of precision over steps of recall, without interpolation (as
scikit-learn's `average_precision_score`); rank correlation of Spearman (1904). Ties count half
(AUROC), are one step (average precision), or share their mean rank (Spearman).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def auroc(scores: ArrayLike, positive: ArrayLike) -> float | None:
    """Probability that a positive scores above a negative; (n,) each. None without both kinds."""
    values, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)
    n_pos, n_neg = int(truth.sum()), int((~truth).sum())
    if not n_pos or not n_neg:
        return None
    above = float(rankdata(values)[truth].sum()) - n_pos * (n_pos + 1) / 2
    return above / (n_pos * n_neg)


def average_precision(scores: ArrayLike, positive: ArrayLike, missed: int = 0) -> float | None:
    """Area under precision over recall, highest score first; (n,) each. None without positives.

    `missed`: positives that were given no score at all; they cap the recall.
    """
    values, truth = np.asarray(scores, np.float64), np.asarray(positive, bool)
    total = int(truth.sum()) + missed
    if not total:
        return None
    if not len(values):
        return 0.0
    order = np.argsort(-values, kind="stable")
    values, hits = values[order], np.cumsum(truth[order])
    last = np.append(values[1:] != values[:-1], True)  # of each run of equal scores
    hits, seen = hits[last], np.flatnonzero(last) + 1
    gained = np.diff(hits, prepend=0)
    return float((gained * hits / seen).sum() / total)


def spearman(first: ArrayLike, second: ArrayLike) -> float | None:
    """Correlation of ranks, -1 to 1; (n,) each. None where one of them is constant."""
    a, b = rankdata(np.asarray(first)), rankdata(np.asarray(second))
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])
