"""Detections against true places: matched by distance, best score first, each truth found once.

As PASCAL VOC matches boxes (Everingham et al., IJCV 88:303, 2010), with a distance instead of an
overlap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.measure.ranking import average_precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Matched:
    """Detections of one image that count: (n,) float64 scores, (n,) bool hits; truths missed."""

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    missed: int


def match(
    places: ArrayLike,
    scores: ArrayLike,
    truths: Sequence[ArrayLike],
    ignored: ArrayLike,
    reach: float,
) -> Matched:
    """Match `places` (n, 2) with `scores` (n,) to `truths`, within `reach` (same unit).

    A truth is one thing with one or more places (k, 2): near any of them will do. A second
    detection of a found truth does not count, nor does one near an `ignored` place (m, 2).
    """
    found: set[int] = set()
    kept: list[tuple[float, bool]] = []
    at, values = _points(places), np.asarray(scores, np.float64)
    goals, aside = [_points(truth) for truth in truths], _points(ignored)
    for n in np.argsort(-values, kind="stable"):
        apart = [_distance(goal, at[n]) for goal in goals]
        free = [(d, g) for g, d in enumerate(apart) if g not in found and d <= reach]
        if free:
            found.add(min(free)[1])
            kept.append((float(values[n]), True))
        elif min(apart, default=np.inf) > reach and _distance(aside, at[n]) > reach:
            kept.append((float(values[n]), False))
    return Matched(
        np.array([score for score, _ in kept], np.float64),
        np.array([hit for _, hit in kept], np.bool_),
        len(goals) - len(found),
    )


def detection_precision(matched: Iterable[Matched]) -> float | None:
    """Average precision of the detections of all images together; None without truths."""
    rows = list(matched)
    if not rows:
        return None
    scores = np.concatenate([row.scores for row in rows])
    hits = np.concatenate([row.hits for row in rows])
    return average_precision(scores, hits, sum(row.missed for row in rows))


def _points(places: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(places, np.float64).reshape(-1, 2)


def _distance(points: NDArray[np.float64], place: NDArray[np.float64]) -> float:
    return float(np.hypot(*(points - place).T).min()) if len(points) else float("inf")
