"""Reads the images of a run, finished or still growing, without being able to change them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardware.store.errors import StoreError
from hardware.store.image import read_frame
from hardware.store.metadata import layout_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hardware.data import FrameKey
    from hardware.store.layout import ImageLayout


class ImageReader:
    """Reads `<run>/images`; for the report and for people's scripts."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "images"

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images (see `FrameKey`), sorted."""
        paths = sorted(self.folder.glob("*.ome.zarr"))
        return tuple(path.name.removesuffix(".ome.zarr") for path in paths)

    def layout(self, name: str) -> ImageLayout:
        """Layout of an image; StoreError if there is none."""
        return layout_of(self._path(name))

    def read(self, key: FrameKey) -> NDArray[Any]:
        """Return the pixels (height, width) of a stored frame; StoreError if there is none."""
        return read_frame(self._path(key.image), (key.t, key.c, key.z))

    def _path(self, name: str) -> Path:
        path = self.folder / f"{name}.ome.zarr"
        if not path.is_dir():
            raise StoreError(f"{self.folder}: no image {name!r}")
        return path
