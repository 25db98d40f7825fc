"""Who is asked: the model as shipped, or with adapters on top and a router in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from policies.mllm.concepts import FOCUS_STATES
from policies.mllm.look import TILE_PX
from policies.mllm.objects import is_of_objects
from policies.mllm.reader import Reader
from policies.mllm.weights import Loaded, load
from policies.verdict import FocusState

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from policies.mllm.calibration import Calibration
    from policies.mllm.reader import Answer
    from policies.mllm.sayings import Facts


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and which adapter gave it ("" for the model as shipped).

    `p_target` is the calibrated probability that what was asked for is in view; with retrieval, the
    labels of the nearest examples are part of it. `taught` is false for words that neither model
    nor adapter was ever taught.
    """

    answer: Answer
    adapter: str
    p_target: float
    taught: bool


class Asker(Protocol):
    """Answers questions about images."""

    @property
    def calibration(self) -> Calibration:
        """Of the model."""

    def ask(
        self, image: NDArray[Any], text: str, pixel_um: float | None, tile_px: int = TILE_PX
    ) -> Reply:
        """One image (h, w) or (h, w, c), one question."""

    def say(self, facts: Facts) -> str:
        """A sentence from facts."""


class PlainAsker:
    """The model as it was loaded."""

    def __init__(self, loaded: Loaded) -> None:
        self.reader = Reader(loaded)

    @property
    def calibration(self) -> Calibration:
        """Of the model."""
        return self.reader.loaded.calibration

    def ask(
        self, image: NDArray[Any], text: str, pixel_um: float | None, tile_px: int = TILE_PX
    ) -> Reply:
        """One image, one question."""
        return plain_reply(self.reader.ask(image, text, pixel_um, tile_px), self.calibration)

    def say(self, facts: Facts) -> str:
        """A sentence from facts."""
        return self.reader.say(facts)


NEVER = 0.02  # an object's score is not taken for surer than this, nor for less likely
UNTAUGHT_P = 0.02  # what is said of a word that the model does not know, beside the abstention


def plain_reply(answer: Answer, calibration: Calibration) -> Reply:
    """What the model says: the target's slot, and the likeliest object where it is one."""
    taught = answer.question.familiar
    p = float(answer.fields["target"][1])
    if taught and calibration.mix is not None and is_of_objects(answer.question.concept):
        seen = (*evidence(answer), 1.0)
        logit = float(np.dot(calibration.mix, seen))
        if calibration.mix_out is not None:
            out = p_out(answer)
            logit = (1 - out) * logit + out * float(np.dot(calibration.mix_out, seen))
        p = float(1 / (1 + np.exp(-logit)))
    return Reply(answer, "", p if taught else min(p, UNTAUGHT_P), taught)


def evidence(answer: Answer) -> tuple[float, float]:
    """The slot's logit (yes less no), and the logit of the likeliest object (-3.9 without any)."""
    no, yes = answer.logits["target"]
    best = float(np.clip(answer.found.asked.max(initial=0.0), NEVER, 1 - NEVER))
    return float(yes - no), float(np.log(best / (1 - best)))


def p_out(answer: Answer) -> float:
    """How probable it is that the image is out of focus."""
    return float(answer.fields["focus"][FOCUS_STATES.index(FocusState.OUT)])


def make_asker(weights: Path | None, adapter: Path | None) -> Asker:
    """Load the model, and the adapter on top. JudgeUnavailable where either cannot be loaded."""
    loaded = load(weights)
    if adapter is None:
        return PlainAsker(loaded)
    from policies.mllm.adapt.router import routed

    return routed(loaded, adapter)
