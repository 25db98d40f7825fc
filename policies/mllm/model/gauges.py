"""Gauges: whole-image readings (blur, focus, flags, modality) from pooled features.

They are trained with the tower and handed to the decoder as evidence; the blur is also the
continuous estimate that no enumerated answer can give.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Readings:
    """For b images.

    Attributes
    ----------
    blur : (b,) log2 of (relative blur + `BLUR_FLOOR`), see `policies.mllm.concepts`.
    focus : (b, states) logits.
    flags : (b, flags) logits.
    modality : (b, modalities) logits.
    embedding : (b, width) of the last hidden layer; nearness of images is measured in it.
    """

    blur: Tensor
    focus: Tensor
    flags: Tensor
    modality: Tensor
    embedding: Tensor

    def as_evidence(self) -> Tensor:
        """(b, 1 + states + flags + modalities): bounded numbers for the decoder."""
        parts = [self.blur[:, None] / 4, self.focus / 8, self.flags / 8, self.modality / 8]
        return torch.cat(parts, 1).clamp(-2, 2)


BLUR_FLOOR = 0.03
WIDTH = 128


class Gauges(nn.Module):
    """Mean, spread and maximum of every stride, and the image's numbers, to readings."""

    def __init__(
        self, widths: Sequence[int], numbers: int, states: int, flags: int, modalities: int
    ) -> None:
        super().__init__()
        self.split = (1, states, flags, modalities)
        self.norm = nn.LayerNorm(3 * sum(widths) + numbers)
        self.hidden = nn.Sequential(
            nn.Linear(3 * sum(widths) + numbers, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH)
        )
        self.read = nn.Sequential(nn.GELU(), nn.Linear(WIDTH, sum(self.split)))

    def forward(self, features: Sequence[Tensor], numbers: Tensor) -> Readings:
        """Five maps (b, c, h, w) and (b, numbers) -> readings."""
        pooled = [part for f in features for part in _pool(f.float())]
        hidden = self.hidden(self.norm(torch.cat([*pooled, numbers], 1)))
        blur, focus, flags, modality = self.read(hidden).split(self.split, 1)
        return Readings(blur[:, 0], focus, flags, modality, hidden)


def _pool(features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    flat = features.flatten(2)
    mean = flat.mean(2)
    spread = (flat.square().mean(2) - mean.square()).clamp(min=1e-6).sqrt()
    return mean, spread, flat.amax(2)
