"""What the frozen tower saw of an image, kept so that adapters are cheap to train and to ask."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from policies.mllm.look import TILE_PX, look, tiles
from policies.mllm.model.dense import heat
from policies.mllm.reader import pooled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from policies.mllm.adapt.examples import Box, Example
    from policies.mllm.model.dense import Dense
    from policies.mllm.model.scout import ScoutForConditionalGeneration
    from policies.mllm.model.sight import Sight

STRIDE = 4  # of the maps that are kept
INSIDE, RIM = 0.7, 1.7  # squared radius of a box's ellipse: the target within, unknown up to


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One image, or a flipped or rotated copy of it, as the base model saw it.

    Attributes
    ----------
    maps : for each tile, (1, c, h/4, w/4) float16 maps of the dense head before the embedding.
    sights : for each tile, what the connector needs (maps pooled to its grid).
    cells : (n,) int8 over all tiles' maps: 1 the target, 0 something else, -1 unknown.
    features : (f,) float32 pooled features.
    """

    maps: tuple[Tensor, ...]
    sights: tuple[Sight, ...]
    cells: Tensor
    features: NDArray[np.float32]
    target: bool
    boxed: bool


@contextmanager
def captured(model: ScoutForConditionalGeneration) -> Iterator[list[Tensor]]:
    """Maps (1, c, h/4, w/4) of every tile that is looked at meanwhile, in order."""
    kept: list[Tensor] = []
    hook = model.pixels.dense.refine.register_forward_hook(
        lambda _part, _given, out: kept.append(F.avg_pool2d(out.float(), STRIDE // 2))
    )
    try:
        yield kept
    finally:
        hook.remove()


def views_of(
    model: ScoutForConditionalGeneration, example: Example, copies: int = 1
) -> tuple[View, ...]:
    """The image, and `copies` - 1 (at most 7) turned ones."""
    marks = _marked(example)
    return tuple(_view(model, example, turn, marks) for turn in range(copies))


def _turned(plane: NDArray[Any], turn: int) -> NDArray[Any]:
    """The eight ways to lay an image down; 0 is as it is."""
    plane = np.rot90(plane, 2 * (turn // 2 % 2) + turn // 4)
    return np.ascontiguousarray(plane[:, ::-1] if turn % 2 else plane)


def _view(
    model: ScoutForConditionalGeneration, example: Example, turn: int, marks: NDArray[np.int8]
) -> View:
    image = _turned(example.image, turn)
    with captured(model) as kept:
        seen = look(model.pixels, image, model.queries, example.pixel_um)
    placed = _at_cells(_turned(marks, turn), seen.scale, [tuple(m.shape[-2:]) for m in kept])
    grid = int(model.config.grid)
    return View(
        maps=tuple(part.half().clone() for part in kept),
        sights=tuple(_small(sight, grid) for sight in seen.sights),
        cells=torch.from_numpy(placed),
        features=np.mean([pooled(sight.features) for sight in seen.sights], axis=0),
        target=example.target,
        boxed=bool(example.boxes),
    )


def _small(sight: Sight, grid: int) -> Sight:
    """Pooled as the connector pools, which changes nothing of what it makes of them."""
    maps = [
        F.adaptive_max_pool2d(sight.features[-2], grid),
        F.adaptive_avg_pool2d(sight.features[-1], grid),
    ]
    share = F.adaptive_avg_pool2d(torch.sigmoid(sight.dense.foreground)[:, None], grid)[:, 0]
    nothing = share.new_zeros(1)
    dense: Dense = dataclasses.replace(
        sight.dense,
        foreground=torch.logit(share, 1e-6).clone(),
        distance=nothing,
        rim=nothing,
        offset=nothing,
        embedding=nothing,
    )
    fields = dataclasses.fields(sight.readings)
    readings = dataclasses.replace(
        sight.readings, **{f.name: getattr(sight.readings, f.name).clone() for f in fields}
    )
    return dataclasses.replace(
        sight,
        features=[m.clone() for m in maps],
        dense=dense,
        readings=readings,
        numbers=sight.numbers.clone(),
    )


def _marked(example: Example) -> NDArray[np.int8]:
    """(h, w): 1 inside a box's ellipse, -1 about it, 0 elsewhere; all -1 where nobody drew any."""
    shape = example.image.shape[:2]
    if example.target and not example.boxes:
        return np.full(shape, -1, np.int8)
    marks = np.zeros(shape, np.int8)
    if example.target:
        for box in example.boxes:
            _mark(marks, box)
    return marks


def _mark(marks: NDArray[np.int8], box: Box) -> None:
    x0, y0, x1, y1 = box
    rows = np.arange(marks.shape[0])[:, None] + 0.5
    columns = np.arange(marks.shape[1])[None] + 0.5
    radius = ((columns - (x0 + x1) / 2) / max((x1 - x0) / 2, 1)) ** 2
    radius = radius + ((rows - (y0 + y1) / 2) / max((y1 - y0) / 2, 1)) ** 2
    marks[(radius < RIM) & (marks == 0)] = -1
    marks[radius < INSIDE] = 1


def _at_cells(
    marks: NDArray[np.int8], scale: float, shapes: Sequence[tuple[int, ...]]
) -> NDArray[np.int8]:
    h, w = scaled(marks.shape, scale)
    parts = []
    for tile, (high, wide) in zip(tiles(h, w, TILE_PX), shapes, strict=True):
        rows = ((np.arange(high) + 0.5) * STRIDE + tile.rows.start) * marks.shape[0] / h
        columns = ((np.arange(wide) + 0.5) * STRIDE + tile.columns.start) * marks.shape[1] / w
        inside = np.ix_(rows < marks.shape[0], columns < marks.shape[1])
        part = np.full((high, wide), -1, np.int8)
        own = np.ix_(
            rows[rows < marks.shape[0]].astype(int), columns[columns < marks.shape[1]].astype(int)
        )
        part[inside] = marks[own]
        parts.append(part.ravel())
    return np.concatenate(parts)


def scaled(shape: tuple[int, ...], scale: float) -> tuple[int, int]:
    """Height and width of an image of this shape as it is looked at."""
    if scale == 1.0:
        return shape[0], shape[1]
    return max(8, round(shape[0] * scale)), max(8, round(shape[1] * scale))


def asked_map(embed: torch.nn.Module, maps: Tensor, query: Tensor) -> Tensor:
    """Maps (1, c, h, w) at stride 4 and query (1, 1, q + 1) -> heat (1, 2 h, 2 w) at stride 2."""
    coarse = heat(embed(maps.float()), query)
    return F.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)[:, 0]
