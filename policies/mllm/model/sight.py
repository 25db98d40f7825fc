"""What the pixel model saw in a batch of images, as far as the decoder needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from policies.mllm.model.dense import Dense
    from policies.mllm.model.gauges import Readings


@dataclass(frozen=True, slots=True)
class Sight:
    """Of b images: the tower's maps (strides 2 to 32), dense maps, readings, numbers (b, 6)."""

    features: list[Tensor]
    dense: Dense
    readings: Readings
    numbers: Tensor
