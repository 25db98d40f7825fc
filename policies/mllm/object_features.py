"""Features of every instance of an image, gathered from the tower's maps inside its outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from policies.mllm.look import half

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from policies.mllm.look import Seen
    from policies.mllm.model.sight import Sight

LOWEST = -20.0


def at_stride_2(labels: NDArray[np.int32], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Labels (h, w) of the image at the pixels of the stride-2 maps of what was looked at."""
    rows, columns = (
        np.minimum(((np.arange(n) + 0.5) * full / n).astype(int), full - 1)
        for n, full in zip(shape, labels.shape, strict=True)
    )
    return np.ascontiguousarray(labels[np.ix_(rows, columns)])


@torch.inference_mode()
def object_features(seen: Seen, labels: NDArray[np.int32]) -> Tensor:
    """(n, features) of the instances 1..n; see `policies.mllm.model.object_head`."""
    count = int(labels.max())
    small = at_stride_2(labels, (seen.heat.shape[1], seen.heat.shape[2]))
    sums: Tensor | None = None
    tops: Tensor | None = None
    sizes = torch.zeros(count + 1)
    for tile, sight in zip(seen.tiles, seen.sights, strict=True):
        own = small[half(tile.own_rows), half(tile.own_columns)]
        rows, columns = np.nonzero(own)
        ids = torch.from_numpy(own[rows, columns].astype(np.int64))
        y = torch.from_numpy(rows) + half(tile.kept_rows).start
        x = torch.from_numpy(columns) + half(tile.kept_columns).start
        means, peaks = _maps_at(sight, y, x)
        if sums is None or tops is None:
            sums = torch.zeros(len(means), count + 1)
            tops = torch.full((len(peaks), count + 1), LOWEST)
        sums.index_add_(1, ids, means)
        tops.scatter_reduce_(1, ids[None].expand(len(peaks), -1), peaks, "amax")
        sizes += torch.bincount(ids, minlength=count + 1).float()
    if count == 0 or sums is None or tops is None:
        return torch.zeros(0, 1)
    sizes = sizes.clamp(min=1)
    found = torch.cat([sums / sizes, tops.clamp(min=LOWEST)], 0)[:, 1:].T
    typical = found.median(0).values
    area = (sizes[1:, None] / sizes[1:].median()).log()
    return torch.cat([found, found - typical, area], 1)


def _maps_at(sight: Sight, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Maps at pixels (y, x) of stride 2: those to average (c, pixels), and those to peak."""
    dense = sight.dense
    shapes = torch.stack([dense.foreground[0], dense.distance[0], dense.rim[0]])
    fine = [dense.embedding[0], shapes]
    fine += [sight.features[0][0]]
    values = [one[:, y, x] for one in fine]
    values.append(_coarse(sight.features[1][0], y, x, 2))
    deep = [_coarse(sight.features[n][0], y, x, 2**n) for n in (2, 3)]
    return torch.cat([*values, *deep]), torch.cat(values)


def _coarse(maps: Tensor, y: Tensor, x: Tensor, stride: int) -> Tensor:
    rows = (y // stride).clamp(max=maps.shape[1] - 1)
    columns = (x // stride).clamp(max=maps.shape[2] - 1)
    return maps[:, rows, columns]
