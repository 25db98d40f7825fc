"""Measured gauges: blur, focus and flags from what the tower saw and what was measured.

Fitted after the tower, on its readings and on `policies.mllm.measures` of the same images, so that
physics and learned features are weighed together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from policies.mllm.model.gauges import WIDTH

if TYPE_CHECKING:
    from policies.mllm.model.gauges import Readings

HIDDEN = 96


@dataclass(frozen=True, slots=True)
class Gauged:
    """Of n images: `blur` (n,) as `Readings.blur`; logits `focus` (n, 4) and `flags` (n, 7)."""

    blur: Tensor
    focus: Tensor
    flags: Tensor


class MeasuredGauges(nn.Module):
    """Features of `joined` to readings."""

    mean: Tensor
    spread: Tensor

    def __init__(self, numbers: int, measures: int, states: int, flags: int, others: int) -> None:
        super().__init__()
        count = WIDTH + 1 + states + flags + others + numbers + measures
        self.split = (1, states, flags)
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))
        self.net = nn.Sequential(
            nn.Dropout(0.15),
            nn.Linear(count, HIDDEN),
            nn.GELU(),
            nn.Dropout(0.2),
            nn.Linear(HIDDEN, sum(self.split)),
        )

    def forward(self, features: Tensor) -> Gauged:
        """(n, features) -> readings; of `joined` the first so many are read."""
        own = features[:, : len(self.mean)]
        scaled = ((own - self.mean) / self.spread).clamp(-5, 5)
        blur, focus, flags = self.net(scaled).split(self.split, 1)
        return Gauged(blur[:, 0], focus, flags)


def joined(readings: Readings, numbers: Tensor, measures: Tensor) -> Tensor:
    """What the tower read, the image's numbers (n, 6) and measures (n, m) -> (n, features).

    The measured gauges leave out the sharpness, the last of the measures: that is for
    `policies.mllm.model.focus_gauge`.
    """
    return torch.cat([readings.embedding, readings.as_evidence(), numbers, measures], 1).float()
