"""The classical judge: focus, flags, nuclei, counts and a mitosis score from one frame."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from policies.verdict import Flag, Focus, FocusState, SeenObject, Verdict, abstention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Frame
    from policies.classical.condensed import Piece
    from policies.classical.field import Field
    from policies.classical.segment import Nuclei

NAME = "classical-1"
TARGETS = ("mitosis",)
MIN_SIDE = 16  # pixels
TARGET_SCORE = 0.5  # an object at or above this is called by the target's name
P_EMPTY = 0.001  # nothing in view: the target is hardly there either


class ClassicalJudge:
    """Judges one channel of a visit; of a z stack, its sharpest slice.

    It reports focus, flags, objects, count and confluence whenever it can, and abstains on the
    target alone where the frame is out of focus, saturated or the target is not one it knows.
    """

    def __init__(self, channel: str | None = None) -> None:
        self.channel = channel

    @property
    def name(self) -> str:
        """Name and version, as it appears in verdicts."""
        return NAME

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """Judge the frames of one visit. ValueError without frames; `latency_s` is left at 0."""
        if not frames:
            raise ValueError("no frames to judge")
        first = frames[0]
        frame, why_not = choose(frames, self.channel)
        why_not = why_not or (unfit(frame) if frame is not None else "")
        if frame is None or why_not:
            return abstention(first.visit_id, first.key.fov, self.name, target, why_not)
        return self._look(frame, target)

    def _look(self, frame: Frame, target: str) -> Verdict:
        from policies.classical.condensed import find_pairs, find_pieces
        from policies.classical.field import prepare
        from policies.classical.flags import USELESS_SHARE, find_flags
        from policies.classical.focus import judge_focus
        from policies.classical.mitosis import score
        from policies.classical.segment import segment
        from policies.measure.plateau import saturated_share

        saturated = saturated_share(frame.pixels)
        field = prepare(frame.pixels, frame.meta.pixel_size_um)
        nuclei = segment(field)
        focus = judge_focus(field, nuclei)
        sharp = focus.state is not FocusState.OUT
        why_not = ""
        if target not in TARGETS:
            why_not = f"target {target!r} is unknown to this judge; known: {', '.join(TARGETS)}"
        elif saturated > USELESS_SHARE:
            why_not = f"saturated: {saturated:.0%} of the pixels are at the camera's ceiling"
        elif not sharp:
            why_not = "out of focus"
        pieces = () if why_not else find_pieces(field, nuclei)
        pairs = find_pairs(pieces, field.um)
        flags = find_flags(field, nuclei, pieces, saturated, sharp=sharp)
        scores = [score(piece, pair) for piece, pair in zip(pieces, pairs, strict=True)]
        p = max(scores, default=P_EMPTY)
        return Verdict(
            visit_id=frame.visit_id,
            fov=frame.key.fov,
            judge=self.name,
            target=target,
            focus=focus,
            flags=flags,
            objects=_objects(frame, field, nuclei, pieces, scores, target) if sharp else (),
            count=nuclei.count if sharp else None,
            confluence=nuclei.where.size / nuclei.labels.size,
            p_target=None if why_not else round(max(p, P_EMPTY), 4),
            abstained=bool(why_not),
            why_abstained=why_not,
            rationale=_rationale(nuclei, focus, flags, pieces, scores),
        )


def choose(frames: Sequence[Frame], channel: str | None) -> tuple[Frame | None, str]:
    """The frame to judge and "", or None and why there is none.

    `channel` None means the visit's first; of several slices the one with the largest Brenner
    gradient is taken.
    """
    if channel is None:
        channel = min(frames, key=lambda frame: (frame.key.c, frame.index)).meta.channel
    own = [frame for frame in frames if frame.meta.channel == channel]
    if not own:
        seen = ", ".join(dict.fromkeys(frame.meta.channel for frame in frames))
        return None, f"no frame of channel {channel} in this visit (it has {seen})"
    if len(own) == 1:
        return own[0], ""
    from policies.classical.field import bin_pixels
    from policies.classical.focus import brenner

    sharp = [brenner(bin_pixels(f.pixels, 2)) if not unfit(f) else -1.0 for f in own]
    return own[int(np.argmax(sharp))], ""


def unfit(frame: Frame) -> str:
    """Why the pixels cannot be judged at all; "" when they can."""
    pixels, um = frame.pixels, frame.meta.pixel_size_um
    if pixels.ndim != 2:
        return f"the image has {pixels.ndim} dimensions, not 2"
    if pixels.dtype not in (np.uint8, np.uint16):
        return f"pixels are {pixels.dtype}, not uint8 or uint16"
    if min(pixels.shape) < MIN_SIDE:
        rows, cols = pixels.shape
        return f"the image is {cols} x {rows} pixels; at least {MIN_SIDE} x {MIN_SIDE} are needed"
    if not (math.isfinite(um) and um > 0):
        return f"the pixel size is unknown ({um} um)"
    if int(pixels.min()) == int(pixels.max()):
        return f"the image is constant (every pixel {int(pixels.flat[0])})"
    return ""


def _objects(
    frame: Frame,
    field: Field,
    nuclei: Nuclei,
    pieces: tuple[Piece, ...],
    scores: list[float],
    target: str,
) -> tuple[SeenObject, ...]:
    """Every nucleus with the score of the brightest chromatin in it, in stage um."""
    shapes = nuclei.shapes
    best = np.zeros(nuclei.count + 1)
    for piece, value in zip(pieces, scores, strict=True):
        label = nuclei.labels[round(piece.row), round(piece.col)]
        best[label] = max(best[label], value)
    meta, k = frame.meta, field.factor
    rows, cols = frame.pixels.shape
    x = meta.x_um + ((shapes.col + 0.5) * k - cols / 2) * meta.pixel_size_um
    y = meta.y_um + ((shapes.row + 0.5) * k - rows / 2) * meta.pixel_size_um
    return tuple(
        SeenObject(
            x_um=round(float(x[i]), 2),
            y_um=round(float(y[i]), 2),
            area_um2=round(float(shapes.area_um2[i]), 1),
            label=target if best[i + 1] >= TARGET_SCORE else "nucleus",
            score=round(float(best[i + 1]), 4),
        )
        for i in range(nuclei.count)
    )


def _rationale(
    nuclei: Nuclei,
    focus: Focus,
    flags: tuple[Flag, ...],
    pieces: tuple[Piece, ...],
    scores: list[float],
) -> str:
    if nuclei.count == 0:
        return "No nuclei stand out of the background."
    blur = f" (edges {1.0 / focus.score:.0%} of a nucleus wide)" if focus.score > 0 else ""
    words = [f"{nuclei.count} nuclei, focus {focus.state.value}{blur}"]
    if scores:
        top = int(np.argmax(scores))
        piece = pieces[top]
        words.append(
            f"most like a dividing cell (p {scores[top]:.2f}): chromatin {piece.long_um:.0f} x "
            f"{piece.short_um:.0f} um, {piece.peak:.1f} times as bright as the usual nucleus"
        )
    if flags:
        words.append(", ".join(flag.value for flag in flags))
    return "; ".join(words) + "."
