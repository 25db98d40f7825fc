"""Instances and counts on held-out real images, by modality, and on a domain never trained on.

`seconds_per_image` includes everything from pixels to instances. The classical judge is given the
pixel size at which the typical nucleus is 14 um wide; the multimodal one is not told.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.blurred import grey
from agent.bench.judge.lookers import assumed_um, classical_labels
from policies.measure.classes import count_error
from policies.measure.segmentation import THRESHOLDS, average_precision, tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from policies.mllm.bricks.brick import Brick

SETS = ("dsb2018", "usiigaci_phase", "yeast_movie")
LARGE_PX = 360  # small tiles of one field may lie in both splits; larger ones are told apart
# StarDist 0.9.2 (Schmidt et al., MICCAI 2018) trained for 50 minutes on the same split.
STARDIST = {
    "ap50": 0.772,
    "ap75": 0.330,
    "ap": 0.425,
    "count_error": 0.09,
    "seconds_per_image": 0.8,
}


def run(bench: Bench) -> dict[str, Any]:
    """Group of images -> figures of both judges."""
    groups: dict[str, list[Brick]] = {}
    for name in SETS:
        for brick in (b for b in bench.bricks(name) if b.labels is not None):
            for group in groups_of(brick):
                groups.setdefault(group, []).append(brick)
    out: dict[str, Any] = {}
    done: dict[str, dict[str, Any]] = {}  # an image may be in two groups
    for group, bricks in groups.items():
        chosen = bench.some(bricks)
        bench.say(f"{len(chosen)} images, {group}")
        lit = all(brick.modality == "fluorescence" for brick in chosen)
        rows = [_look(bench, brick, done, lit) for brick in chosen]
        out[group] = {
            "images": len(rows),
            "objects": sum(row["true"] for row in rows),
            "mllm": _figures([row["mllm"] for row in rows], [row["true"] for row in rows]),
            "classical": _figures([row["classical"] for row in rows], [row["true"] for row in rows])
            if lit
            else None,
        }
    if "fluorescence" in out:
        out["fluorescence"]["stardist"] = STARDIST
    return {
        "ap": "TP / (TP + FP + FN), pooled; `ap` is the mean over IoU 0.5:0.05:0.9",
        "groups": out,
    }


def groups_of(brick: Brick) -> tuple[str, ...]:
    """The groups an image is reported in."""
    source, modality = brick.provenance.source, brick.modality
    if source == "yeast_movie":
        return (f"yeast (new domain), {modality}",)
    if source != "dsb2018":
        return (modality,)
    large = modality == "fluorescence" and min(brick.image.shape[:2]) >= LARGE_PX
    return (modality, f"fluorescence, {LARGE_PX} px and larger") if large else (modality,)


def _look(bench: Bench, brick: Brick, done: dict[str, dict[str, Any]], lit: bool) -> dict[str, Any]:
    key = f"{brick.provenance.source}/{brick.provenance.name}"
    if key in done:
        return done[key]
    assert brick.labels is not None
    um = assumed_um(brick.radius_px)
    row = {
        "true": len(np.unique(brick.labels[brick.labels > 0])),
        "mllm": _timed(lambda: bench.mllm.look(brick.image, brick.pixel_um).labels, brick.labels),
    }
    if lit:
        pixels = grey(brick.image).astype(np.uint16)
        row["classical"] = _timed(lambda: classical_labels(pixels, um), brick.labels)
    done[key] = row
    return row


def _timed(make: Callable[[], NDArray[np.int32]], true: NDArray[np.uint16]) -> tuple[Any, float]:
    started = time.perf_counter()
    labels = make()
    seconds = time.perf_counter() - started
    return tally(labels, true), seconds


def _figures(rows: list[tuple[Any, float]], true: list[int]) -> dict[str, float | None]:
    ap = average_precision(t for t, _ in rows)
    error = count_error([t.predicted for t, _ in rows], true)
    return {
        "ap50": round(ap[0], 4),
        "ap75": round(ap[THRESHOLDS.index(0.75)], 4),
        "ap": round(float(np.mean(ap)), 4),
        "count_error": None if error is None else round(error, 4),
        "seconds_per_image": round(float(np.median([s for _, s in rows])), 3),
    }
