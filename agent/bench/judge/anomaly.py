"""Faults nobody trained on, told by how unlike a run's own normal frames an image is.

A run is a group of images of one kind: normal frames first, then clean ones and the same with a
fault. AUROC of the anomaly score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.faulty import counts, floats
from policies.measure.ranking import auroc
from sim.variety import Variety

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from policies.mllm.normal import NormalFrames

NORMAL, TESTED = 48, 24  # frames
TILE = (256, 256)
NIGHT = Variety(  # one sample under one setting, as in a run
    name="night",
    objectives=(("20X", 1.0),),
    channels=(("DAPI", 1.0),),
    density_per_mm2=(300.0, 300.0),
    clumping=(0.2, 0.2),
    dead=(0.01, 0.01),
    debris_per_mm2=(5.0, 5.0),
    dividing=0.1,
    signal_e=(300.0, 300.0),
    background=(0.05, 0.05),
    vignetting=(0.2, 0.2),
    sharp=1.0,
    bubble=0.0,
)


def run(bench: Bench) -> dict[str, Any]:
    """Run -> kind of fault -> AUROC; the classical judge has no such score."""
    return {
        "dsb2018 fluorescence, 256 x 256": _run(bench, *_real(bench), None, 0),
        "simulator, one sample": _run(bench, *_simulated(bench), 0.5, 1),
    }


def _run(
    bench: Bench,
    normal: list[NDArray[Any]],
    tested: list[NDArray[Any]],
    um: float | None,
    number: int,
) -> dict[str, Any]:
    from policies.mllm.bricks.novel import NOVEL
    from policies.mllm.normal import LEAST, NormalFrames

    if len(normal) < LEAST:
        return {"normal": len(normal), "not_run": f"fewer than {LEAST} normal frames"}
    bench.say(f"{len(normal)} normal frames, {len(tested)} with {len(NOVEL)} kinds of fault")
    spread = np.asarray(bench.mllm.asker.calibration.feature_spread, np.float32)
    frames = NormalFrames(spread)
    for image in normal:
        look = bench.mllm.look(image, um)
        frames.add(look.features, look.seams)
    clean = [_score(bench, frames, image, um) for image in tested]
    found: dict[str, Any] = {}
    for kind, (name, fault) in enumerate(NOVEL.items()):
        odd = [
            _score(
                bench,
                frames,
                counts(fault(floats(image), bench.rng(5, number, kind, n)), image.ndim),
                um,
            )
            for n, image in enumerate(tested)
        ]
        value = auroc([*clean, *odd], [False] * len(clean) + [True] * len(odd))
        found[name] = None if value is None else round(value, 4)
    return {"normal": len(normal), "tested": len(tested), "auroc": found}


def _score(bench: Bench, frames: NormalFrames, image: NDArray[Any], um: float | None) -> float:
    look = bench.mllm.look(image, um)
    return frames.score(look.features, look.seams) or 0.0


def _real(bench: Bench) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """Normal frames from the validation split, the others from the test split."""
    found = {
        split: [
            brick.image
            for brick in bench.bricks("dsb2018", split=split)
            if brick.modality == "fluorescence" and brick.image.shape[:2] == TILE
        ]
        for split in ("val", "test")
    }
    return _most(bench, found["val"], NORMAL, 8), bench.some(found["test"], TESTED)


def _simulated(bench: Bench) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    from sim.study import study_pictures

    pictures = list(study_pictures(bench.seed + 20, NORMAL + bench.count(TESTED), variety=NIGHT))
    images: list[NDArray[Any]] = [picture.pixels for picture in pictures]
    return _most(bench, images[:NORMAL], NORMAL, 8), images[NORMAL:]


def _most(bench: Bench, images: list[NDArray[Any]], most: int, least: int) -> list[NDArray[Any]]:
    """The share of them, but enough for a score."""
    return images[: max(least, bench.count(min(most, len(images))))]
