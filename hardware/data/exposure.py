"""One exposure of the sample to light: what the dose ledger counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What the light was spent on."""

    VISIT = "visit"
    FOCUS = "focus"
    SEARCH = "search"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Exposure:
    """Light on one field of view.

    Attributes
    ----------
    visit_id, index : the visit, and the event (or focus step) within it.
    irradiance_w_cm2 : at the sample for this channel and objective; None when not calibrated.
    time_s : run time at which the exposure starts.
    x_um, y_um, z_um : stage position read back before it.
    """

    visit_id: int
    index: int
    purpose: Purpose
    fov: str
    channel: str
    exposure_ms: float
    irradiance_w_cm2: float | None
    time_s: float
    x_um: float
    y_um: float
    z_um: float
    objective: str

    @property
    def seconds(self) -> float:
        """Exposure time in seconds."""
        return self.exposure_ms / 1000.0

    @property
    def dose_j_cm2(self) -> float | None:
        """Radiant exposure in J/cm^2 (irradiance x time), None without calibration."""
        if self.irradiance_w_cm2 is None:
            return None
        return self.irradiance_w_cm2 * self.seconds


@dataclass(frozen=True, slots=True)
class Dose:
    """A sum of exposures. `j_cm2` is None as soon as one of them was not calibrated."""

    seconds: float
    j_cm2: float | None
    exposures: int
