"""A frame as a picture for a general model: 8 bits, stretched contrast, 512 pixels at most."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from hardware.data.frame import Pixels

LONGEST_EDGE = 512  # pixels; general models see at 384 to 512
DARKEST, BRIGHTEST = 0.5, 99.8  # percentiles that become black and white


def picture(pixels: Pixels) -> Image:
    """An RGB picture of (height, width) uint8 or uint16 pixels, shrunk to LONGEST_EDGE.

    Contrast is the frame's own: percentiles DARKEST and BRIGHTEST become 0 and 255, a constant
    frame is black. So how bright a frame is cannot be seen any more, and neither can a saturated
    one, but for its white areas. Raises ValueError for other shapes.
    """
    from PIL import Image

    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"the image has shape {pixels.shape}, not (height, width)")
    image = Image.fromarray(stretch(pixels))
    if max(image.size) > LONGEST_EDGE:
        share = LONGEST_EDGE / max(image.size)
        size = tuple(max(1, round(edge * share)) for edge in image.size)
        image = image.resize((size[0], size[1]), Image.Resampling.BOX)
    return image.convert("RGB")


def stretch(pixels: Pixels) -> NDArray[np.uint8]:
    """The same shape in uint8, percentiles DARKEST to BRIGHTEST spread over 0 to 255."""
    low, high = np.percentile(pixels, (DARKEST, BRIGHTEST))
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    share = (pixels.astype(np.float32) - low) / max(high - low, 1e-6)
    shown: NDArray[np.uint8] = (np.clip(share, 0, 1) * 255).round().astype(np.uint8)
    return shown


def png(pixels: Pixels) -> bytes:
    """`picture` as a PNG file; nothing of names, places or times is in it."""
    file = io.BytesIO()
    picture(pixels).convert("L").save(file, format="PNG")
    return file.getvalue()
