"""The connector: what the pixel model saw, as tokens that the decoder can read.

One token per cell of a coarse grid (features, and how much of what was asked for is there), and one
for the whole image (readings, numbers, strongest evidence).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from policies.mllm.model.config import NUMBERS
from policies.mllm.model.gauges import WIDTH, Readings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.mllm.model.config import ScoutConfig

CELL_FACTS = 3  # strongest and mean heat, share of foreground
IMAGE_FACTS = 4  # strongest heat, the hottest 16, 128 and 1024 pixels' mean


class Connector(nn.Module):
    """Features, readings and heat to (grid x grid + 1) tokens."""

    def __init__(self, config: ScoutConfig) -> None:
        super().__init__()
        self.grid = config.grid
        widths = config.tower_widths
        self.norm = nn.LayerNorm(widths[-1] + widths[-2])
        self.cell = nn.Sequential(
            nn.Linear(widths[-1] + widths[-2] + CELL_FACTS, config.hidden_size),
            nn.GELU(),
            nn.Linear(config.hidden_size, config.hidden_size),
        )
        self.place = nn.Parameter(0.02 * torch.randn(1, config.grid**2, config.hidden_size))
        readings = 1 + len(config.focus_states) + len(config.flags) + len(config.modalities)
        self.reading_norm = nn.LayerNorm(WIDTH)
        self.image = nn.Sequential(
            nn.Linear(WIDTH + readings + NUMBERS + IMAGE_FACTS, config.hidden_size),
            nn.GELU(),
            nn.Linear(config.hidden_size, config.hidden_size),
        )

    def forward(
        self,
        features: Sequence[Tensor],
        foreground: Tensor,
        asked: Tensor,
        readings: Readings,
        numbers: Tensor,
    ) -> Tensor:
        """Tokens (b, grid^2 + 1, hidden).

        `features`: five maps; `foreground`, `asked`: (b, h/2, w/2) logits; `numbers`: (b, 6).
        """
        g = self.grid
        coarse = torch.cat(
            [F.adaptive_avg_pool2d(features[-1], g), F.adaptive_max_pool2d(features[-2], g)], 1
        )
        coarse = self.norm(coarse.flatten(2).transpose(1, 2).float())
        bounded = torch.tanh(asked.float() / 6)[:, None]
        facts = torch.cat(
            [
                F.adaptive_max_pool2d(bounded, g),
                F.adaptive_avg_pool2d(bounded, g),
                F.adaptive_avg_pool2d(torch.sigmoid(foreground.float())[:, None], g),
            ],
            1,
        )
        cells = self.cell(torch.cat([coarse, facts.flatten(2).transpose(1, 2)], 2)) + self.place
        whole = torch.cat(
            [
                self.reading_norm(readings.embedding),
                readings.as_evidence(),
                numbers,
                strongest(asked),
            ],
            1,
        )
        return torch.cat([cells, self.image(whole)[:, None]], 1)


def strongest(asked: Tensor) -> Tensor:
    """(b, h, w) logits -> (b, 4): the maximum, and means of the hottest 16, 128, 1024 pixels."""
    flat = asked.float().flatten(1)
    most = flat.shape[1]
    top = flat.topk(min(1024, most), dim=1).values
    parts = [top[:, 0], *(top[:, : min(n, most)].mean(1) for n in (16, 128, 1024))]
    return torch.stack(parts, 1).clamp(-12, 12) / 6
