"""What was fitted on validation images: temperatures, thresholds, and how features usually vary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from policies.judge import JudgeUnavailable

if TYPE_CHECKING:
    from pathlib import Path

FILE = "calibration.json"
Positive = Annotated[FiniteFloat, Field(gt=0)]
NotNegative = Annotated[FiniteFloat, Field(ge=0)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Calibration(BaseModel):
    """Stored beside the weights.

    Attributes
    ----------
    temperatures : field -> what its logits are divided by (Guo et al., ICML 2017).
    biases : field -> added to the logit of the last label after that (Platt), where fitted.
    blends : field -> weights (slot, measured gauge) of its log-probabilities, instead of a
        temperature, for the fields that are gauged.
    mix : weights (answer of the target's slot, logit of the likeliest object, constant) of the
        target's logit, for what the object head knows; None: the slot alone.
    mix_out : the same for frames that are out of focus; the two logits are averaged by how
        probable that is. None: `mix` for all.
    foreground, smooth, peak, least_px, alone_px : see `policies.mllm.instances.Cut`.
    abstain_below : a target answer less sure than this is an abstention.
    familiar_within : distance of a question's query to the nearest concept's; above, the word is
        one the model was never taught.
    feature_spread : standard deviation of each pooled feature over validation images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperatures: dict[str, Positive] = Field(default_factory=dict)
    biases: dict[str, FiniteFloat] = Field(default_factory=dict)
    blends: dict[str, tuple[NotNegative, NotNegative]] = Field(default_factory=dict)
    mix: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    mix_out: tuple[FiniteFloat, FiniteFloat, FiniteFloat] | None = None
    foreground: Share = 0.5
    smooth: Positive = 0.2
    peak: Positive = 0.5
    least_px: Annotated[int, Field(ge=1)] = 20
    alone_px: Annotated[int, Field(ge=0)] = 0
    abstain_below: Share = 0.6
    familiar_within: Positive = 1.0
    feature_spread: tuple[FiniteFloat, ...] = ()


def read_calibration(folder: Path) -> Calibration:
    """JudgeUnavailable where the file is missing or unfit."""
    path = folder / FILE
    try:
        return Calibration.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise JudgeUnavailable(
            f"{path}: {error.strerror}; copy the whole folder of weights"
        ) from None
    except (ValueError, ValidationError) as error:
        first = " ".join(str(error).split())[:120]
        raise JudgeUnavailable(f"{path}: {first}; copy the file again") from None


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Beside the weights."""
    text = calibration.model_dump_json(indent=1)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")
