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


class CameraHangs(Exception):
    """The camera exposed and will not answer any more."""


class SimCamera(CameraDevice):
    """A sCMOS camera that asks `expose` for each frame.

    `expose(index, out)` lets the exposure happen (time, light, damage), fills `out` and says
    whether the frame arrives: the tags to put into its metadata, or None where it is lost. It
    raises `CameraHangs` where nothing more will come.
    `index` counts the frames of a sequence; it is None for a snap.
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
        self.snapping = False

    def get_exposure(self) -> float:
        """Exposure time in milliseconds."""
        return self._exposure_ms

    def set_exposure(self, exposure: float) -> None:
        """Set the exposure time in milliseconds."""
        if not exposure > 0:
            raise ValueError(f"Camera: exposure must be positive, not {exposure} ms")
        self._exposure_ms = float(exposure)

    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self._shape

    def dtype(self) -> DTypeLike:
        """16-bit counts, whatever the converter's depth."""
        return np.uint16

    def start_sequence(self, n: int | None, get_buffer: Buffer) -> Iterator[Mapping[str, str]]:
        """Expose `n` frames (None: until stopped). After a lost frame none arrives any more.

        So it is when a real camera's buffer overflows: the rest is exposed all the same.
        """
        arriving = True
        for index in count() if n is None else range(n):
            frame = np.empty(self._shape, np.uint16)
            try:
                tags = self._expose(None if self.snapping else index, frame)
            except CameraHangs:
                return
            arriving = arriving and tags is not None
            if arriving and tags is not None:
                get_buffer(self._shape, np.uint16)[:] = frame
                yield tags
            elif n is None:
                return
