"""Labelled frames without a microscope: what a judge is tuned and evaluated on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.cells import Phase
from sim.faults import Faults
from sim.optics import focal_plane_um
from sim.render import Renderer, Shot
from sim.world import World

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.scenario import Scenario

PIXEL_UM = {"10X": 1.0, "20X": 0.5, "40X": 0.25}  # of the demo configuration


@dataclass(frozen=True, slots=True)
class TrueCell:
    """One cell or speck of debris. `row`, `column`: pixel edges, so (0.5, 0.5) is the first
    pixel's centre; they may lie outside the frame, for what reaches into it.
    """

    key: str
    phase: Phase
    progress: float
    row: float
    column: float


@dataclass(frozen=True, slots=True)
class LabelledFrame:
    """`pixels` (height, width) uint16; `z_offset_um`: stage above the true focal plane."""

    pixels: NDArray[np.uint16]
    cells: tuple[TrueCell, ...]
    channel: str
    time_s: float
    x_um: float
    y_um: float
    z_offset_um: float
    pixel_um: float


class Gallery:
    """Frames of one scenario and seed, at any place and time, without light damage.

    >>> gallery = Gallery(load_scenario("mitosis_night"), seed=1)       # doctest: +SKIP
    >>> frame = gallery.frame(x_um=600, y_um=0, time_s=3600, z_offset_um=0)  # doctest: +SKIP
    """

    def __init__(self, scenario: Scenario, seed: int, objective: str | None = None) -> None:
        self.scenario = scenario
        self._objective = objective or scenario.objective
        self._pixel_um = PIXEL_UM[self._objective]
        camera = scenario.camera
        field = (camera.width * self._pixel_um, camera.height * self._pixel_um)
        self._faults = Faults(scenario.faults, seed)
        self._seed = seed
        self.world = World(scenario, seed, {self._objective: field})
        self._renderer = Renderer(self.world, seed, self._faults)

    def frame(
        self,
        *,
        x_um: float,
        y_um: float,
        time_s: float,
        z_offset_um: float = 0.0,
        channel: str = "DAPI",
        exposure_ms: float = 20.0,
        irradiance_w_cm2: float | None = None,
    ) -> LabelledFrame:
        """Render one frame, `z_offset_um` above the plane in which the sample is sharp.

        The default irradiance is 0.04 W/cm^2 for chromatin and 0.08 for everything else, the
        demo microscope's for DAPI and FITC with 20X.
        """
        stain = self.scenario.stain(channel)
        light = irradiance_w_cm2 or (0.04 if stain.shows == "chromatin" else 0.08)
        plane = focal_plane_um(self.scenario, self._faults, self._seed, x_um, y_um, time_s)
        shot = Shot(
            time_s=time_s,
            x_um=x_um,
            y_um=y_um,
            z_um=plane + z_offset_um,
            channel=channel,
            exposure_ms=exposure_ms,
            irradiance_w_cm2=light,
            na=self.scenario.optics.objectives[self._objective].na,
            pixel_um=self._pixel_um,
        )
        camera = self.scenario.camera
        pixels = np.empty((camera.height, camera.width), np.uint16)
        self._renderer.render(shot, pixels)
        rect, seen = self._renderer.view(shot)
        cells = tuple(
            TrueCell(
                key=f"{int(seen.rows['key'][n]):016x}",
                phase=Phase(int(seen.phase[n])),
                progress=float(seen.progress[n]),
                row=float((seen.y[n] - rect.y0) / self._pixel_um),
                column=float((seen.x[n] - rect.x0) / self._pixel_um),
            )
            for n in range(len(seen.rows))
        )
        return LabelledFrame(
            pixels, cells, channel, time_s, x_um, y_um, z_offset_um, self._pixel_um
        )
