"""Small pictures of frames: contrast stretched, JPEG in a data URI, marks and scale bar beside."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from agent.report.frames import Pixels
    from agent.report.record import Seen, Shot

Window = tuple[int, int, int, int]  # top, left, height, width in camera pixels
FIELD_EDGE = 220  # pixels of the longer edge on the page
SMALL_EDGE = 140
STRIP_EDGE = 116
EARLIER_EDGE = 98
CLOSE_UM = 50.0
_MOST_MARKS = 80
_QUALITY = 84


@dataclass(frozen=True, slots=True)
class Mark:
    """A ring in picture pixels; `target` ones are drawn stronger."""

    x: float
    y: float
    r: float
    target: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture on the page. `bar` is the scale bar in picture pixels, with its label."""

    uri: str
    width: int
    height: int
    alt: str
    caption: str
    bar: float
    bar_label: str
    marks: tuple[Mark, ...] = ()


def contrast(frames: Sequence[Pixels]) -> tuple[float, float]:
    """Black and white point: the 1st and 99.8th percentile over all given frames."""
    values = np.concatenate([frame[::2, ::2].ravel() for frame in frames])
    low, high = np.percentile(values, (1.0, 99.8))
    return float(low), float(max(high, low + 1.0))


def picture(
    pixels: Pixels,
    shot: Shot,
    *,
    edge: int,
    alt: str,
    caption: str,
    window: Window | None = None,
    levels: tuple[float, float] | None = None,
    seen: Seen | None = None,
    enter: float | None = None,
) -> Picture:
    """Cut, stretch, resize and encode one frame (height, width)."""
    from PIL import Image

    top, left, height, width = window or (0, 0, *pixels.shape)
    part = cut(pixels, window)
    grey = _stretched(part, levels or contrast([part]))
    scale = edge / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = Image.Resampling.BOX if scale < 0.75 else Image.Resampling.BICUBIC
    small = Image.fromarray(grey).resize(size, how)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=_QUALITY)
    bar_um = _bar_um(width * shot.pixel_size_um)
    return Picture(
        uri="data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"),
        width=size[0],
        height=size[1],
        alt=alt,
        caption=caption,
        bar=bar_um / shot.pixel_size_um * scale if shot.pixel_size_um > 0 else 0.0,
        bar_label=f"{bar_um:g} µm",
        marks=_marks(seen, shot, _Cut(pixels.shape, top, left, scale, size), enter) if seen else (),
    )


def pixel_of(shot: Shot, shape: tuple[int, ...], x_um: float, y_um: float) -> tuple[float, float]:
    """Where a stage position lies in a frame: (column, row); the stage position is its middle."""
    height, width = shape[:2]
    column = (x_um - shot.x_um) / shot.pixel_size_um + width / 2
    row = (y_um - shot.y_um) / shot.pixel_size_um + height / 2
    return column, row


def close_window(shot: Shot, shape: tuple[int, ...], x_um: float, y_um: float) -> Window:
    """A square of `CLOSE_UM` with a stage position in its middle; may reach beyond the frame."""
    edge = int(min(*shape[:2], max(32, CLOSE_UM / shot.pixel_size_um)))
    column, row = pixel_of(shot, shape, x_um, y_um)
    return round(row - edge / 2), round(column - edge / 2), edge, edge


def cut(pixels: Pixels, window: Window | None) -> Pixels:
    """The window's part of a frame, with the frame's darkest value where it reaches beyond."""
    if window is None:
        return pixels
    top, left, height, width = window
    part = np.full((height, width), pixels.min(), pixels.dtype)
    y0, x0 = max(0, top), max(0, left)
    inside = pixels[y0 : max(0, top + height), x0 : max(0, left + width)]
    part[y0 - top : y0 - top + inside.shape[0], x0 - left : x0 - left + inside.shape[1]] = inside
    return part


def pick(shots: Sequence[Shot], channel: str) -> Shot | None:
    """The frame that stands for a visit: the judged channel, the middle plane."""
    usable = [shot for shot in shots if shot.pixel_size_um > 0]
    planes = [shot for shot in usable if shot.channel == channel] or [
        shot for shot in usable if shot.c == usable[0].c
    ]
    planes.sort(key=lambda shot: shot.z)
    return planes[len(planes) // 2] if planes else None


def _stretched(part: Pixels, levels: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = levels
    scaled = (part.astype(np.float32) - low) * (255.0 / (high - low))
    grey: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)
    return grey


def _bar_um(width_um: float) -> float:
    """A round length (1, 2 or 5 times a power of ten) of about a quarter of the width."""
    want = width_um / 4
    if not want > 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(want))
    return max(step * power for step in (1, 2, 5) if step * power <= want)


@dataclass(frozen=True, slots=True)
class _Cut:
    shape: tuple[int, ...]
    top: int
    left: int
    scale: float
    size: tuple[int, int]


def _marks(seen: Seen, shot: Shot, cut: _Cut, enter: float | None) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for x_um, y_um, area_um2, label, score in sorted(seen.objects, key=lambda o: -o[4]):
        column, row = pixel_of(shot, cut.shape, x_um, y_um)
        x, y = (column - cut.left) * cut.scale, (row - cut.top) * cut.scale
        if not (0 <= x <= cut.size[0] and 0 <= y <= cut.size[1]):
            continue
        radius = 1.35 * math.sqrt(max(area_um2, 0.0) / math.pi) / shot.pixel_size_um * cut.scale
        target = label == seen.target or (enter is not None and score >= enter)
        marks.append(Mark(round(x, 1), round(y, 1), round(max(4.0, radius), 1), target))
        if len(marks) == _MOST_MARKS:
            break
    return tuple(marks)
