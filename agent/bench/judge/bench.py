"""What the parts share: where the data are, how many pictures, and answers that two parts need."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.bench.judge.blurred import Blurred
    from agent.bench.judge.fields import Field
    from agent.bench.judge.lookers import Mllm
    from agent.bench.judge.sweep import Swept
    from policies.mllm.bricks.brick import Brick

T = TypeVar("T")
LEAST = 4  # pictures, however small the share


class Bench:
    """One run of the benchmark. `share`: of the usual number of pictures, 0 to 1."""

    def __init__(self, data: Path | None, weights: Path | None, seed: int, share: float) -> None:
        self.data, self.weights, self.seed, self.share = data, weights, seed, share
        self.missing: set[str] = set()  # sets that a part wanted and the folder does not have

    @property
    def threads(self) -> int:
        """Of torch, as it is."""
        import torch

        return torch.get_num_threads()

    @cached_property
    def mllm(self) -> Mllm:
        """The model, loaded once."""
        from agent.bench.judge.lookers import Mllm

        return Mllm(self.weights)

    def count(self, usual: int) -> int:
        """How many pictures instead of `usual`."""
        return max(min(LEAST, usual), round(usual * self.share))

    def some(self, items: Sequence[T], most: int | None = None) -> list[T]:
        """At most `most` of them, and of those the share; evenly spread, in order."""
        usual = min(len(items), most or len(items))
        if not usual:
            return []
        places = np.linspace(0, len(items) - 1, self.count(usual)).round().astype(int)
        return [items[n] for n in places]

    def rng(self, *parts: int) -> np.random.Generator:
        """A generator of its own for each purpose."""
        return np.random.default_rng([self.seed, *parts])

    def bricks(
        self,
        name: str,
        role: str = "instances",
        radius_px: float | None = None,
        split: str = "test",
    ) -> list[Brick]:
        """Images of one set and split, in the table's order; none where the set is not there."""
        from policies.mllm.bricks.real import RealSet, read_set

        folder = self.folder(name)
        return list(read_set(RealSet(folder, role, radius_px), (split,))) if folder else []

    def folder(self, name: str) -> Path | None:
        """Of a set, None where it is not there (which the result will say)."""
        if self.data is not None and (self.data / name).is_dir():
            return self.data / name
        self.missing.add(name)
        return None

    def say(self, words: str) -> None:
        """A line of progress on stderr."""
        print(f"bench judge:   {words}", file=sys.stderr, flush=True)

    @cached_property
    def fields(self) -> list[Field]:
        """Simulated fields of the usual variety, looked at by both judges."""
        from agent.bench.judge.fields import SIMULATED, USUAL, look_at_fields

        return look_at_fields(self, "usual", USUAL, self.seed, SIMULATED)

    @cached_property
    def mosaics(self) -> list[Field]:
        """Fields of real single cells, looked at by both judges; none without data."""
        from agent.bench.judge.fields import look_at_mosaics

        return look_at_mosaics(self)

    @cached_property
    def blurred(self) -> list[Blurred]:
        """Real images at known blurs, looked at by both judges; none without data."""
        from agent.bench.judge.blurred import look_at_blurred

        return look_at_blurred(self)

    @cached_property
    def sweeps(self) -> list[Swept]:
        """Simulated fields swept through focus, looked at by both judges."""
        from agent.bench.judge.sweep import look_at_sweeps

        return look_at_sweeps(self)
