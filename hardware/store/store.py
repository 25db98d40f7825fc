"""The images of a run: one per field of view, each frame on disk before anybody hears of it."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

from hardware.data import FrameKey
from hardware.store.describe import display_windows, frame_table
from hardware.store.errors import StoreError, storage_failure
from hardware.store.image import GrowingImage
from hardware.store.layout import differences
from hardware.store.metadata import collection_json, image_json, series_json, write_json
from hardware.store.names import image_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from hardware.data import Frame, FrameMeta
    from hardware.store.image import Index
    from hardware.store.layout import ImageLayout


class ImageStore:
    """Writes `<run>/images/<field>.ome.zarr` (OME-Zarr 0.5).

    Any process may read the images at any moment: each shows all frames whose `write` returned.
    A frame that was never taken (a skipped visit) reads as zeros and is not in the frame table.

    Parameters
    ----------
    root : the run's directory; `images` in it must not exist yet or be empty.
    layout : what all images have in common; frames that differ are refused.
    apart : layouts of series that differ from it, by name (see `FrameKey`).
    sync : wait until the disk itself has each frame (real runs); without it a frame survives
        the death of the process, but not a power cut.
    """

    def __init__(
        self,
        root: Path,
        layout: ImageLayout,
        *,
        sync: bool,
        apart: Mapping[str, ImageLayout] | None = None,
    ) -> None:
        folder = root / "images"
        if folder.is_dir() and any(folder.iterdir()):
            raise StoreError(
                f"{folder}: already holds images; nothing was written. "
                "Resume that run, or choose another output folder."
            )
        self._prepare(folder, layout, apart, sync)

    @classmethod
    def open(
        cls,
        root: Path,
        layout: ImageLayout,
        *,
        sync: bool,
        apart: Mapping[str, ImageLayout] | None = None,
        recorded: Iterable[FrameKey] | None = None,
    ) -> ImageStore:
        """Go on with the images of an earlier process; StoreError where `layout` differs.

        `recorded` are the frames that the journal knows. They are protected; those of them that
        are not on disk are in `missing`. A frame on disk that is not among them was committed
        just before the process died, and may be written again. None protects all on disk.
        A run that died before its first frame has no images; then this begins them.
        """
        store = cls.__new__(cls)
        folder = root / "images"
        store._prepare(folder, layout, apart, sync)
        by_image: dict[str, list[Index]] = {}
        for key in recorded or ():
            by_image.setdefault(key.image, []).append((key.t, key.c, key.z))
        for path in sorted(folder.glob("*.ome.zarr")):
            image = GrowingImage.reopen(path, store._context)
            name = path.name.removesuffix(".ome.zarr")
            planned = store._layouts.get(FrameKey.of(name, 0, 0, 0).series)
            if planned is None:
                different = ["the plan makes no such image"]
            else:
                different = differences(image.layout, planned)
            if different:
                raise StoreError(
                    f"{path}: {'; '.join(different)}. "
                    "Put the instrument back as it was, or start a new run."
                )
            store._images[name] = image
            known = None if recorded is None else by_image.pop(name, [])
            lost = image.adopt(known)
            if known is not None:
                store._missing += [FrameKey.of(name, *index) for index in lost]
        store._missing += [FrameKey.of(n, *i) for n, left in by_image.items() for i in left]
        store._list_series()
        return store

    def _prepare(
        self,
        folder: Path,
        layout: ImageLayout,
        apart: Mapping[str, ImageLayout] | None,
        sync: bool,
    ) -> None:
        import tensorstore as ts

        self.folder = folder
        self.layout = layout
        self._layouts = {"": layout, **(apart or {})}
        self._sync = sync
        self._context: Any = ts.Context({"file_io_sync": sync})
        self._images: dict[str, GrowingImage] = {}
        self._missing: list[FrameKey] = []
        self._creating = threading.Lock()
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_failure(str(folder), error) from error
        write_json(folder / "zarr.json", collection_json(), sync=sync)

    # ------------------------------------------------------------------ frames

    @property
    def missing(self) -> tuple[FrameKey, ...]:
        """Frames on record that were not found on disk when the store was opened."""
        return tuple(self._missing)

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images (see `FrameKey`), in order of their first frame or by name."""
        return tuple(self._images)

    def write(self, frame: Frame) -> None:
        """Store the frame; returns when it is committed. StoreError: it is not stored."""
        key = frame.key
        self._check(frame)
        image = self._images.get(key.image) or self._create(key)
        image.write((key.t, key.c, key.z), frame.pixels)

    def read(self, key: FrameKey) -> NDArray[Any]:
        """Return the pixels (height, width) of a stored frame; StoreError if there is none."""
        image = self._images.get(key.image)
        if image is None:
            raise StoreError(f"{self.folder}: no image {key.image!r}")
        return image.read((key.t, key.c, key.z))

    def describe(self, name: str, rows: Iterable[tuple[FrameKey, FrameMeta]]) -> None:
        """Write an image's frame table (times, positions) and display ranges into it.

        The journal has the rows: keeping them here as well would make memory grow with the run.
        One small file is rewritten, so do it at the end of a run and after a resume. The table is
        the group attribute ``microscout: {"frames": {column: [...]}}``.
        """
        image = self._images.get(name)
        if image is None:
            raise StoreError(f"{self.folder}: no image {name!r}")
        table = frame_table(rows)
        stored = list(zip(table["t"], table["c"], table["z"], strict=True))
        document = image_json(name, image.layout, display_windows(image, stored))
        document["attributes"]["microscout"] = {"frames": table}
        write_json(image.path / "zarr.json", document, sync=self._sync)

    def close(self) -> None:
        """Refuse further frames. Nothing is pending: every write has been committed."""
        self._closed = True

    # ------------------------------------------------------------------ inside

    def _create(self, key: FrameKey) -> GrowingImage:
        name = image_name(key.image)
        with self._creating:
            image = self._images.get(key.image)
            if image is not None:  # another thread was faster
                return image
            for other in self._images:
                if other.casefold() == key.image.casefold():
                    raise StoreError(
                        f"field of view {key.image!r}: differs from {other!r} only in upper and "
                        "lower case, which some file systems take for the same. Rename one of them."
                    )
            image = GrowingImage.create(
                self.folder / name, self._layouts[key.series], self._context, sync=self._sync
            )
            self._images[key.image] = image
            self._list_series()
            return image

    def _list_series(self) -> None:
        """Tell readers of the whole folder which images there are."""
        if not self._images:
            return
        folder = self.folder / "OME"
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise storage_failure(str(folder), error) from error
        names = [image.path.name for image in self._images.values()]
        write_json(folder / "zarr.json", series_json(names), sync=self._sync)

    def _check(self, frame: Frame) -> None:
        """Refuse a frame that does not fit; the message names what and where."""
        key, pixels = frame.key, frame.pixels
        layout = self._layouts.get(key.series, self.layout)
        fault = ""
        if self._closed:
            fault = "the store is closed"
        elif key.series not in self._layouts:
            fault = f"no series {key.series!r} was announced"
        elif min(key.t, key.c, key.z) < 0 or key.c >= len(layout.channels) or key.z >= layout.n_z:
            fault = f"the image has {len(layout.channels)} channels and {layout.n_z} planes"
        elif frame.meta.channel != layout.channels[key.c]:
            fault = f"channel {frame.meta.channel!r}, but c = {key.c} is {layout.channels[key.c]!r}"
        elif pixels.shape != (layout.height, layout.width):
            fault = f"frame is {pixels.shape}, the image {(layout.height, layout.width)} (y, x)"
        elif str(pixels.dtype) != layout.dtype:
            fault = f"frame is {pixels.dtype}, the image {layout.dtype}"
        elif not math.isclose(frame.meta.pixel_size_um, layout.pixel_size_um, rel_tol=1e-6):
            fault = (
                f"pixel size {frame.meta.pixel_size_um:g} um, the image {layout.pixel_size_um:g} um"
            )
        if fault:
            raise StoreError(
                f"image {key.image!r}, frame t, c, z = {(key.t, key.c, key.z)}: {fault}; "
                "not stored. Camera, binning and objective must stay as they were at the start."
            )
