"""Frames with and without a bright square, and an adapter taught on them within seconds."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from policies.mllm.adapt.examples import Example
from policies.mllm.adapt.train import Schedule

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Schedule(point_steps=12, answer_steps=4, batch=4, checks=2)


def square(number: int, *, target: bool, boxed: bool = True, side: int = 64) -> Example:
    """A noisy RGB frame; with `target` a blue square of 12 pixels in it."""
    rng = np.random.default_rng([number, int(target)])
    image = rng.integers(40, 60, (side, side, 3)).astype(np.uint8)
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    if target:
        x, y = (int(v) for v in rng.integers(4, side - 16, 2))
        image[y : y + 12, x : x + 12, 2] = 220
        boxes = ((x, y, x + 12, y + 12),) if boxed else ()
    return Example(image, target, boxes, None, f"{number}.png")


def squares(count: int, *, boxed: bool = True) -> list[Example]:
    """Every other one with the target."""
    return [square(n, target=n % 2 == 0, boxed=boxed) for n in range(count)]


def write_squares(folder: Path, count: int, *, lines: bool = False) -> Path:
    """A folder with images and `labels.csv`, or `labels.jsonl` with `lines`."""
    folder.mkdir(parents=True)
    rows = []
    for one in squares(count):
        Image.fromarray(one.image).save(folder / one.name)
        answer = "yes" if one.target else "no"
        boxes = [list(box) for box in one.boxes]
        rows.append({"image": one.name, "target": answer, "boxes": json.dumps(boxes)})
    if lines:
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "labels.jsonl").write_text(text, encoding="utf-8")
        return folder
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder
