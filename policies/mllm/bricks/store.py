"""Bricks on disk: one .npz per picture and a table of all of them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.bricks.brick import Brick, Provenance
from policies.mllm.bricks.sample import Prepared, prepare
from policies.mllm.faults import BrickError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TABLE = "items.jsonl"
FACTS = ("modality", "pixel_um", "radius_px", "relative_blur", "phases_known", "count", "caption")
MAPS = ("image", "labels", "classes", "bubble")


def write(folder: Path, bricks: Iterable[Brick]) -> Iterator[dict[str, Any]]:
    """Write pictures one by one; yields each one's row of the table as it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", encoding="utf-8") as table:
        for number, brick in enumerate(bricks):
            prepared = prepare(brick)
            maps = {name: getattr(brick, name) for name in MAPS if getattr(brick, name) is not None}
            np.savez_compressed(
                folder / f"{number:06d}.npz", distance=prepared.distance, rim=prepared.rim, **maps
            )
            row = {
                "file": f"{number:06d}.npz",
                **{name: getattr(brick, name) for name in FACTS},
                "provenance": asdict(brick.provenance),
            }
            table.write(json.dumps(row) + "\n")
            yield row


def read(folder: Path, splits: tuple[str, ...] = ("train",)) -> list[Prepared]:
    """Pictures of these splits, with their maps. BrickError where the folder holds none."""
    try:
        lines = (folder / TABLE).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BrickError(
            f"{folder / TABLE}: {error.strerror}; build it with `microscout bricks build`"
        ) from None
    rows = [json.loads(line) for line in lines]
    return [_read(folder, row) for row in rows if row["provenance"]["split"] in splits]


def _read(folder: Path, row: dict[str, Any]) -> Prepared:
    with np.load(folder / row["file"], allow_pickle=False) as file:
        maps: dict[str, Any] = {name: file.get(name) for name in MAPS}
        distance, rim = file["distance"], file["rim"]
    brick = Brick(
        provenance=Provenance(**row["provenance"]),
        **{name: row[name] for name in FACTS},
        **maps,
    )
    return Prepared(brick, distance, rim)
