"""Frames: stamp the cells in view onto a field, light it, and read it out with noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.bubble import bubble_over
from sim.cells import PROPHASE, Phase
from sim.chromatin import Shape
from sim.faults import FaultKind, Faults
from sim.grain import NoiseBank
from sim.hashing import key_of
from sim.optics import (
    blur_um,
    electrons_per_unit,
    focal_plane_um,
    illumination,
    true_position_um,
)
from sim.stamps import SUB, Look, Stamps, stage_of
from sim.world import Rect

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.grain import Image
    from sim.hashing import Reals
    from sim.scenario import Stain
    from sim.world import Seen, World

_COARSEST = 8


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
    """Renders frames of one world. Reuses its buffers: for one thread at a time."""

    def __init__(self, world: World, seed: int, faults: Faults) -> None:
        scenario = world.scenario
        camera = scenario.camera
        self._world = world
        self._scenario = scenario
        self._seed = seed
        self._faults = faults
        self._stamps = Stamps()
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
        x, y = true_position_um(
            self._scenario, self._seed, shot.x_um, shot.y_um, shot.time_s
        )
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
        blur = blur_um(defocus, shot.na, stain.wavelength_nm)
        coarse = 1
        while coarse < _COARSEST and blur > 2.2 * coarse * shot.pixel_um:
            coarse *= 2
        pixel = shot.pixel_um * coarse
        height, width = -(-camera.height // coarse), -(-camera.width // coarse)
        canvas = np.zeros((height + 2, width + 2), np.float32)  # a rim for the interpolation
        look = Look(stain.shows, blur, pixel)
        bright = _brightness(seen, stain)
        if stain.shows == "transmitted" and defocus < 0:
            bright = -bright
        self._stamp(canvas, seen, look, bright, rect, shot.time_s)
        if coarse == 1:
            return np.ascontiguousarray(canvas[1:-1, 1:-1])
        up = _upsampling(height, coarse, camera.height) @ canvas
        return np.asarray(up @ _upsampling(width, coarse, camera.width).T)

    def _stamp(
        self, canvas: Image, seen: Seen, look: Look, bright: Image, rect: Rect, time_s: float
    ) -> None:
        rows = seen.rows
        column = (seen.x - rect.x0) / look.pixel_um + 1
        row = (seen.y - rect.y0) / look.pixel_um + 1
        to_go = _hours_to_division(seen, time_s)
        for n in range(len(rows)):
            one = rows[n]
            hours = to_go[n]
            stage = stage_of(int(seen.phase[n]), float(seen.progress[n]), hours, one["mother"] > 0)
            shape = Shape(one["axis"], one["angle"], one["size"], one["aspect"])
            stamp = self._stamps.get(int(one["key"]), stage, shape, look)
            paste(canvas, stamp, float(row[n]), float(column[n]), bright[n])


def _hours_to_division(seen: Seen, time_s: float) -> Reals:
    return (seen.rows["starts"][:, PROPHASE] - time_s) / 3600.0


def _brightness(seen: Seen, stain: Stain) -> Image:
    """Brightness of each cell in this stain after bleaching, (n,)."""
    bright = seen.rows["bright"].astype(np.float32)
    if stain.shows == "transmitted":
        return np.ones_like(bright)
    return np.asarray(bright * np.exp(-seen.rows[stain.shows] / stain.bleach_j_cm2), np.float32)


def paste(canvas: Image, stamp: Image, row: float, column: float, bright: float) -> None:
    """Add a stamp (sampled SUB times per pixel) with its centre at (row, column), in place.

    Coordinates count pixel edges: pixel (0, 0) reaches from 0 to 1.
    """
    n = len(stamp) // SUB
    top, left = round(row * SUB) - n * SUB // 2, round(column * SUB) - n * SUB // 2
    first_row, sub_row = -(-top // SUB), -top % SUB
    first_column, sub_column = -(-left // SUB), -left % SUB
    height, width = canvas.shape
    r0, c0 = max(first_row, 0), max(first_column, 0)
    r1, c1 = min(first_row + n - (sub_row > 0), height), min(first_column + n - (sub_column > 0), width)
    if r0 >= r1 or c0 >= c1:
        return
    part = stamp[
        sub_row + SUB * (r0 - first_row) : sub_row + SUB * (r1 - first_row) : SUB,
        sub_column + SUB * (c0 - first_column) : sub_column + SUB * (c1 - first_column) : SUB,
    ]
    canvas[r0:r1, c0:c1] += np.float32(bright) * part


@cache
def _upsampling(coarse_size: int, factor: int, size: int) -> Image:
    """Linear interpolation from `coarse_size` + 2 samples (one beyond each end) to `size`."""
    at = (np.arange(size) + 0.5) / factor + 0.5
    low = np.floor(at).astype(int)
    matrix = np.zeros((size, coarse_size + 2), np.float32)
    share = at - low
    matrix[np.arange(size), low] = 1 - share
    matrix[np.arange(size), np.minimum(low + 1, coarse_size + 1)] += share
    return matrix


__all__ = ["Renderer", "Shot"]
