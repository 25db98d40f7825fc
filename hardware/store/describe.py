"""What belongs to frames but not to pixels: their times and places, as a table in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hardware.data import FrameKey, FrameMeta
    from hardware.store.image import GrowingImage, Index
    from hardware.store.metadata import Window

COLUMNS = ("t", "c", "z", "time_s", "utc", "x_um", "y_um", "z_um", "exposure_ms", "objective")
SAMPLES = 3  # frames looked at per channel for the display range


def frame_table(rows: Iterable[tuple[FrameKey, FrameMeta]]) -> dict[str, list[Any]]:
    """Return the table by columns, in order of t, c, z. Times in s, positions in um, ms."""
    table: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for key, meta in sorted(rows, key=lambda row: (row[0].t, row[0].c, row[0].z)):
        for name in COLUMNS:
            table[name].append(getattr(key if name in "tcz" else meta, name))
    return table


def display_windows(image: GrowingImage, stored: Sequence[Index]) -> list[Window]:
    """Grey values between which to show each channel: 0.1 to 99.9 % of a few of its frames."""
    top = float(np.iinfo(image.layout.dtype).max)
    windows = []
    for c in range(len(image.layout.channels)):
        mine = [index for index in stored if index[1] == c]
        picks = sorted({round(i) for i in np.linspace(0, len(mine) - 1, SAMPLES)}) if mine else []
        ranges = [np.percentile(image.read(mine[i]), [0.1, 99.9]) for i in picks]
        low = min((float(r[0]) for r in ranges), default=0.0)
        high = max((float(r[1]) for r in ranges), default=top)
        windows.append((float(round(low)), float(round(max(high, low + 1.0)))))
    return windows
