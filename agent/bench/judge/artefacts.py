"""Faults of images: each kind put into clean test images, against the same images left alone.

AUROC of the flag's probability; sensitivity and specificity of the flag as it is raised (mllm: from
0.5). Clean images that carry the fault already are left out of the negatives. Faults nobody trained
on are told by the anomaly score: `agent.bench.judge.anomaly`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.bench.judge import anomaly
from agent.bench.judge.blurred import grey
from agent.bench.judge.faulty import FAULTS, carries_already, damage
from agent.bench.judge.lookers import assumed_um, classical
from policies.measure.classes import sensitivity, specificity
from policies.measure.ranking import auroc
from policies.mllm.view import FLAG_AT
from policies.verdict import Flag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from agent.bench.judge.lookers import ClassicalLook, MllmLook
    from policies.mllm.bricks.brick import Brick

    Looks = tuple[MllmLook, ClassicalLook | None]

SETS = (("dsb2018", "fluorescence", 40, 1), ("usiigaci_phase", "phase contrast", 7, 2))
TRIES = 5  # until a fault shows
CLASSICAL_KNOWS = tuple(flag for flag in FAULTS if flag is not Flag.MOTION)


def run(bench: Bench) -> dict[str, Any]:
    """Group of images -> kind of fault -> figures of both judges; and the anomaly score."""
    groups = {}
    for number, (name, modality, most, repeats) in enumerate(SETS):
        usable = [b for b in bench.bricks(name) if b.modality == modality and b.radius_px]
        bricks = bench.some(usable, most)
        bench.say(f"{len(bricks)} images of {name}, {len(FAULTS)} kinds of fault")
        groups[modality] = _group(bench, bricks, number, repeats)
    return {"groups": groups, "anomaly": anomaly.run(bench)}


def _group(bench: Bench, bricks: list[Brick], number: int, repeats: int) -> dict[str, Any]:
    clean = [_look(bench, brick, brick.image) for brick in bricks]
    out = {}
    for kind, flag in enumerate(FAULTS):
        left = [
            look
            for look, brick in zip(clean, bricks, strict=True)
            if not carries_already(brick, flag)
        ]
        damaged = []
        for n, brick in enumerate(bricks * repeats):
            image = _damaged(brick, flag, bench.rng(4, number, kind, n))
            if image is not None:
                damaged.append(_look(bench, brick, image))
        out[flag.value] = _figures(flag, left, damaged)
    return out


def _damaged(brick: Brick, flag: Flag, rng: np.random.Generator) -> NDArray[np.uint16] | None:
    tries = (damage(brick, flag, rng) for _ in range(TRIES))
    return next((image for image in tries if image is not None), None)


def _look(bench: Bench, brick: Brick, image: NDArray[Any]) -> Looks:
    beside = None
    if brick.modality == "fluorescence":
        beside = classical(grey(image).astype("uint16"), assumed_um(brick.radius_px))
    return bench.mllm.look(image), beside


def _figures(flag: Flag, clean: list[Looks], damaged: list[Looks]) -> dict[str, Any]:
    looks = [*clean, *damaged]
    true = [False] * len(clean) + [True] * len(damaged)
    p = [look.flags[flag.value] for look, _ in looks]
    beside = [None if c is None else flag.value in c.flags for _, c in looks]
    knows = flag in CLASSICAL_KNOWS and all(said is not None for said in beside)
    return {
        "clean": len(clean),
        "damaged": len(damaged),
        "mllm": {
            "auroc": _rounded(auroc(p, true)),
            **_called([value >= FLAG_AT for value in p], true),
        },
        "classical": _called([bool(said) for said in beside], true) if knows else None,
    }


def _called(called: list[bool], true: list[bool]) -> dict[str, float | None]:
    return {
        "sensitivity": _rounded(sensitivity(called, true)),
        "specificity": _rounded(specificity(called, true)),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
