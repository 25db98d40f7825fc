"""Real images at known blurs: sharp ones blurred on purpose, and ones recorded out of focus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.bench.judge.lookers import ClassicalLook, MllmLook, assumed_um, classical
from policies.mllm.concepts import OUT_FROM, SOFT_FROM

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from agent.bench.judge.bench import Bench
    from policies.mllm.bricks.brick import Brick

FAR = 0.9  # relative blur; more is not tried
RADIUS_PX = 16.0  # of nuclei in the sets without outlines, as for training
SETS = (  # name, role, radius: which test images are taken
    ("dsb2018", "instances", None),
    ("bbbc005_blur", "focus", RADIUS_PX),
    ("bbbc006_focus", "focus", RADIUS_PX),
)


@dataclass(frozen=True, slots=True)
class Blurred:
    """One image, the blur it has, and what both judges say. `recorded`: nobody blurred it."""

    source: str
    relative_blur: float
    recorded: bool
    mllm: MllmLook
    classical: ClassicalLook


def look_at_blurred(bench: Bench) -> list[Blurred]:
    """Every sharp test image in each of the three states; those recorded blurred as they are."""
    found = []
    for number, (name, role, radius) in enumerate(SETS):
        lit = [b for b in bench.bricks(name, role, radius) if b.modality == "fluorescence"]
        bricks = bench.some([b for b in lit if b.radius_px])
        bench.say(f"{len(bricks)} images of {name}, blurred")
        for n, brick in enumerate(bricks):
            rng = bench.rng(2, number, n)
            if role == "focus":
                found.append(_looked(bench, brick, brick.image, brick.relative_blur or 0.0, True))
            if not brick.relative_blur:
                for blur in blurs(rng):
                    found.append(_looked(bench, brick, blur_image(brick, blur, rng), blur, False))
    return found


def blurs(rng: Generator) -> tuple[float, float, float]:
    """A relative blur in focus, one soft, one out."""
    far = math.exp(rng.uniform(math.log(OUT_FROM), math.log(FAR)))
    return float(rng.uniform(0, SOFT_FROM)), float(rng.uniform(SOFT_FROM, OUT_FROM)), far


def blur_image(brick: Brick, relative_blur: float, rng: Generator) -> NDArray[np.uint16]:
    """Defocused, with as much noise as the camera put in before."""
    from policies.mllm.bricks import degrade
    from policies.mllm.pixels import noise_of

    sharp = grey(brick.image)
    sigma = relative_blur * (brick.radius_px or RADIUS_PX)
    soft = degrade.defocus(sharp[..., None], sigma, rng)[..., 0]
    lost = noise_of(sharp) ** 2 - noise_of(soft) ** 2
    noisy = soft + math.sqrt(max(lost, 0.0)) * rng.standard_normal(sharp.shape)
    return np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)


def grey(image: NDArray[Any]) -> NDArray[np.float32]:
    """(h, w) or (h, w, 3) -> (h, w) float32."""
    return np.asarray(image if image.ndim == 2 else image.mean(axis=2), np.float32)


def _looked(
    bench: Bench, brick: Brick, image: NDArray[Any], relative_blur: float, recorded: bool
) -> Blurred:
    return Blurred(
        source=brick.provenance.source,
        relative_blur=relative_blur,
        recorded=recorded,
        mllm=bench.mllm.look(image),
        classical=classical(grey(image).astype(np.uint16), assumed_um(brick.radius_px)),
    )
