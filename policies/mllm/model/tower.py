"""The pixel tower: a small residual network (He et al., CVPR 2016), features at five strides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence


def conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    """3 x 3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )


class Block(nn.Module):
    """A basic residual block."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = conv(inside, outside, stride)
        self.second = nn.Sequential(
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside)
        )
        same = inside == outside and stride == 1
        self.skip: nn.Module = nn.Identity()
        if not same:
            self.skip = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(b, inside, h, w) -> (b, outside, h / stride, w / stride)."""
        return torch.relu(self.second(self.first(x)) + self.skip(x))


class Tower(nn.Module):
    """Pixels to features.

    `widths` are the channels at strides 2, 4, 8, 16, 32.
    """

    def __init__(self, channels: int, widths: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv(channels, widths[0] // 2, 2), conv(widths[0] // 2, widths[0])
        )
        stages = []
        inside = widths[0]
        for width, count in zip(widths[1:], blocks, strict=True):
            parts = [Block(inside, width, 2)] + [Block(width, width, 1) for _ in range(count - 1)]
            stages.append(nn.Sequential(*parts))
            inside = width
        self.stages = nn.ModuleList(stages)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(b, channels, h, w), h and w multiples of 32 -> five maps, strides 2 to 32."""
        features = [self.stem(pixels)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features
