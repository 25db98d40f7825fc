"""One pass of the pixel model over an image of any size: scale, tile, look, put together."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from policies.mllm.model.dense import OFFSET_PX, heat
from policies.mllm.model.sight import Sight
from policies.mllm.pixels import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from policies.mllm.model.dense import Dense
    from policies.mllm.model.gauges import Readings
    from policies.mllm.model.pixel_model import PixelModel

STRIDE = 32
SIDE_PX = 512  # smaller images are enlarged to about this, at most `MOST_ENLARGED` times
MOST_ENLARGED = 2.0
TILE_PX = 1024  # larger ones are cut into tiles
OVERLAP_PX = 128
FINE_UM = 0.4
USUAL_UM = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pixel model says of one image of h x w pixels.

    Attributes
    ----------
    foreground : (h, w) float32, 0 to 1, at the image's own pixels.
    offset : (2, h, w) float32, to the centre of the object (row, column), in the image's pixels.
    heat : (queries, h', w') float32 logits at stride 2 of what was looked at.
    tiles, sights : where each tile lies, and what the model kept of it, for the decoder.
    sharpest : index of the sharpest tile.
    scale : pixels looked at per pixel of the image.
    """

    foreground: NDArray[np.float32]
    offset: NDArray[np.float32]
    heat: NDArray[np.float32]
    tiles: tuple[Tile, ...]
    sights: tuple[Sight, ...]
    sharpest: int
    scale: float


def working_scale(shape: tuple[int, int], pixel_um: float | None) -> float:
    """How much an image is enlarged (above 1) or averaged (below) before it is looked at.

    Fine pixels are averaged to `FINE_UM`. Small images are enlarged, as there is time for it: to
    `USUAL_UM` where the pixel size is known, else to about `SIDE_PX` pixels a side.
    """
    room = float(np.clip(SIDE_PX / math.sqrt(shape[0] * shape[1]), 1.0, MOST_ENLARGED))
    if pixel_um is None:
        return room
    if pixel_um < FINE_UM:
        return max(pixel_um / FINE_UM, min(32 / min(shape), 1.0))
    return min(max(pixel_um / USUAL_UM, 1.0), room)


@torch.inference_mode()
def look(
    model: PixelModel,
    image: NDArray[Any],
    queries: Tensor,
    pixel_um: float | None = None,
    *,
    scale: float | None = None,
    tile_px: int = TILE_PX,
) -> Seen:
    """Look at (h, w) or (h, w, c) with `queries` (1, n, q + 1)."""
    shape = (image.shape[0], image.shape[1])
    scale = working_scale(shape, pixel_um) if scale is None else scale
    pixels, facts = normalise(image, pixel_um / scale if pixel_um else None)
    x = torch.from_numpy(pixels)[None]
    if scale != 1.0:
        size = (max(8, round(shape[0] * scale)), max(8, round(shape[1] * scale)))
        x = F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=scale < 1)
    numbers = torch.from_numpy(facts)[None]
    h, w = x.shape[-2:]
    maps = torch.zeros(1, 3 + queries.shape[1], -(-h // 2), -(-w // 2))
    sights = []
    cut = tuple(tiles(h, w, tile_px))
    for tile in cut:
        part = _padded(x[..., tile.rows, tile.columns])
        part = part.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=native_bf16()):
            features, dense, readings = model(part, numbers)
        sight = in_float32(Sight(features, dense, readings, numbers))
        dense = sight.dense
        sights.append(sight)
        found = torch.cat(
            [dense.foreground[:, None], dense.offset, heat(dense.embedding, queries)], 1
        )
        maps[..., half(tile.own_rows), half(tile.own_columns)] = found[
            ..., half(tile.kept_rows), half(tile.kept_columns)
        ]
    shapes = F.interpolate(maps[:, :3], scale_factor=2.0, mode="bilinear", align_corners=False)
    shapes = shapes[..., :h, :w]
    if scale != 1.0:
        shapes = F.interpolate(shapes, shape, mode="bilinear", align_corners=False)
    return Seen(
        foreground=torch.sigmoid(shapes[0, 0]).numpy(),
        offset=(shapes[0, 1:] * (OFFSET_PX / scale)).numpy(),
        heat=maps[0, 3:].numpy(),
        tiles=cut,
        sights=tuple(sights),
        sharpest=int(np.argmin([float(sight.readings.blur) for sight in sights])),
        scale=scale,
    )


@lru_cache(1)
def native_bf16() -> bool:
    """Whether this processor computes in bfloat16 itself: a third to half of the time is saved."""
    check = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(check()) if check is not None else False


def in_float32(sight: Sight) -> Sight:
    """The same, every map in float32."""
    dense = dataclasses.replace(sight.dense, **_floats(sight.dense))
    readings = dataclasses.replace(sight.readings, **_floats(sight.readings))
    features = [one.float() for one in sight.features]
    return Sight(features, dense, readings, sight.numbers)


def _floats(part: Dense | Readings) -> dict[str, Tensor]:
    return {field.name: getattr(part, field.name).float() for field in dataclasses.fields(part)}


def _padded(x: Tensor) -> Tensor:
    """Up to multiples of the stride, mirrored where that is possible."""
    h, w = x.shape[-2:]
    down, right = -h % STRIDE, -w % STRIDE
    if not (down or right):
        return x
    mode = "reflect" if down < h and right < w else "replicate"
    return F.pad(x, (0, right, 0, down), mode=mode)


@dataclass(frozen=True, slots=True)
class Tile:
    """Where a tile is cut (`rows`, `columns`), what of the whole it fills (`own_*`), and where that
    lies within the tile (`kept_*`). All even, except at the image's end.
    """

    rows: slice
    columns: slice
    own_rows: slice
    own_columns: slice
    kept_rows: slice
    kept_columns: slice


def tiles(h: int, w: int, tile_px: int) -> Iterator[Tile]:
    """Overlapping tiles that fill the whole image once."""
    for rows, own_rows, kept_rows in _spans(h, tile_px):
        for columns, own_columns, kept_columns in _spans(w, tile_px):
            yield Tile(rows, columns, own_rows, own_columns, kept_rows, kept_columns)


def _spans(length: int, tile_px: int) -> Iterator[tuple[slice, slice, slice]]:
    if length <= tile_px:
        whole = slice(0, length)
        yield whole, whole, whole
        return
    step = tile_px - min(OVERLAP_PX, tile_px // 2)
    count = math.ceil((length - tile_px) / step) + 1
    starts = [2 * round(n * (length - tile_px) / (count - 1) / 2) for n in range(count)]
    starts[-1] = length - tile_px - (length - tile_px) % 2
    bounds = [0]
    for before, after in itertools.pairwise(starts):
        bounds.append(2 * ((before + tile_px + after) // 4))
    bounds.append(length)
    for start, low, high in zip(starts, bounds[:-1], bounds[1:], strict=True):
        end = min(start + tile_px + 1, length)
        yield slice(start, end), slice(low, high), slice(low - start, high - start)


def half(span: slice) -> slice:
    """The same span at stride 2."""
    return slice(span.start // 2, -(-span.stop // 2))
