"""What the instrument says of itself, and what is asked of and given by an exposure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hardware.data import Purpose


@dataclass(frozen=True, slots=True)
class InstrumentState:
    """What the instrument says of itself (um, ms, preset names)."""

    x_um: float
    y_um: float
    z_um: float
    channel: str
    objective: str
    exposure_ms: float
    pixel_size_um: float
    open_shutters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Light:
    """Why light is about to fall on the sample, and for how long."""

    visit_id: int
    index: int
    purpose: Purpose
    fov: str
    channel: str
    exposure_ms: float


@dataclass(frozen=True, slots=True)
class Image:
    """Pixels (height, width) as the camera delivers them, and what was read back with them.

    `time_s` is run time at the end of the exposure. Within a hardware-triggered stack the host
    sees when images arrive, not when they were exposed: there time and z are as commanded.
    """

    pixels: NDArray[np.uint16]
    time_s: float
    x_um: float
    y_um: float
    z_um: float
    exposure_ms: float
