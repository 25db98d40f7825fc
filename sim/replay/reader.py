"""Finds out what files hold, and reads their planes. Keeps a few files and planes at hand."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from sim.replay import ome_zarr, png, tiff
from sim.replay.errors import ReplayError
from sim.replay.image import to_grey

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sim.replay.image import ImageInfo

SUFFIXES = (".png", ".tif", ".tiff")
OPEN_FILES = 8
PLANE_BYTES = 64_000_000  # of decoded planes kept; one plane is kept whatever its size


def probe(path: Path) -> list[ImageInfo]:
    """Describe the images in a file or OME-Zarr folder; ReplayError if it cannot be used."""
    try:
        if path.is_dir():
            return ome_zarr.probe(path)
        if path.stat().st_size == 0:
            raise ReplayError(f"{path}: the file is empty. Copy it again, or leave it out.")
        return png.probe(path) if path.suffix.lower() == ".png" else tiff.probe(path)
    except OSError as error:
        raise ReplayError(f"{path}: cannot be read ({error.strerror or error}).") from error


class PlaneReader:
    """Reads planes as (height, width) uint8 or uint16. Thread-safe; close it."""

    def __init__(self) -> None:
        self._files: OrderedDict[Path, Any] = OrderedDict()
        self._planes: OrderedDict[tuple[Any, ...], NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, info: ImageInfo, t: int, c: int, z: int) -> NDArray[Any]:
        """Return one plane, read-only. ReplayError names the file that cannot be decoded."""
        key = (info.path, info.part, t, c, z)
        with self._lock:
            if key in self._planes:
                self._planes.move_to_end(key)
                return self._planes[key]
            try:
                plane = to_grey(self._decode(info, t, c, z), info)
            except (OSError, ValueError, SyntaxError, IndexError) as error:
                raise ReplayError(
                    f"{info}: cannot be decoded ({error}). Save it anew, or leave it out."
                ) from error
            plane.flags.writeable = False
            self._planes[key] = plane
            while len(self._planes) > 1 and self._held() > PLANE_BYTES:
                self._planes.popitem(last=False)
            return plane

    def close(self) -> None:
        """Close the files and forget the planes."""
        with self._lock:
            while self._files:
                _close(self._files.popitem()[1])
            self._planes.clear()

    def _held(self) -> int:
        return sum(plane.nbytes for plane in self._planes.values())

    def _decode(self, info: ImageInfo, t: int, c: int, z: int) -> NDArray[Any]:
        if info.path.suffix.lower() == ".png" and info.path.is_file():
            return png.read(info)
        file = self._files.get(info.path)
        if file is None:
            zarr = info.path.is_dir()
            file = ome_zarr.open_array(info.path) if zarr else tiff.open_file(info.path)
            self._files[info.path] = file
            if len(self._files) > OPEN_FILES:
                _close(self._files.popitem(last=False)[1])
        self._files.move_to_end(info.path)
        if info.path.is_dir():
            return ome_zarr.read(file, info, t, c, z)
        return tiff.read(file, info, t, c, z)


def _close(file: Any) -> None:
    if hasattr(file, "close"):  # arrays of tensorstore need no closing
        file.close()
