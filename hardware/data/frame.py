"""A frame: pixels, the event that asked for them, and what the instrument says it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from useq import MDAEvent

    Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class FrameKey:
    """Where a frame lives in the store: image `fov`, indices on its t, c and z axes."""

    fov: str
    t: int
    c: int
    z: int


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
    pixel_size_um : edge of one camera pixel in the sample.
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
