"""The two judges behind one kind of answer: places in pixels, whatever the pixel size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hardware.data import Frame, FrameKey, FrameMeta
from policies.verdict import FocusState, SeenObject

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from policies.mllm.sayings import Facts

TYPICAL_UM = 7.0  # radius of a nucleus: gives a pixel size to images whose table has none


@dataclass(frozen=True, slots=True)
class Things:
    """Objects: (n, 2) float64 row and column in pixel edges, (n,) how much like the target."""

    places: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MllmLook:
    """What the multimodal judge says of one image.

    `p_raw` is the probability before a word that nobody taught it is turned down. `focus`: one
    probability for each of `FOCUS_STATES`. `flags`: flag -> probability. `labels`: (h, w) ids.
    """

    p_target: float
    p_raw: float
    taught: bool
    focus: NDArray[np.float64]
    state: FocusState
    relative_blur: float
    flags: dict[str, float]
    features: NDArray[np.float32]
    seams: NDArray[np.float32]
    labels: NDArray[np.int32]
    things: Things
    facts: Facts


@dataclass(frozen=True, slots=True)
class ClassicalLook:
    """What the classical judge says of one image. `p_target` is 0 where it `abstained`."""

    p_target: float
    abstained: bool
    state: FocusState
    score: float
    flags: frozenset[str]
    things: Things


class Mllm:
    """The multimodal judge's model, with its own reading of instances and flags."""

    def __init__(self, weights: Path | None) -> None:
        from policies.mllm.asker import make_asker
        from policies.mllm.judge import NAME

        self.asker = make_asker(weights, None)
        self.name = NAME

    def look(
        self, image: NDArray[Any], um: float | None = None, target: str = "mitosis"
    ) -> MllmLook:
        """Look at (h, w) or (h, w, 3); `um` is the edge of a pixel where it is known."""
        from policies.mllm.concepts import FLAGS, FOCUS_STATES
        from policies.mllm.objects import on_stage
        from policies.mllm.view import FLAG_AT, facts_of

        reply = self.asker.ask(image, target, um)
        answer = reply.answer
        found = answer.found
        rows, columns = image.shape[:2]
        seen = on_stage(found, target, columns / 2, rows / 2, 1.0)
        flags = {flag.value: float(answer.fields[flag.value][1]) for flag in FLAGS}
        state = FOCUS_STATES[int(np.argmax(answer.fields["focus"]))]
        called = tuple(name for name, p in flags.items() if p >= FLAG_AT)
        return MllmLook(
            p_target=reply.p_target,
            p_raw=float(answer.fields["target"][1]),
            taught=reply.taught,
            focus=answer.fields["focus"],
            state=state,
            relative_blur=answer.relative_blur,
            flags=flags,
            features=answer.features,
            seams=answer.seams,
            labels=found.labels,
            things=_things(seen),
            facts=facts_of(seen, target, state, called),
        )

    def p_of(self, image: NDArray[Any], um: float | None, question: str) -> float:
        """Probability that what is asked for is in view."""
        return self.asker.ask(image, question, um).p_target


def classical(image: NDArray[Any], um: float) -> ClassicalLook:
    """The classical judge on (h, w) uint8 or uint16, asked for mitosis."""
    from policies.classical.judge import ClassicalJudge

    verdict = ClassicalJudge().judge([frame_of(image, um)], target="mitosis")
    half = np.array(image.shape[:2]) / 2
    things = _things(verdict.objects)
    return ClassicalLook(
        p_target=0.0 if verdict.abstained else float(verdict.p_target or 0.0),
        abstained=verdict.abstained,
        state=verdict.focus.state,
        score=verdict.focus.score,
        flags=frozenset(flag.value for flag in verdict.flags),
        things=Things(things.places / um + half, things.scores),
    )


def classical_labels(image: NDArray[Any], um: float) -> NDArray[np.int32]:
    """The classical judge's nuclei, (h, w) ids at the image's own pixels."""
    from policies.classical.field import prepare
    from policies.classical.segment import segment

    field = prepare(image, um)
    labels = segment(field).labels
    out = np.zeros(image.shape[:2], np.int32)
    large = labels.repeat(field.factor, axis=0).repeat(field.factor, axis=1)
    out[: large.shape[0], : large.shape[1]] = large
    return out


def assumed_um(radius_px: float | None) -> float:
    """Pixel size at which the typical object (radius from the truth) is a nucleus 14 um wide.

    A microscope knows its pixel size; most tables of image sets do not have it.
    """
    return TYPICAL_UM / radius_px if radius_px else 0.5


def frame_of(image: NDArray[Any], um: float) -> Frame:
    """An image as a judge gets it from the instrument, the stage at (0, 0)."""
    from useq import MDAEvent

    meta = FrameMeta(0.0, "", 0.0, 0.0, 0.0, 10.0, "DAPI", "", um)
    return Frame(0, 0, FrameKey("bench", 0, 0, 0), image, MDAEvent(), meta)


def _things(objects: tuple[SeenObject, ...]) -> Things:
    return Things(
        np.array([(o.y_um, o.x_um) for o in objects], np.float64).reshape(-1, 2),
        np.array([o.score for o in objects], np.float64),
    )
