"""Gathers bricks, and questions about them, into a new folder."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bricks import simulated
from policies.mllm.bricks.instructions import instructions
from policies.mllm.bricks.mosaic import mosaics
from policies.mllm.bricks.real import RealSet, read_set, rows
from policies.mllm.bricks.store import write
from policies.mllm.faults import BrickError
from sim.variety import Variety

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.bricks_config import BricksConfig, SetConfig
    from policies.mllm.bricks.brick import Brick

INSTRUCTIONS, MANIFEST = "instructions.jsonl", "manifest.json"
VERSIONS = ("microscout", "numpy", "scipy", "torch")


@dataclass(frozen=True, slots=True)
class Built:
    """How many pictures and questions were written to `folder`."""

    folder: Path
    pictures: int
    questions: int


def build(config: BricksConfig, data: Path, out: Path, tell: Callable[[str], None]) -> Built:
    """Write bricks, instructions and manifest; the folder appears when all of it is there.

    `tell` gets a line of progress after each picture. Raises BrickError where a set is missing or
    unfit, before anything is written wherever that can be seen from its table.
    """
    for one in config.sets:
        check_set(data / one.folder)
    part = out.with_name(f".{out.name}-{os.getpid()}.part")
    out.parent.mkdir(parents=True, exist_ok=True)
    counts: Counter[tuple[str, str, str]] = Counter()
    asked: Counter[str] = Counter()
    try:
        bricks = Remembered(every(config, data))
        part.mkdir()
        with (part / INSTRUCTIONS).open("w", encoding="utf-8") as file:
            for number, row in enumerate(write(part, bricks)):
                brick = bricks.last
                source = brick.provenance
                counts[source.source, source.split, source.licence] += 1
                rng = np.random.default_rng([config.seed, number, 3])
                for item in instructions(brick, config.questions, rng):
                    line = {"image": row["file"], **item.as_row()}
                    asked[f"{item.kind} {item.concept}".strip()] += 1
                    line |= {"provenance": row["provenance"], "licence": source.licence}
                    file.write(json.dumps(line) + "\n")
                tell(f"{number + 1} pictures, {asked.total()} questions; {source.source}")
        manifest = _manifest(config, counts, asked)
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        part.rename(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Built(out, counts.total(), asked.total())


class Remembered:
    """Passes bricks on, and remembers the last one."""

    def __init__(self, bricks: Iterator[Brick]) -> None:
        self._bricks = bricks
        self.last: Brick

    def __iter__(self) -> Iterator[Brick]:
        for brick in self._bricks:
            self.last = brick
            yield brick


def every(config: BricksConfig, data: Path) -> Iterator[Brick]:
    """Bricks of all sets and of the simulator, in the configuration's order."""
    for number, one in enumerate(config.sets):
        yield from _of_set(config, one, data, number)
    if config.simulator is None:
        return
    chosen = config.simulator.variety.model_dump(exclude_none=True)
    for split, drawn in config.simulator.splits.items():
        if split in config.splits:
            yield from simulated(drawn.seed, drawn.count, split, Variety(**chosen))


def _of_set(config: BricksConfig, one: SetConfig, data: Path, number: int) -> Iterator[Brick]:
    real = RealSet(data / one.folder, one.role, one.radius_px)
    if one.role != "crops":
        yield from read_set(real, config.splits)
        return
    for place, split in enumerate(config.splits):
        count = one.mosaics.get(split, 0)
        if count:
            rng = np.random.default_rng([config.seed, number, place])
            yield from mosaics(real, (split,), count, rng)


def check_set(folder: Path) -> None:
    """BrickError where an image is in two splits: what is tested must not be trained on."""
    seen: dict[str, str] = {}
    for row in rows(folder, ("train", "val", "test")):
        before = seen.setdefault(row["image"], row["split"])
        if before != row["split"]:
            raise BrickError(
                f"{folder / 'meta.csv'}: {row['image']} is in the splits {before} and "
                f"{row['split']}; keep one of the two rows"
            )


def _manifest(
    config: BricksConfig, counts: Counter[tuple[str, str, str]], asked: Counter[str]
) -> dict[str, Any]:
    weights = {Path(one.folder).name: one.weight for one in config.sets}
    if config.simulator is not None:
        weights["simulator"] = config.simulator.weight
    return {
        "seed": config.seed,
        "pictures": [
            {"source": source, "split": split, "licence": licence, "count": count}
            for (source, split, licence), count in sorted(counts.items())
        ],
        "tasks": dict(sorted(asked.items())),
        "weights": weights,
        "config": config.model_dump(mode="json"),
        "versions": {name: version(name) for name in VERSIONS},
    }
