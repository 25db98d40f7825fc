"""The simulated microscope: core, clock, sample and ground truth in one hand."""

from __future__ import annotations

import atexit
import gc
import importlib
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from sim.clock import SimClock
from sim.core import DEMO_CONFIG, SimCore
from sim.faults import FaultKind, Faults
from sim.lightpath import LightPath
from sim.load import load_scenario
from sim.truth import TrueMitosis, true_mitoses
from sim.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hardware.data import Exposure, FieldOfView, MicroscopeConfig
    from sim.scenario import Scenario


_open_scopes: weakref.WeakSet[SimulatedScope] = weakref.WeakSet()


@atexit.register
def _shutdown_all() -> None:
    for scope in tuple(_open_scopes):
        scope.shutdown()
    gc.collect()  # a core is part of cycles, and must be gone before the interpreter is


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
        _open_scopes.add(self)
        self._faults = Faults(scenario.faults, seed)
        self.world = World(scenario, seed, self._fields_um())
        path = LightPath(config, self.world, self._faults, self.clock, seed)
        self.core.equip(config, scenario, path, self._faults, self.clock)
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
            if self._faults.at(FaultKind.LAMP_FAILURE, exposure.time_s) is None:
                self.world.receive(exposure)

    def truth(self, fovs: Sequence[FieldOfView], until_s: float) -> tuple[TrueMitosis, ...]:
        """Every division in these fields up to `until_s`, after all that light.

        A field is what the scenario's objective shows, whichever a burst left in place.
        Ask at the end of the run: light given later still changes what happens after it.
        """
        return true_mitoses(self.world, fovs, self.scenario.objective, until_s)

    def shutdown(self) -> None:
        """Unload everything; the scope is of no use afterwards. May be called twice.

        A core with a Python camera that is still loaded aborts the interpreter at its end (exit
        code 134), so that whatever is still open then is shut down by itself.
        """
        if self in _open_scopes:
            _open_scopes.discard(self)
            self.core.close()
            del self.core

    def _fields_um(self) -> dict[str, tuple[float, float]]:
        """(width, height) of the camera's field with each objective that has a pixel size."""
        camera, group = self.scenario.camera, self.config.objectives.group
        if group not in self.core.getAvailableConfigGroups():
            raise ValueError(
                f"microscope {self.config.name!r}: objectives.group: {group!r} is not a group of "
                f"{DEMO_CONFIG}, which the simulated microscope is made of"
            )
        fields: dict[str, tuple[float, float]] = {}
        for objective in self.core.getAvailableConfigs(group):
            self.core.setConfig(group, objective)
            if pixel_um := self.core.getPixelSizeUm():
                fields[objective] = (camera.width * pixel_um, camera.height * pixel_um)
        return fields


def open_scope(
    config: MicroscopeConfig, scenario: Scenario, seed: int, clock: SimClock | None = None
) -> SimulatedScope:
    """Open the simulated microscope, at second 0 unless `clock` says otherwise.

    Raises ValueError where `config` does not describe the demo configuration: a rehearsal never
    loads another one, which could move real hardware.
    """
    if Path(config.mm_config).name != DEMO_CONFIG:
        raise ValueError(
            f"microscope {config.name!r}: mm_config: a rehearsal runs on {DEMO_CONFIG}, "
            f"not on {config.mm_config}"
        )
    importlib.import_module("scipy.ndimage")  # takes long: not while the first light is on
    return SimulatedScope(config, scenario, seed, clock)


__all__ = ["SimulatedScope", "TrueMitosis", "load_scenario", "open_scope"]
