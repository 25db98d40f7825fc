"""Frames for the API: which there are, and a small picture of one.

Read from the journal and the store, never from the instrument. A frame is named by the numbers of
its visit and of itself; no part of a path comes from a request.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from agent.journal.journal import FILE_NAME
from agent.service.views import View

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PX = 512
MOST_PX = 2048


class FrameView(View):
    """A stored frame."""

    visit: int
    index: int
    """Within the visit."""
    fov: str
    channel: str
    z_um: float
    time_s: float
    """Run time."""
    exposure_ms: float


def frames(run_dir: Path, *, before: int | None, limit: int) -> list[FrameView]:
    """The latest frames, latest first; with `before`: of visits below that number."""
    sql = (
        "SELECT visit, idx, fov, channel, z_um, time_s, exposure_ms FROM frames"
        " WHERE ? IS NULL OR visit < ? ORDER BY visit DESC, idx DESC LIMIT ?"
    )
    names = ("visit", "index", "fov", "channel", "z_um", "time_s", "exposure_ms")
    rows = _rows(run_dir, sql, before, before, limit)
    return [FrameView.model_validate(dict(zip(names, row, strict=True))) for row in rows]


def picture(run_dir: Path, visit: int, index: int, max_px: int) -> bytes | None:
    """One frame as PNG, contrast stretched, at most `max_px` wide and high; None without one."""
    from hardware.data import FrameKey
    from hardware.store import ImageReader, StoreError

    sql = "SELECT fov, t, c, z FROM frames WHERE visit=? AND idx=?"
    found = _rows(run_dir, sql, visit, index)
    if not found:
        return None
    try:
        pixels = ImageReader(run_dir).read(FrameKey(*found[0]))
    except StoreError:
        return None
    return _png(pixels, max_px)


def _png(pixels: object, max_px: int) -> bytes:
    import io

    import numpy as np
    from PIL import Image

    grey = np.asarray(pixels, np.float32)
    low, high = np.percentile(grey[::2, ::2], (1.0, 99.8))
    scaled = np.clip((grey - low) / max(float(high - low), 1.0), 0, 1) * 255
    image = Image.fromarray(scaled.astype(np.uint8))
    image.thumbnail((max_px, max_px))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _rows(run_dir: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """From the journal, read only and shortly."""
    uri = f"{(run_dir / FILE_NAME).absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=2.0)) as db:
            return db.execute(sql, values).fetchall()
    except sqlite3.Error:  # not begun yet, or just being made
        return []
