"""One stored frame as a small PNG, made once however many look at it."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from agent.journal.journal import FILE_NAME
from agent.view.journal import NoJournal, looking

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DEFAULT_PX = 512
MOST_PX = 2048
CACHE_BYTES = 8 * 1024 * 1024  # what ten pages look at now; browsers keep what they have seen
LOW_HIGH = (1.0, 99.8)  # percentiles that become black and white


class PictureCache:
    """The pictures that were asked for last, at most so many bytes. Shared by threads."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self.bytes = 0

    def get(self, key: object) -> bytes | None:
        """A picture, which counts as used."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: object, png: bytes) -> None:
        """Keep one; those that nobody asked for the longest go."""
        with self._lock:
            self.bytes += len(png) - len(self._kept.pop(key, b""))
            self._kept[key] = png
            while self.bytes > self._most and self._kept:
                self.bytes -= len(self._kept.popitem(last=False)[1])


_CACHE = PictureCache()


def frame_png(
    run_dir: Path,
    visit: int,
    index: int,
    *,
    max_px: int = DEFAULT_PX,
    low_high: tuple[float, float] = LOW_HIGH,
    cache: PictureCache = _CACHE,
) -> bytes | None:
    """A stored frame as grey PNG, at most `max_px` wide and high; None where there is none.

    `low_high` are the percentiles of its pixels that become black and white.
    """
    from hardware.data import FrameKey
    from hardware.store import ImageReader, StoreError

    max_px = max(16, min(max_px, MOST_PX))
    try:
        stamp = (run_dir / FILE_NAME).stat().st_ino  # another run may get the name of a deleted one
        key = (str(run_dir), stamp, visit, index, max_px, low_high)
        kept = cache.get(key)
        if kept is not None:
            return kept
        with looking(run_dir) as rows:
            found = rows("SELECT fov, t, c, z FROM frames WHERE visit=? AND idx=?", visit, index)
        if not found:
            return None
        pixels = ImageReader(run_dir).read(FrameKey.of(*found[0]))
    except (OSError, OverflowError, NoJournal, StoreError):
        return None
    png = _png(pixels, max_px, low_high)
    cache.put(key, png)
    return png


def _png(pixels: NDArray[Any], max_px: int, low_high: tuple[float, float]) -> bytes:
    import numpy as np
    from PIL import Image

    step = max(1, max(pixels.shape) // 512)  # levels from about a quarter of a million pixels
    low, high = np.percentile(pixels[::step, ::step], low_high)
    scale = 255.0 / max(float(high - low), 1.0)
    grey = np.clip((pixels.astype(np.float32) - float(low)) * scale, 0, 255).astype(np.uint8)
    image = Image.fromarray(grey)
    if max(image.size) > max_px:
        image.thumbnail((max_px, max_px), Image.Resampling.BOX)
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()
