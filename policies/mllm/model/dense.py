"""The dense head: foreground, centre distance, rims and offsets, and a heat map for a query.

Features of all strides are merged top-down (feature pyramid, Lin et al., CVPR 2017); the answer is
given at stride 2. A query is a direction in the space of pixel embeddings plus a bias: its dot
product with every pixel's embedding is the heat map of what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from policies.mllm.model.tower import conv

if TYPE_CHECKING:
    from collections.abc import Sequence

SHAPES = 5  # foreground, centre distance, rim, offset (row, column)


@dataclass(frozen=True, slots=True)
class Dense:
    """At stride 2: b images, n queries.

    Attributes
    ----------
    foreground, distance, rim : (b, h/2, w/2) logits. Distance is that to the object's rim over the
        largest one inside the object, 0 to 1 after a sigmoid.
    offset : (b, 2, h/2, w/2) from the pixel to its object's centre (row, column), in units of
        `OFFSET_PX` pixels of the full image.
    embedding : (b, query_width, h/2, w/2) pixel embeddings.
    """

    foreground: Tensor
    distance: Tensor
    rim: Tensor
    offset: Tensor
    embedding: Tensor


OFFSET_PX = 16.0


class DenseHead(nn.Module):
    """Features of the tower to maps at stride 2."""

    def __init__(self, widths: Sequence[int], neck: int, head: int, query: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width, neck, 1) for width in widths[1:])
        self.smooth = nn.ModuleList(conv(neck, neck) for _ in widths[2:])
        self.refine = nn.Sequential(conv(neck + widths[0], head), conv(head, head))
        self.shapes = nn.Conv2d(head, SHAPES, 1)
        self.embed = nn.Conv2d(head, query, 1)

    def forward(self, features: Sequence[Tensor]) -> Dense:
        """Five maps, strides 2 to 32 -> maps at stride 2."""
        merged = self.lateral[-1](features[-1])
        for level in range(len(self.smooth) - 1, -1, -1):
            merged = self.lateral[level](features[level + 1]) + F.interpolate(
                merged, scale_factor=2.0, mode="nearest"
            )
            merged = self.smooth[level](merged)
        merged = F.interpolate(merged, scale_factor=2.0, mode="bilinear", align_corners=False)
        maps = self.refine(torch.cat([merged, features[0]], 1))
        shapes = self.shapes(maps)
        return Dense(
            foreground=shapes[:, 0],
            distance=shapes[:, 1],
            rim=shapes[:, 2],
            offset=shapes[:, 3:5],
            embedding=self.embed(maps),
        )


def heat(embedding: Tensor, queries: Tensor) -> Tensor:
    """Heat map logits.

    `embedding` (b, q, h, w) and `queries` (b or 1, n, q + 1), the last number being the bias
    -> (b, n, h, w).
    """
    direction, bias = queries[..., :-1], queries[..., -1]
    batch = direction.expand(len(embedding), -1, -1)
    maps = torch.einsum("bqhw,bnq->bnhw", embedding, batch)
    return maps + bias[..., None, None]
