"""One picture from anywhere, judged without a microscope around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.mllm.judge import NAME, TOO_LARGE, attempt, unfit_pixels
from policies.verdict import Verdict, abstention

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.mllm.asker import Asker


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a picture of h x w pixels.

    Attributes
    ----------
    verdict : positions and areas count from the picture's upper left corner; in micrometres where
        the pixel size is known, else in pixels.
    labels : (h, w) int32 ids of the instances, 0 is background.
    wanted : ids of those that look like what was asked for.
    heat : (h', w') float32 probability of what was asked for, at a scale of its own.
    """

    verdict: Verdict
    labels: NDArray[np.int32]
    wanted: tuple[int, ...]
    heat: NDArray[np.float32]


def judge_picture(
    asker: Asker,
    image: NDArray[Any],
    target: str,
    pixel_um: float | None,
    *,
    name: str = "",
    explain: bool = False,
) -> Judged:
    """Judge (h, w) or (h, w, c), c 1 to 4; abstains where it is no image that can be judged.

    `latency_s` of the verdict is left at 0.
    """
    from policies.mllm.objects import HOT, on_stage
    from policies.mllm.view import Context, verdict_of

    why_not = unfit_pixels(image)
    answered = None if why_not else attempt(asker, image, target, pixel_um)
    if answered is None:
        return _nothing(image, abstention(0, name, NAME, target, why_not or TOO_LARGE))
    reply, found = answered
    um = pixel_um or 1.0
    rows, columns = found.labels.shape
    objects = on_stage(found, target, um * columns / 2, um * rows / 2, um)
    context = Context(
        visit_id=0,
        fov=name,
        judge=f"{NAME}+{reply.adapter}" if reply.adapter else NAME,
        target=target,
        objects=objects,
        anomaly=None,
    )
    say = asker.say if explain else None
    heat = reply.answer.seen.heat[-1]
    return Judged(
        verdict=verdict_of(reply, found, context, asker.calibration, say),
        labels=found.labels,
        wanted=tuple(int(n) + 1 for n in np.flatnonzero(found.asked >= HOT)),
        heat=np.asarray(1.0 / (1.0 + np.exp(-np.clip(heat, -30, 30))), np.float32),
    )


def _nothing(image: NDArray[Any], verdict: Verdict) -> Judged:
    shape = image.shape[:2] if image.ndim >= 2 else (1, 1)
    return Judged(verdict, np.zeros(shape, np.int32), (), np.zeros((1, 1), np.float32))
