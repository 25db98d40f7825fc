"""Frames: stamp the cells in view onto a field, light it, and read it out with noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.bubble import bubble_over
from sim.canvas import add_glow, enlarged, paste
from sim.cells import PROPHASE, Phase
from sim.faults import FaultKind, Faults
from sim.grain import NoiseBank
from sim.grid import Shape
from sim.optics import (
    blur_um,
    electrons_per_unit,
    focal_plane_um,
    illumination,
    true_position_um,
)
from sim.stamps import SUBPIXELS, Look, Stamps, stage_of
from sim.world import Rect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.grain import Image
    from sim.hashing import Reals
    from sim.scenario import Stain
    from sim.world import Seen, World

_COARSEST = 8
_REACH_UM = {"chromatin": 14.0, "cytoplasm": 34.0, "transmitted": 34.0}  # of a sharp picture


@dataclass(frozen=True, slots=True)
class Shot:
    """One exposure as the optics see it.

    `irradiance_w_cm2` 0 means darkness. `pixel_um` 0 means no known objective in place.
    """

    time_s: float
    x_um: float
    y_um: float
    z_um: float
    channel: str
    exposure_ms: float
    irradiance_w_cm2: float
    na: float
    pixel_um: float


class Renderer:
    """Renders frames of one world. Reuses its buffers: for one thread at a time.

    `stamps`: a shelf to share with others in the same thread.
    """

    def __init__(
        self, world: World, seed: int, faults: Faults, stamps: Stamps | None = None
    ) -> None:
        scenario = world.scenario
        camera = scenario.camera
        self._world = world
        self._scenario = scenario
        self._seed = seed
        self._faults = faults
        self._stamps = stamps or Stamps()
        self._light = illumination(camera, scenario.optics.vignetting)
        self._noise = NoiseBank(camera.height, camera.width)
        self._work = np.empty((camera.height, camera.width), np.float32)
        self._top = min(2.0**camera.bits - 1, camera.offset + camera.full_well_e / camera.gain_e)

    def render(self, shot: Shot, out: NDArray[np.uint16]) -> None:
        """Fill `out` (height, width) with the counts the camera reads after `shot`."""
        camera = self._scenario.camera
        electrons = self._electrons(shot)
        noise = self._work
        np.add(electrons, np.float32(camera.read_noise_e**2), out=noise)
        np.sqrt(noise, out=noise)
        moment = round(shot.time_s * 1e6)
        noise *= self._noise.window(self._seed, moment, *shot.channel.encode())
        electrons += noise
        electrons *= np.float32(1.0 / camera.gain_e)
        electrons += np.float32(camera.offset + 0.5)
        np.clip(electrons, 0.0, self._top, out=electrons)
        np.copyto(out, electrons, casting="unsafe")

    def defocus_um(self, shot: Shot) -> float:
        """Stage z minus the z at which the sample is sharp: positive is too high."""
        plane = focal_plane_um(
            self._scenario, self._faults, self._seed, shot.x_um, shot.y_um, shot.time_s
        )
        return shot.z_um - plane

    def view(self, shot: Shot) -> tuple[Rect, Seen]:
        """The field really in view, and what is in it."""
        camera = self._scenario.camera
        x, y = true_position_um(self._scenario, self._seed, shot.x_um, shot.y_um, shot.time_s)
        rect = Rect.around(x, y, camera.width * shot.pixel_um, camera.height * shot.pixel_um)
        return rect, self._world.look(rect, shot.time_s)

    def _electrons(self, shot: Shot) -> Image:
        """Expected electrons per pixel, (height, width)."""
        camera = self._scenario.camera
        if shot.irradiance_w_cm2 <= 0 or shot.pixel_um <= 0:
            return np.zeros((camera.height, camera.width), np.float32)
        stain = self._scenario.stain(shot.channel)
        mj_cm2 = shot.irradiance_w_cm2 * shot.exposure_ms
        unit = electrons_per_unit(stain, mj_cm2, shot.pixel_um, shot.na)
        image = self._stained(shot, stain)
        if stain.shows == "transmitted":
            image += 1.0
        else:
            image += np.float32(stain.background)
        if self._faults.at(FaultKind.BUBBLE, shot.time_s):
            bubble_over(image, self._faults, self._seed, shot.time_s, shot.pixel_um)
        image *= np.float32(unit)
        image *= self._light
        return image

    def _stained(self, shot: Shot, stain: Stain) -> Image:
        """The stain's brightness in the field, (height, width), noise-free."""
        camera = self._scenario.camera
        rect, seen = self.view(shot)
        defocus = self.defocus_um(shot)
        blur = blur_um(np.array([defocus]), shot.na, stain.wavelength_nm)[0]
        coarse = 1
        while coarse < _COARSEST and blur > 2.2 * coarse * shot.pixel_um:
            coarse *= 2
        height, width = -(-camera.height // coarse), -(-camera.width // coarse)
        canvas = np.zeros((height + 2, width + 2), np.float32)  # a rim for the interpolation
        self._stamp(canvas, seen, rect, shot, coarse * shot.pixel_um, defocus)
        if coarse == 1:
            image = np.ascontiguousarray(canvas[1:-1, 1:-1])
        else:
            image = enlarged(canvas, coarse, camera.height, camera.width)
        if stain.shows != "transmitted":
            add_glow(image)
        return image

    def _stamp(
        self,
        canvas: Image,
        seen: Seen,
        rect: Rect,
        shot: Shot,
        pixel_um: float,
        defocus_um: float,
    ) -> None:
        """Put every cell in view onto the canvas, whose pixels are `pixel_um` wide."""
        stain = self._scenario.stain(shot.channel)
        rows = seen.rows
        offsets = defocus_um - _heights_um(seen)
        blurs = blur_um(offsets, shot.na, stain.wavelength_nm)
        bright = _brightness(seen, stain, offsets)
        column = (seen.x - rect.x0) / pixel_um + 1
        row = (seen.y - rect.y0) / pixel_um + 1
        hours = (rows["starts"][:, PROPHASE] - shot.time_s) / 3600.0
        sub = SUBPIXELS[stain.shows]
        reach = rect.grown(_REACH_UM[stain.shows] + 3 * float(blurs.max(initial=0.0)))
        for n in np.flatnonzero(reach.holds(seen.x, seen.y)):
            one = rows[n]
            stage = stage_of(
                int(seen.phase[n]), float(seen.progress[n]), float(hours[n]), one["mother"] > 0
            )
            shape = Shape(one["axis"], one["angle"], one["size"], one["aspect"])
            look = Look(stain.shows, float(blurs[n]), pixel_um)
            stamp = self._stamps.get(int(one["key"]), stage, shape, look)
            paste(canvas, stamp, sub, float(row[n]), float(column[n]), float(bright[n]))


def _heights_um(seen: Seen) -> Reals:
    """How far above the focal plane each cell's middle is: more when rounded up or dead."""
    mitotic = (seen.phase >= Phase.METAPHASE) & (seen.phase <= Phase.TELOPHASE)
    height = seen.rows["height"] + 0.8 * mitotic + 2.0 * (seen.phase == Phase.DEAD)
    return np.asarray(height, np.float64)


def _brightness(seen: Seen, stain: Stain, offsets_um: Reals) -> Reals:
    """Brightness of each cell in this stain after bleaching, (n,).

    Transmitted light: contrast turns over on the two sides of focus and is weakest in it.
    """
    if stain.shows == "transmitted":
        return np.asarray(np.tanh((offsets_um + 2.0) / 3.0), np.float64)
    bleached = np.exp(-seen.rows[stain.shows] / stain.bleach_j_cm2)
    return np.asarray(seen.rows["bright"] * bleached, np.float64)
