"""Focus gauge: blur and focus once more, with the sharpness of rims at the finest scales.

Fitted last, on top of the measured gauges, whose answer it is given. Several small networks are
asked and averaged. Each tells the blur with how uncertain it is; the mass of that distribution
between the bounds of the states joins the states' own logits, so that the two seldom disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from policies.mllm.concepts import OUT_FROM, SOFT_FROM
from policies.mllm.model.gauges import BLUR_FLOOR

if TYPE_CHECKING:
    from policies.mllm.model.measured import Gauged

HIDDEN = 128
MEMBERS = 4
BOUNDS = tuple(math.log2(bound + BLUR_FLOOR) for bound in (SOFT_FROM, OUT_FROM))
LEAST, MOST = -4.0, 1.0  # log2 of how uncertain a blur is, in octaves


@dataclass(frozen=True, slots=True)
class Focused:
    """Of n images: `blur` (n,) as `Readings.blur`, `spread` (n,) in octaves, `focus` (n, 4) logits.

    The blur has a logistic distribution of that spread.
    """

    blur: Tensor
    spread: Tensor
    focus: Tensor


class FocusGauge(nn.Module):
    """All features of `joined`, and what the measured gauges say, to blur and focus."""

    mean: Tensor
    spread: Tensor

    def __init__(self, features: int, states: int) -> None:
        super().__init__()
        count = features + 1 + states
        self.split = (1, 1, states)
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))
        self.nets = nn.ModuleList(_net(count, sum(self.split)) for _ in range(MEMBERS))

    def forward(self, known: Tensor) -> Focused:
        """(n, features) of `with_gauges` -> the mean of blurs and of probabilities."""
        found = self.members(known)
        log_p = torch.stack([one.focus.log_softmax(1) for one in found])
        return Focused(
            torch.stack([one.blur for one in found]).mean(0),
            torch.stack([one.spread for one in found]).mean(0),
            log_p.logsumexp(0) - math.log(len(found)),
        )

    def members(self, known: Tensor) -> list[Focused]:
        """What every network says."""
        scaled = ((known - self.mean) / self.spread).clamp(-5, 5)
        out = []
        for net in self.nets:
            blur, spread, focus = net(scaled).split(self.split, 1)
            width = 2.0 ** spread[:, 0].clamp(LEAST, MOST)
            out.append(Focused(blur[:, 0], width, focus + masses(blur[:, 0], width, focus)))
        return out


def _net(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(0.2),
        nn.Linear(inputs, HIDDEN),
        nn.GELU(),
        nn.Dropout(0.2),
        nn.Linear(HIDDEN, HIDDEN // 2),
        nn.GELU(),
        nn.Linear(HIDDEN // 2, outputs),
    )


def with_gauges(features: Tensor, found: Gauged) -> Tensor:
    """Features (n, f) of `joined` and what the measured gauges say of the same images."""
    return torch.cat([features, found.blur[:, None], found.focus], 1)


def masses(blur: Tensor, spread: Tensor, focus: Tensor) -> Tensor:
    """Log of a logistic distribution's mass in focus, soft and out; 0 for what else there is."""
    low, high = (torch.sigmoid((bound - blur) / spread) for bound in BOUNDS)
    known = torch.stack([low, high - low, 1 - high], 1).clamp(min=1e-4).log()
    return torch.cat([known, torch.zeros_like(focus[:, known.shape[1] :])], 1)
