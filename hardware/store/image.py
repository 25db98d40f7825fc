"""One image on disk: a zarr v3 array with axes t, c, z, y, x that grows in t."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from hardware.store.errors import StoreError, storage_failure
from hardware.store.metadata import image_json, layout_of, sync_folder, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from hardware.data.frame import Pixels
    from hardware.store.layout import ImageLayout

Index = tuple[int, int, int]  # t, c, z


class GrowingImage:
    """One field of view. Safe to use from several threads."""

    def __init__(self, path: Path, layout: ImageLayout, array: Any) -> None:
        self.path = path
        self.layout = layout
        self._array = array
        self._lock = threading.Lock()
        self._written = np.zeros((max(64, self.length), len(layout.channels), layout.n_z), bool)

    @property
    def length(self) -> int:
        """Time points that the array covers."""
        return int(self._array.shape[0])

    @classmethod
    def create(cls, path: Path, layout: ImageLayout, context: Any, *, sync: bool) -> GrowingImage:
        """Make an image with one empty time point; it appears under `path` complete, or not."""
        partial = path.with_name(f".{path.name}.partial")
        try:
            if partial.exists():  # left by a process that was killed right here
                shutil.rmtree(partial)
            partial.mkdir()
            _open(partial, _array_metadata(layout), context)
            write_json(partial / "zarr.json", image_json(_stem(path), layout), sync=sync)
            partial.rename(path)
            if sync:
                sync_folder(path.parent)
            return cls(path, layout, _open(path, None, context))
        except (OSError, ValueError) as error:
            raise storage_failure(str(path), error) from error

    @classmethod
    def reopen(cls, path: Path, context: Any) -> GrowingImage:
        """Open an image that an earlier process made, and clear away what it left half done."""
        layout = layout_of(path)
        try:
            image = cls(path, layout, _open(path, None, context))
            image._clean()
        except (OSError, ValueError) as error:
            raise storage_failure(str(path), error) from error
        return image

    def write(self, index: Index, pixels: Pixels) -> None:
        """Store one frame; returns when it is committed. Refuses a place that is taken."""
        t = index[0]
        with self._lock:
            if t < len(self._written) and self._written[index]:
                raise StoreError(
                    f"{self.path}: frame t, c, z = {index} is already stored; nothing was "
                    "overwritten. A time index was given twice: report this as a bug."
                )
            try:
                if t >= self.length:
                    self._array = self._array.resize(
                        exclusive_max=[t + 1, None, None, None, None], expand_only=True
                    ).result()
                # the pixels are ours until the write is committed, so nothing needs a copy
                self._array[index].write(
                    pixels, can_reference_source_data_indefinitely=True
                ).result()
            except (OSError, ValueError, RuntimeError) as error:
                raise storage_failure(f"{self.path}, frame t, c, z = {index}", error) from error
            self._mark(index)

    def read(self, index: Index) -> NDArray[Any]:
        """Read one frame (height, width); StoreError where none was stored."""
        with self._lock:
            array = self._array
        return _read(self.path, array, index)

    def adopt(self, indices: Iterable[Index] | None) -> list[Index]:
        """Take over frames of an earlier process; returns those that are not on disk.

        `indices` are the frames on record. A frame on disk but not on record was committed
        right before the process died; it may be written again. None: whatever is on disk counts.
        """
        missing = []
        c, z = len(self.layout.channels), self.layout.n_z
        everything = (tuple(map(int, i)) for i in np.ndindex(self.length, c, z))
        for t, c, z in everything if indices is None else indices:
            if _is_stored(self.path, (t, c, z)):
                self._mark((t, c, z))
            else:
                missing.append((t, c, z))
        return missing

    def _mark(self, index: Index) -> None:
        if index[0] >= len(self._written):
            grown = np.zeros((2 * index[0], *self._written.shape[1:]), bool)
            grown[: len(self._written)] = self._written
            self._written = grown
        self._written[index] = True

    def _clean(self) -> None:
        """Remove temporary files of a killed write; it can only have been in the last t."""
        array = self.path / "0"
        last = array / "c" / str(self.length - 1)
        for left in (
            *self.path.glob("*.partial"),
            *array.glob("*.__lock"),
            *last.rglob("*.__lock"),
        ):
            left.unlink(missing_ok=True)


def read_frame(path: Path, index: Index) -> NDArray[Any]:
    """Read one frame of the image at `path`, whoever writes it; StoreError where there is none."""
    try:
        array = _open(path, None, None)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from error
    return _read(path, array, index)


def _read(path: Path, array: Any, index: Index) -> NDArray[Any]:
    if not _is_stored(path, index):
        raise StoreError(f"{path}: no frame at t, c, z = {index}")
    try:
        return np.asarray(array[index].read().result())
    except (OSError, ValueError, RuntimeError) as error:
        raise StoreError(f"{path}, frame t, c, z = {index}: cannot be read: {error}") from error


def _is_stored(path: Path, index: Index) -> bool:
    """Whether the frame's chunk exists; an empty file is what a power cut leaves."""
    t, c, z = index
    chunk = path / "0" / "c" / f"{t}/{c}/{z}/0/0"
    return chunk.is_file() and chunk.stat().st_size > 0


def _stem(path: Path) -> str:
    return path.name.removesuffix(".ome.zarr")


def _array_metadata(layout: ImageLayout) -> dict[str, Any]:
    """One chunk per frame: a frame is one file, committed by one rename."""
    plane = [layout.height, layout.width]
    codecs = [
        {"name": "bytes", "configuration": {"endian": "little"}},
        {
            "name": "blosc",
            "configuration": {
                "cname": "lz4",
                "clevel": 3,
                "shuffle": "bitshuffle",
                "typesize": np.dtype(layout.dtype).itemsize,
                "blocksize": 0,
            },
        },
    ]
    return {
        "shape": [1, len(layout.channels), layout.n_z, *plane],
        "data_type": layout.dtype,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1, *plane]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "codecs": codecs,
        "fill_value": 0,
        "dimension_names": ["t", "c", "z", "y", "x"],
    }


def _open(path: Path, create: dict[str, Any] | None, context: Any) -> Any:
    import tensorstore as ts

    spec: dict[str, Any] = {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{path / '0'}/"},
        # a black frame is a frame: its chunk must exist
        "store_data_equal_to_fill_value": True,
    }
    if create is None:
        return ts.open(spec, open=True, context=context or ts.Context()).result()
    return ts.open({**spec, "metadata": create}, create=True, context=context).result()
