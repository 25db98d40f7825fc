"""The simulated microscope: core, clock, sample and ground truth in one hand."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from sim.clock import SimClock
from sim.core import DEMO_CONFIG, SimCore
from sim.faults import Faults
from sim.lightpath import LightPath
from sim.load import load_scenario
from sim.truth import TrueMitosis, true_mitoses
from sim.world import World

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from hardware.data import Exposure, FieldOfView, MicroscopeConfig
    from sim.scenario import Scenario


class SimulatedScope:
    """A microscope that is not there. Call `shutdown` when done: see there.

    Attributes
    ----------
    core : the demo devices with our camera; what the hardware layer drives.
    clock : moved on by the devices.
    config, scenario, seed : what it was made from.
    world : the sample.
    """

    def __init__(
        self, config: MicroscopeConfig, scenario: Scenario, seed: int, clock: SimClock | None = None
    ) -> None:
        self.config = config
        self.scenario = scenario
        self.seed = seed
        self.clock = clock or SimClock()
        self.core = SimCore()
        self.core.loadSystemConfiguration(DEMO_CONFIG)
        faults = Faults(scenario.faults, seed)
        self.world = World(scenario, seed, self._fields())
        path = LightPath(config, self.world, faults, self.clock, seed)
        self.core.equip(config, scenario, path, faults, self.clock)
        self.restore(time_s=self.clock.now(), objective=scenario.objective)

    def restore(
        self,
        *,
        time_s: float,
        x_um: float | None = None,
        y_um: float | None = None,
        z_um: float | None = None,
        channel: str | None = None,
        objective: str | None = None,
        exposure_ms: float | None = None,
    ) -> None:
        """Put clock and devices there at no cost of time or light, as before an interruption."""
        core = self.core
        with core.free_of_charge():
            if objective:
                core.setConfig(self.config.objectives.group, objective)
            if channel:
                core.setConfig(self.config.channel_group, channel)
            if x_um is not None or y_um is not None:
                x, y = core.getXYPosition()
                core.setXYPosition(x if x_um is None else x_um, y if y_um is None else y_um)
            if z_um is not None:
                core.setPosition(z_um)
            if exposure_ms is not None:
                core.setExposure(exposure_ms)
            core.waitForSystem()
        self.clock.set(time_s)

    def receive(self, exposures: Iterable[Exposure]) -> None:
        """Replay the light of an earlier part of the run, in the order in which it was given.

        Exposures during a lamp failure gave no light and are left out here.
        """
        for exposure in exposures:
            if not self._dark(exposure.time_s):
                self.world.receive(exposure)

    def truth(self, fovs: Sequence[FieldOfView], until_s: float) -> tuple[TrueMitosis, ...]:
        """Every division in these fields up to `until_s`, after all that light.

        Ask at the end of the run: light given later still changes what happens after it.
        """
        return true_mitoses(self.world, fovs, self.scenario.objective, until_s)

    def shutdown(self) -> None:
        """Unload everything. Without it a Python camera aborts the interpreter at its end."""
        self.core.unloadAllDevices()
        self.core.reset()
        del self.core
        gc.collect()
