"""Disk space: asked before each visit, so that a night never ends in a half-written image."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hardware.data import Permit, Refusal, Rule

if TYPE_CHECKING:
    from hardware.data import Answer

GB = 1e9  # decimal, as disks are sold and as budgets are written
RESERVE_BYTES = 2 * 1024**3  # what a run leaves free: it ends before the disk is full


def free_bytes(path: Path) -> int:
    """Bytes that this user can still write at `path` (which need not exist yet)."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def used_bytes(path: Path) -> int:
    """Bytes of all files below `path`; 0 where there is nothing."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += Path(folder, name).stat().st_size
            except OSError:  # renamed or removed in the meantime
                continue
    return total


def frame_bytes(height: int, width: int, dtype: str, frames: int = 1) -> int:
    """Uncompressed size of frames: an upper bound of what they take on disk."""
    item = {"uint8": 1, "uint16": 2}[dtype]
    return height * width * item * frames


class DiskGuard:
    """Refuses a visit that would eat into the reserve or exceed the run's budget.

    Parameters
    ----------
    path : the run's directory.
    reserve_bytes : what must stay free for everybody else.
    budget_bytes : what the run may take altogether; None for no limit.
    """

    def __init__(self, path: Path, reserve_bytes: int, budget_bytes: int | None = None) -> None:
        self._path = path
        self._reserve = reserve_bytes
        self._budget = budget_bytes
        self._used = used_bytes(path) if budget_bytes is not None else 0

    def check(self, needed_bytes: int) -> Answer:
        """Ask whether `needed_bytes` more fit; a permit counts them against the budget."""
        what = f"{_gb(needed_bytes)} more on disk"
        free = free_bytes(self._path)
        if free - needed_bytes < self._reserve:
            return Refusal(
                Rule.DISK,
                what,
                f"{_gb(free)} free at {self._path}, {_gb(self._reserve)} of it reserved",
                "Free some space, then resume the run.",
            )
        if self._budget is not None:
            if self._used + needed_bytes > self._budget:
                # counted uncompressed so far: look at the disk before saying no
                self._used = used_bytes(self._path)
            if self._used + needed_bytes > self._budget:
                return Refusal(
                    Rule.DISK,
                    what,
                    f"budget.disk_gb = {self._budget / GB:g} GB, {_gb(self._used)} used",
                    "Raise budget.disk_gb in the plan, or image fewer fields.",
                )
            self._used += needed_bytes
        return Permit(what)


def _gb(n: int) -> str:
    return f"{n / GB:.2f} GB" if n >= GB / 100 else f"{n / 1e6:.2f} MB"
