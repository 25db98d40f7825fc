"""Frames whose pixels follow from their key, and a process that writes them until it is killed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from useq import MDAEvent

from hardware.data import Frame, FrameKey, FrameMeta
from hardware.store import ImageLayout, ImageReader, ImageStore, StoreError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYOUT = ImageLayout(
    channels=("DAPI", "FITC"),
    n_z=2,
    z_step_um=1.5,
    height=40,
    width=56,
    dtype="uint16",
    pixel_size_um=0.65,
    interval_s=120.0,
)


def pixels_of(key: FrameKey, layout: ImageLayout = LAYOUT) -> NDArray[np.uint16]:
    rng = np.random.default_rng([key.t, key.c, key.z, *key.fov.encode()])
    return rng.integers(0, 4000, (layout.height, layout.width)).astype(layout.dtype)


def frame_of(key: FrameKey, layout: ImageLayout = LAYOUT) -> Frame:
    meta = FrameMeta(
        time_s=key.t * 120.0 + key.c,
        utc="2026-11-23T09:00:00.000+00:00",
        x_um=100.0,
        y_um=-200.0,
        z_um=key.z * 1.5,
        exposure_ms=20.0,
        channel=layout.channels[key.c] if 0 <= key.c < len(layout.channels) else "DAPI",
        objective="10X",
        pixel_size_um=layout.pixel_size_um,
    )
    return Frame(1, 0, key, pixels_of(key, layout), MDAEvent(), meta)


def keys(fov: str, n_t: int, first: int = 0, layout: ImageLayout = LAYOUT) -> list[FrameKey]:
    return [
        FrameKey(fov, t, c, z)
        for t in range(first, first + n_t)
        for c in range(len(layout.channels))
        for z in range(layout.n_z)
    ]


def write_forever(root: Path, size: int) -> None:
    """Write big frames of two fields; print each key once `write` has returned.

    A StoreError ends it: its message is printed, and how many of the stored frames read well.
    """
    layout = replace(LAYOUT, height=size, width=size)
    store = ImageStore(root, layout, sync=False)
    stored = []
    try:
        for t in range(10_000):
            for fov in ("A1", "A2"):
                for key in keys(fov, 1, t, layout):
                    store.write(frame_of(key, layout))
                    stored.append(key)
                    print(key.fov, key.t, key.c, key.z, flush=True)
    except StoreError as error:
        reader = ImageReader(root)
        good = sum(np.array_equal(reader.read(k), pixels_of(k, layout)) for k in stored)
        print(f"ERROR {error}")
        print(f"GOOD {good} of {len(stored)}")


if __name__ == "__main__":
    write_forever(Path(sys.argv[1]), int(sys.argv[2]))
