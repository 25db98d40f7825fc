"""What the labelled frames looked like: nearest examples, and how much their labels say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from policies.judge import JudgeUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FILE = "memory.npz"
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest examples: how many, how many of them say yes, and how far the nearest is."""

    count: int
    yes: int
    distance: float

    @property
    def logit(self) -> float:
        """Of the share of yes, with half an example of either kind added."""
        return math.log((self.yes + 0.5) / (self.count - self.yes + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """Of n examples.

    Attributes
    ----------
    features : (n, f) float32, pooled features as in `policies.mllm.reader.pooled`.
    targets : (n,) bool.
    names : of the examples.
    spread : (f,) float32, what features are divided by before distances are taken.
    """

    features: NDArray[np.float32]
    targets: NDArray[np.bool_]
    names: tuple[str, ...]
    spread: NDArray[np.float32]

    def near(self, features: NDArray[np.float32], leave_out: int | None = None) -> Near:
        """The examples nearest to (f,) features, without the one of index `leave_out`."""
        apart = np.square((self.features - features) / self.spread).mean(1)
        if leave_out is not None:
            apart[leave_out] = np.inf
        count = min(NEIGHBOURS, len(apart) - (leave_out is not None))
        nearest = np.argsort(apart, kind="stable")[:count]
        distance = float(np.sqrt(apart[nearest[0]]))
        return Near(count, int(self.targets[nearest].sum()), distance)

    def others(self) -> list[Near]:
        """For each example, the nearest of the others."""
        return [self.near(self.features[n], n) for n in range(len(self.features))]

    def reach(self) -> float:
        """Up to this distance from the nearest example an image is of the same kind as these."""
        apart = [near.distance for near in self.others()]
        return 1.5 * float(np.quantile(apart, 0.95)) + 1e-6


def memory_of(
    features: NDArray[np.float32],
    targets: NDArray[np.bool_],
    names: tuple[str, ...],
    feature_spread: tuple[float, ...],
) -> Memory:
    """A memory; without a fitted spread, that of the examples is taken."""
    spread = np.asarray(feature_spread, np.float32)
    if len(spread) != features.shape[1]:
        spread = features.std(0)
    return Memory(features, targets, names, np.maximum(spread, 1e-3).astype(np.float32))


def write_memory(folder: Path, memory: Memory) -> None:
    """To `memory.npz`."""
    np.savez_compressed(
        folder / FILE,
        features=memory.features,
        targets=memory.targets,
        names=np.asarray(memory.names, dtype=str),
        spread=memory.spread,
    )


def read_memory(folder: Path) -> Memory:
    """JudgeUnavailable where the file is missing or unfit."""
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            memory = Memory(
                np.asarray(file["features"], np.float32),
                np.asarray(file["targets"], np.bool_),
                tuple(str(name) for name in file["names"]),
                np.asarray(file["spread"], np.float32),
            )
        count, width = memory.features.shape
        fit = memory.targets.shape == (count,) and memory.spread.shape == (width,) and count > 1
        fit = fit and bool(np.isfinite(memory.features).all() and (memory.spread > 0).all())
    except Exception as error:  # zip, npy and value errors of many kinds
        first = " ".join(str(error).split())[:120]
        raise JudgeUnavailable(
            f"{path}: cannot be read ({first}); copy the adapter again"
        ) from None
    if not fit:
        raise JudgeUnavailable(f"{path}: its parts do not fit together; copy the adapter again")
    return memory
