"""A picture with what was found drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.pictures import Picture
    from policies.mllm.picture import Judged

OBJECT = (0, 200, 255)  # outlines
WANTED = (255, 220, 0)  # outlines of what was asked for
TINT = (255, 40, 40)  # where the heat map is hot
MOST_TINT = 0.5
COLD = 0.1  # no tint below this probability
LOW, HIGH = 0.5, 99.8  # percentiles that become black and white


def overlay(picture: Picture, judged: Judged) -> NDArray[np.uint8]:
    """(h, w, 3): the picture stretched, tinted by heat, outlined; what was asked for is thicker."""
    from scipy import ndimage
    from skimage.segmentation import find_boundaries

    out = stretched(picture.pixels)
    heat = _spread(judged.heat, out.shape[:2])
    share = MOST_TINT * np.where(heat > COLD, heat, 0.0)[..., None]
    out = out * (1 - share) + np.array(TINT) * share
    labels = judged.labels
    if labels.any():
        out[find_boundaries(labels, mode="inner")] = OBJECT
        wanted = np.where(np.isin(labels, judged.wanted), labels, 0)
        thick = ndimage.binary_dilation(find_boundaries(wanted, mode="inner"))
        out[thick & (wanted > 0)] = WANTED
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)


def stretched(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """(h, w) or (h, w, c) -> (h, w, 3) in 0..255, each channel between its robust ends."""
    planes = pixels[..., None] if pixels.ndim == 2 else pixels
    out = np.zeros((*planes.shape[:2], 3))
    for n in range(min(planes.shape[2], 3)):
        plane = planes[..., n].astype(np.float64)
        low, high = np.percentile(plane, (LOW, HIGH))
        out[..., n] = 255 * np.clip((plane - low) / max(high - low, 1e-9), 0, 1)
    if planes.shape[2] == 1:
        out[..., 1:] = out[..., :1]
    return out


def _spread(heat: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """The heat map at the picture's size."""
    from PIL import Image

    rows, columns = size
    big = Image.fromarray(heat).resize((columns, rows), Image.Resampling.BILINEAR)
    return np.asarray(big, np.float32)
