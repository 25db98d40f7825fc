"""One exposure: time passes, light falls on the cells, a frame comes out (or does not)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.data import Exposure, Purpose
from sim.faults import FaultKind
from sim.render import Renderer, Shot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hardware.data import MicroscopeConfig
    from sim.clock import SimClock
    from sim.faults import Faults
    from sim.world import World


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the devices are when the exposure starts, as they report it."""

    x_um: float
    y_um: float
    z_um: float
    channel: str
    objective: str
    pixel_um: float
    shutter_open: bool
    exposure_ms: float


class LightPath:
    """What is between the lamp and the camera's wire."""

    def __init__(
        self, config: MicroscopeConfig, world: World, faults: Faults, clock: SimClock, seed: int
    ) -> None:
        self._config = config
        self._world = world
        self._faults = faults
        self._clock = clock
        self._renderer = Renderer(world, seed, faults)

    def expose(self, setting: Setting, out: NDArray[np.uint16]) -> FaultKind | None:
        """Expose once into `out`; the fault that keeps the frame from arriving, if any.

        Light reaches the sample only through an open shutter, from a lamp that works, and only
        for the exposure. A frame that is lost afterwards has cost its light all the same.
        """
        start = self._clock.now()
        lit = setting.shutter_open and self._faults.at(FaultKind.LAMP_FAILURE, start) is None
        irradiance = self._irradiance(setting)
        self._renderer.render(
            Shot(
                time_s=start,
                x_um=setting.x_um,
                y_um=setting.y_um,
                z_um=setting.z_um,
                channel=setting.channel,
                exposure_ms=setting.exposure_ms,
                irradiance_w_cm2=irradiance if lit else 0.0,
                na=self._na(setting.objective),
                pixel_um=setting.pixel_um,
            ),
            out,
        )
        if lit:
            self._world.receive(
                Exposure(
                    visit_id=0,
                    index=0,
                    purpose=Purpose.VISIT,
                    fov="",
                    channel=setting.channel,
                    exposure_ms=setting.exposure_ms,
                    irradiance_w_cm2=irradiance,
                    time_s=start,
                    x_um=setting.x_um,
                    y_um=setting.y_um,
                    z_um=setting.z_um,
                    objective=setting.objective,
                )
            )
        self._clock.advance(setting.exposure_ms / 1000.0 + self._config.timing.readout_s)
        if self._faults.strikes(FaultKind.CAMERA_TIMEOUT, start):
            self._clock.advance(self._config.timeouts.snap_s)
            return FaultKind.CAMERA_TIMEOUT
        if self._faults.strikes(FaultKind.DROPPED_FRAME, start):
            return FaultKind.DROPPED_FRAME
        return None

    def _irradiance(self, setting: Setting) -> float:
        measured = None
        if setting.channel in self._config.channels:
            measured = self._config.irradiance_w_cm2(setting.channel, setting.objective)
        return measured or self._world.scenario.stain(setting.channel).irradiance_w_cm2

    def _na(self, objective: str) -> float:
        known = self._world.scenario.optics.objectives.get(objective)
        return known.na if known else 0.5
