"""A frame: pixels, the event that asked for them, and what the instrument says it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from useq import MDAEvent

    Pixels = NDArray[np.uint8] | NDArray[np.uint16]

APART = "@"  # between field and series in the name of an image; no field's name has one


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Where a frame lives in the store: image, and indices on its t, c and z axes.

    Frames of a field that have another scale than its baseline's are a series of their own: an
    image beside the field's.
    """

    fov: str
    t: int
    c: int
    z: int
    series: str = ""

    @property
    def image(self) -> str:
        """Name of the image: the field's, with its series where there is one (``A1@40X``)."""
        return f"{self.fov}{APART}{self.series}" if self.series else self.fov

    @classmethod
    def of(cls, image: str, t: int, c: int, z: int) -> FrameKey:
        """The key of a frame of the image of that name."""
        fov, _, series = image.partition(APART)
        return cls(fov, t, c, z, series)


@dataclass(frozen=True, slots=True)
class FrameMeta:
    """As read back from the instrument, not as commanded.

    Attributes
    ----------
    time_s : run time at the end of the exposure.
    utc : the same moment on the calendar, ISO 8601.
    x_um, y_um, z_um : stage position read back.
    exposure_ms : exposure read back.
    channel : preset of the channel group.
    objective : preset of the objective group, or "" when the instrument does not say.
    pixel_size_um : edge of one pixel of the frame in the sample, binning included.
    """

    time_s: float
    utc: str
    x_um: float
    y_um: float
    z_um: float
    exposure_ms: float
    channel: str
    objective: str
    pixel_size_um: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One image. `pixels` is (height, width), uint8 or uint16, and must not be written to."""

    visit_id: int
    index: int  # position of `event` in the visit's events
    key: FrameKey
    pixels: Pixels
    event: MDAEvent
    meta: FrameMeta
