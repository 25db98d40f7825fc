"""Tower, dense head and gauges together: everything that looks at pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from policies.mllm.model.config import CHANNELS, NUMBERS
from policies.mllm.model.dense import Dense, DenseHead
from policies.mllm.model.gauges import Gauges, Readings
from policies.mllm.model.tower import Tower

if TYPE_CHECKING:
    from policies.mllm.model.config import ScoutConfig


class PixelModel(nn.Module):
    """Pixels to features, dense maps and readings."""

    def __init__(self, config: ScoutConfig) -> None:
        super().__init__()
        widths = config.tower_widths
        self.tower = Tower(CHANNELS + 1, widths, config.tower_blocks)
        self.dense = DenseHead(widths, config.neck_width, config.head_width, config.query_width)
        self.gauges = Gauges(
            widths, NUMBERS, len(config.focus_states), len(config.flags), len(config.modalities)
        )

    def forward(self, pixels: Tensor, numbers: Tensor) -> tuple[list[Tensor], Dense, Readings]:
        """(b, 5, h, w), h and w multiples of 32, and (b, 6) -> features, maps, readings."""
        features = self.tower(pixels)
        return features, self.dense(features), self.gauges(features, numbers)
