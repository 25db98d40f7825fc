"""From the sample to electrons: collection, blur, vignetting, and where the sample is sharp."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.hashing import key_of
from sim.motion import drift_1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.faults import Faults
    from sim.hashing import Reals
    from sim.scenario import Camera, Scenario, Stain

BLUR_STEP = 1.2  # blurs are quantised to powers of this, so that blurred cells can be kept
MAX_BLUR_UM = 14.0
_STAGE_PERIOD_S = 240.0
_RMS = 0.5  # of `drift_1d`, measured


def blur_um(defocus_um: Reals, na: float, wavelength_nm: float) -> Reals:
    """Standard deviation of the blur in the sample, quantised.

    Diffraction: 0.21 wavelength / NA (Zhang, Zerubia & Olivo-Marin, Appl. Opt. 46:1819, 2007).
    Defocus: a disk of radius |dz| tan(asin NA), whose standard deviation is half of that.
    """
    sharp = 0.21e-3 * wavelength_nm / na
    disk = np.abs(defocus_um) * math.tan(math.asin(min(na, 0.99)))
    sigma = np.minimum(np.hypot(sharp, 0.5 * disk), MAX_BLUR_UM)
    return np.asarray(sharp * BLUR_STEP ** np.rint(np.log(sigma / sharp) / math.log(BLUR_STEP)))


def electrons_per_unit(stain: Stain, mj_cm2: float, pixel_um: float, na: float) -> float:
    """Electrons in one pixel where the stain has brightness 1."""
    return stain.electrons * mj_cm2 * pixel_um**2 * (na / 0.5) ** 2


def illumination(camera: Camera, vignetting: float) -> NDArray[np.float32]:
    """Relative light over the field, (height, width): 1 in the middle, less in the corners."""
    y = (np.arange(camera.height) - camera.height * 0.48) / camera.height
    x = (np.arange(camera.width) - camera.width * 0.53) / camera.width
    r2 = (y[:, None] ** 2 + x[None, :] ** 2) * 2.0
    return np.asarray(1.0 - vignetting * np.minimum(r2, 1.2), np.float32)


def focal_plane_um(
    scenario: Scenario, faults: Faults, seed: int, x: float, y: float, time_s: float
) -> float:
    """The z of the stage at which the sample at (x, y) is sharp."""
    focus = scenario.focus
    wander = drift_1d(key_of(seed, 31), time_s, focus.wander_period_min * 60.0)
    return (
        focus.plane_um
        + focus.tilt_x_um_per_mm * x / 1000.0
        + focus.tilt_y_um_per_mm * y / 1000.0
        + focus.drift_um_per_h * time_s / 3600.0
        + focus.wander_um * wander
        + faults.focus_jump_um(time_s)
    )


def true_position_um(
    scenario: Scenario, seed: int, x: float, y: float, time_s: float
) -> tuple[float, float]:
    """Where the stage really is when it reports (x, y).

    A smooth function of time and a jump from place to place, so that a resumed run, which
    cannot know when the stage arrived, sees the same.
    """
    scale = scenario.stage.repeatability_um / math.sqrt(2) / _RMS
    if scale == 0:
        return x, y
    place = (round(x * 10), round(y * 10))
    return (
        x + scale * drift_1d(key_of(seed, 32, *place), time_s, _STAGE_PERIOD_S),
        y + scale * drift_1d(key_of(seed, 33, *place), time_s, _STAGE_PERIOD_S),
    )
