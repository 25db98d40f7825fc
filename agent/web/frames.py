"""Frames for the API: which there are. Read from the journal, never from the instrument."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from agent.journal.journal import FILE_NAME
from agent.service.views import View

if TYPE_CHECKING:
    from pathlib import Path


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


def _rows(run_dir: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """From the journal, read only and shortly."""
    uri = f"{(run_dir / FILE_NAME).absolute().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=2.0)) as db:
            return db.execute(sql, values).fetchall()
    except sqlite3.Error:  # not begun yet, or just being made
        return []
