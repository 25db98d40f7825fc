"""Training samples as an endless, seeded stream of batches."""

from __future__ import annotations

import signal
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from policies.mllm.bricks.sample import Prepared, Recipe, Sample, draw

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Source:
    """Pictures of one kind, and the share of samples drawn from them."""

    name: str
    pictures: Sequence[Prepared]
    weight: float


class Samples(Dataset[dict[str, Tensor]]):
    """Batch n is a function of seed and n alone, so that a resumed training goes on with it."""

    def __init__(
        self,
        sources: Sequence[Source],
        recipe: Recipe,
        seed: int,
        batch: int,
        first: int,
        last: int,
    ) -> None:
        self._sources = [source for source in sources if source.weight > 0 and source.pictures]
        weights = np.array([source.weight for source in self._sources])
        self._odds = np.cumsum(weights / weights.sum())
        self._areas = [_odds_by_size(source.pictures) for source in self._sources]
        self._recipe, self._seed, self._batch = recipe, seed, batch
        self._first, self._last = first, last

    def __len__(self) -> int:
        return self._last - self._first

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        torch.set_num_threads(1)
        rng = np.random.default_rng([self._seed, self._first + index])
        return collate([self._one(rng) for _ in range(self._batch)])

    def _one(self, rng: np.random.Generator) -> Sample:
        which = min(int(np.searchsorted(self._odds, rng.random())), len(self._sources) - 1)
        odds = self._areas[which]
        picture = min(int(np.searchsorted(odds, rng.random())), len(odds) - 1)
        return draw(self._sources[which].pictures[picture], rng, self._recipe)


def _odds_by_size(pictures: Sequence[Prepared]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Large pictures hold more that is different: drawn in proportion to the root of their area."""
    sizes = np.sqrt([p.brick.image.shape[0] * p.brick.image.shape[1] for p in pictures])
    return np.asarray(np.cumsum(sizes / sizes.sum()))


def collate(samples: Sequence[Sample]) -> dict[str, Tensor]:
    """Samples to tensors with a batch axis, by the names of their fields."""
    return {
        field.name: torch.from_numpy(np.stack([getattr(s, field.name) for s in samples]))
        for field in fields(Sample)
    }


def batches(samples: Samples, workers: int) -> DataLoader[dict[str, Tensor]]:
    """The stream; `workers` processes prepare it."""
    return DataLoader(
        samples,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_quiet if workers else None,
    )


def _quiet(_: int) -> None:
    """Ctrl-C is for the process that trains; it ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
