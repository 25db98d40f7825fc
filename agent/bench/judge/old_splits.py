"""What an adapter costs on the old test splits when the router is on.

An adapter of 32 examples is put on the model. The old questions are asked of the old pictures with
and without it, and the adapter's own question is asked of them too, where "no" is the right answer.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.fields import USUAL, mosaic_bricks, mosaic_truth, truth_of
from policies.measure.ranking import average_precision
from policies.measure.segmentation import average_precision as pooled_ap
from policies.measure.segmentation import tally

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from policies.mllm.asker import Asker

EXAMPLES, SEED = 32, 0
FIELDS, MOSAICS, OUTLINED = 60, 20, 30  # old pictures
WORD = "mitosis"
YES = 0.5


def run(bench: Bench, data: Path) -> dict[str, Any]:
    """Figures without and with the router, and how often the adapter speaks where it should not."""
    from policies.mllm.adapt.build import Request, build
    from policies.mllm.adapt.pilot import examples_of
    from policies.mllm.adapt.router import routed
    from policies.mllm.weights import load

    target = "platelet"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "adapter"
        build(examples_of(data, target, EXAMPLES, SEED), Request(target, out, SEED), bench.weights)
        asker = routed(load(bench.weights), out)
    bench.say("old test splits, without and with an adapter")
    pictures = _pictures(bench)
    outlined = [b for b in bench.bricks("dsb2018") if b.modality == "fluorescence"]
    outlined = bench.some(outlined, OUTLINED)
    foreign = [(image, um) for image, um, _ in pictures] + [(b.image, None) for b in outlined]
    replies = [asker.ask(image, target, um) for image, um in foreign]
    return {
        "adapter": f"{target}, {EXAMPLES} examples",
        "mitosis_pictures": len(pictures),
        "outlined_pictures": len(outlined),
        "without": _old(bench.mllm.asker, pictures, outlined),
        "with": _old(asker, pictures, outlined),
        "routed_to_adapter": round(float(np.mean([bool(r.adapter) for r in replies])), 4),
        "false_positive_rate": round(float(np.mean([r.p_target >= YES for r in replies])), 4),
    }


def _pictures(bench: Bench) -> list[tuple[NDArray[Any], float | None, bool]]:
    """Image, pixel size, and whether a division is in view; without those cut by the border."""
    from sim.study import study_pictures

    found: list[tuple[NDArray[Any], float | None, bool]] = []
    for picture in study_pictures(bench.seed, bench.count(FIELDS), variety=USUAL):
        truth = truth_of(picture)
        if truth.divisions or not truth.cut:
            found.append((picture.pixels, picture.pixel_um, bool(truth.divisions)))
    for brick in mosaic_bricks(bench, bench.count(MOSAICS)):
        found.append((brick.image, None, bool(mosaic_truth(brick).divisions)))
    return found


def _old(asker: Asker, pictures: list[Any], outlined: list[Any]) -> dict[str, float | None]:
    """Old questions: accuracy and average precision of a mitosis in view, AP of outlines."""
    p = np.array([asker.ask(image, WORD, um).p_target for image, um, _ in pictures])
    there = np.array([present for _, _, present in pictures])
    tallies = [
        tally(asker.ask(b.image, WORD, None).answer.found.labels, b.labels) for b in outlined
    ]
    found = {
        "mitosis_accuracy": float(((p >= YES) == there).mean()),
        "mitosis_ap": average_precision(p, there),
        "outlines_ap50": pooled_ap(tallies)[0] if tallies else None,
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}
