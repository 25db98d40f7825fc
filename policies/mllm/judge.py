"""The multimodal judge: loads in the background, answers in one pass, abstains when in doubt."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.judge import JudgeUnavailable
from policies.verdict import Flag, Verdict, abstention

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hardware.data import Frame
    from policies.mllm.asker import Asker, Reply
    from policies.mllm.normal import NormalFrames
    from policies.mllm.objects import Found

NAME = "mllm-1"
LEAST_SIDE_PX = 8
TILES_PX = (1024, 512, 256)  # smaller and smaller where memory runs out
TOO_LARGE = f"out of memory, even in tiles of {TILES_PX[-1]} pixels"


class MllmJudge:
    """Judges one channel of a visit; of a z stack, its sharpest slice.

    The model loads in a thread of its own from the moment the judge is made, so that the first
    frame does not wait for it; only the first verdict does.
    """

    def __init__(
        self,
        channel: str | None = None,
        weights: Path | None = None,
        adapter: Path | None = None,
        *,
        explain: bool = False,
    ) -> None:
        self.channel = channel
        self.explain = explain
        self._weights, self._adapter = weights, adapter
        self._asker: Asker | None = None
        self._trouble: Exception | None = None
        self._normal: dict[tuple[str, str], NormalFrames] = {}
        self._loaded = threading.Event()
        threading.Thread(target=self._load, name="mllm-load", daemon=True).start()

    @property
    def name(self) -> str:
        """Name and version, with the adapter where there is one."""
        return NAME if self._adapter is None else f"{NAME}+{self._adapter.name}"

    def ready(self, timeout_s: float | None = None) -> bool:
        """Wait until the model is loaded. JudgeUnavailable where it cannot be."""
        if not self._loaded.wait(timeout_s):
            return False
        if self._trouble is not None:
            raise JudgeUnavailable(str(self._trouble)) from self._trouble
        return True

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Judge the frames of one visit.

        ValueError without frames, JudgeUnavailable without weights; `latency_s` is left at 0.
        """
        if not frames:
            raise ValueError("no frames to judge")
        from policies.classical.judge import choose

        first = frames[0]
        frame, why_not = choose(frames, self.channel)
        why_not = why_not or (unfit(frame) if frame is not None else "")
        if frame is None or why_not:
            return abstention(first.visit_id, first.key.fov, self.name, target, why_not)
        self.ready()
        assert self._asker is not None
        return self._look(self._asker, frames, frame, target)

    def _look(self, asker: Asker, frames: Sequence[Frame], frame: Frame, target: str) -> Verdict:
        from policies.mllm.objects import on_stage
        from policies.mllm.view import Context, verdict_of

        meta = frame.meta
        answered = attempt(asker, frame.pixels, target, meta.pixel_size_um)
        if answered is None:
            return abstention(frame.visit_id, frame.key.fov, self.name, target, TOO_LARGE)
        reply, found = answered
        normal = self._frames_like(frame, asker)
        context = Context(
            visit_id=frame.visit_id,
            fov=frame.key.fov,
            judge=f"{NAME}+{reply.adapter}" if reply.adapter else NAME,
            target=target,
            objects=on_stage(found, target, meta.x_um, meta.y_um, meta.pixel_size_um),
            anomaly=normal.score(reply.answer.features, reply.answer.seams),
            stack=tuple(f for f in frames if f.meta.channel == meta.channel),
        )
        say = asker.say if self.explain else None
        verdict = verdict_of(reply, found, context, asker.calibration, say)
        # Debris lies in the sample from the first frame to the last: it makes none of them odd.
        if set(verdict.flags) <= {Flag.DEBRIS} and verdict.focus.state.value == "in":
            normal.add(reply.answer.features, reply.answer.seams)
        return verdict

    def _frames_like(self, frame: Frame, asker: Asker) -> NormalFrames:
        from policies.mllm.normal import NormalFrames

        key = (frame.meta.channel, frame.meta.objective)
        if key not in self._normal:
            self._normal[key] = NormalFrames(
                np.asarray(asker.calibration.feature_spread, np.float32)
            )
        return self._normal[key]

    def _load(self) -> None:
        try:
            from policies.mllm.asker import make_asker

            self._asker = make_asker(self._weights, self._adapter)
        except Exception as error:  # told to whoever asks for the first verdict
            self._trouble = error
        finally:
            self._loaded.set()


def attempt(
    asker: Asker, image: NDArray[Any], target: str, pixel_um: float | None
) -> tuple[Reply, Found] | None:
    """Ask about (h, w) or (h, w, c), in smaller and smaller tiles where memory runs out.

    None where it is not even enough for the smallest ones.
    """
    for tile_px in TILES_PX:
        try:
            reply = asker.ask(image, target, pixel_um, tile_px)
            return reply, reply.answer.found
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
    return None


def unfit(frame: Frame) -> str:
    """Why the frame cannot be judged at all; "" when it can."""
    um = frame.meta.pixel_size_um
    if not (math.isfinite(um) and um > 0):
        return f"the pixel size is unknown ({um} um)"
    return unfit_pixels(frame.pixels)


def unfit_pixels(pixels: NDArray[Any]) -> str:
    """Why an image cannot be judged, whatever its pixel size is; "" when it can."""
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and not 1 <= pixels.shape[2] <= 4):
        return (
            f"the image has the shape {pixels.shape}; (height, width), or with 1 to 4 channels, "
            "is needed"
        )
    if min(pixels.shape[:2]) < LEAST_SIDE_PX:
        rows, columns = pixels.shape[:2]
        return (
            f"the image is {columns} x {rows} pixels; at least {LEAST_SIDE_PX} x {LEAST_SIDE_PX} "
            "are needed"
        )
    if not np.isfinite(pixels).all():
        return "the image has pixels that are no numbers (NaN or infinite)"
    if pixels.min() == pixels.max():
        return f"the image is constant (every pixel {pixels.flat[0]})"
    return ""


def out_of_memory(error: BaseException) -> bool:
    """Whether this is what torch or numpy raise when memory runs out."""
    words = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "out of memory" in words
        or "can't allocate memory" in words
    )


__all__ = ["MllmJudge", "attempt", "out_of_memory", "unfit", "unfit_pixels"]
