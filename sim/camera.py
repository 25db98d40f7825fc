"""The simulated camera: a Python device in Micro-Manager's core."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np
from pymmcore_plus.experimental.unicore import CameraDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray

    Buffer = Callable[[Sequence[int], DTypeLike], NDArray[np.uint16]]


BINNINGS = (1, 2, 4)


class CameraHangs(Exception):
    """The camera exposed and will not answer any more."""


class SimCamera(CameraDevice):
    """A sCMOS camera that asks `expose` for each frame.

    `expose(index, out)` lets the exposure happen (time, light, damage), fills `out` and says
    whether the frame arrives: the tags to put into its metadata, or None where it is lost. It
    raises `CameraHangs` where nothing more will come.
    `index` counts the frames of a sequence; it is None for a snap.
    `shape` is the sensor's; `binning` (1, 2 or 4) adds up so many pixels along each edge.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        expose: Callable[[int | None, NDArray[np.uint16]], dict[str, str] | None],
    ) -> None:
        super().__init__()
        self._shape = shape
        self._expose = expose
        self._exposure_ms = 10.0
        self.binning = 1
        self.snapping = False
        self.halved = False  # images come at half their height
        self.stale = False  # the image before comes again
        self._before: NDArray[np.uint16] | None = None
        self.set_property_allowed_values("Binning", BINNINGS)

    def get_exposure(self) -> float:
        """Exposure time in milliseconds."""
        return self._exposure_ms

    def set_exposure(self, exposure: float) -> None:
        """Set the exposure time in milliseconds."""
        if not exposure > 0:
            raise ValueError(f"Camera: exposure must be positive, not {exposure} ms")
        self._exposure_ms = float(exposure)

    def get_binning(self) -> int:
        """Pixels added up along each edge."""
        return self.binning

    def set_binning(self, value: int) -> None:
        """Images are smaller from now on, and brighter."""
        self.binning = int(value)

    def shape(self) -> tuple[int, int]:
        """(height, width) of an image."""
        height, width = self._shape
        return height // self.binning, width // self.binning

    def dtype(self) -> DTypeLike:
        """16-bit counts, whatever the converter's depth."""
        return np.uint16

    def start_sequence(self, n: int | None, get_buffer: Buffer) -> Iterator[Mapping[str, str]]:
        """Expose `n` frames (None: until stopped). After a lost frame none arrives any more.

        So it is when a real camera's buffer overflows: the rest is exposed all the same.
        """
        arriving = True
        for index in count() if n is None else range(n):
            frame = np.empty(self.shape(), np.uint16)
            try:
                tags = self._expose(None if self.snapping else index, frame)
            except CameraHangs:
                return
            arriving = arriving and tags is not None
            if arriving and tags is not None:
                if self.stale and self._before is not None:
                    frame = self._before
                self._before = frame
                given = frame[: len(frame) // 2] if self.halved else frame
                get_buffer(given.shape, np.uint16)[:] = given
                yield tags
            elif n is None:
                return


def binned(counts: NDArray[np.uint16], factor: int, offset: int, top: int) -> NDArray[np.uint16]:
    """Sums of `factor` x `factor` pixels; the offset counts once, nothing goes above `top`."""
    height, width = counts.shape[0] // factor, counts.shape[1] // factor
    blocks = counts[: height * factor, : width * factor].reshape(height, factor, width, factor)
    sums = blocks.sum(axis=(1, 3), dtype=np.int64) - (factor**2 - 1) * offset
    total: NDArray[np.uint16] = np.clip(sums, 0, top).astype(np.uint16)
    return total
