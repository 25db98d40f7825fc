"""The object head: what each instance is, from the features inside its outline.

Every number is given twice: as it is, and against the median of the objects in the same image, so
that "twice as bright as its neighbours" can be seen whatever the stain and the exposure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from policies.mllm.concepts import PixelClass

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES = tuple(one for one in PixelClass if one <= PixelClass.DEBRIS)
HIDDEN = 128
SHAPE_MAPS = 3  # foreground, distance, rim


def feature_count(widths: Sequence[int], query: int) -> int:
    """Numbers per object."""
    once = 2 * query + 2 * widths[0] + 2 * widths[1] + widths[2] + widths[3] + 2 * SHAPE_MAPS
    return 2 * once + 1


class ObjectHead(nn.Module):
    """Object features to logits of `CLASSES`."""

    mean: Tensor
    spread: Tensor

    def __init__(self, widths: Sequence[int], query: int) -> None:
        super().__init__()
        count = feature_count(widths, query)
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))
        self.net = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(count, HIDDEN),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(HIDDEN, len(CLASSES)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(n, features) -> (n, classes) logits."""
        scaled = ((features - self.mean) / self.spread).clamp(-6, 6)
        logits: Tensor = self.net(scaled)
        return logits
