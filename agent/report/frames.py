"""The stored pixels of a run, read straight from its OME-Zarr images."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

Pixels = NDArray[np.generic]
ReadFrame = Callable[[str, int, int, int], Pixels | None]  # fov, t, c, z


def frames_of(run_dir: Path) -> ReadFrame:
    """A reader of ``images/<fov>.ome.zarr/0`` (axes tczyx). A frame it cannot read is None."""
    images = run_dir / "images"
    arrays: dict[str, Any] = {}

    def read_frame(fov: str, t: int, c: int, z: int) -> Pixels | None:
        try:
            if fov not in arrays:
                arrays[fov] = _opened(images, fov)
            array = arrays[fov]
            return None if array is None else np.asarray(array[t, c, z].read().result())
        except (ValueError, IndexError, OSError, TypeError):
            return None

    return read_frame


def _opened(images: Path, fov: str) -> Any:
    path = images / f"{fov}.ome.zarr" / "0"
    if not path.resolve().is_relative_to(images.resolve()) or not path.is_dir():
        return None  # the name comes from the journal: it must not lead out of the run
    import tensorstore

    spec = {"driver": "zarr3", "kvstore": {"driver": "file", "path": str(path.resolve())}}
    try:
        return tensorstore.open(spec, open=True, read=True).result()
    except ValueError:
        return None
