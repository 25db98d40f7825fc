"""The replayed microscope: core, clock and recorded sample in one hand."""

from __future__ import annotations

import atexit
import gc
import math
from typing import TYPE_CHECKING

import pymmcore

from sim.clock import SimClock
from sim.core import DEMO_CONFIG
from sim.replay.catalogue import Catalogue, scan
from sim.replay.channels import assign
from sim.replay.core import ReplayCore
from sim.replay.errors import ReplayError
from sim.replay.sample import RecordedSample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from hardware.data import Exposure, MicroscopeConfig

SENSOR = (512, 512)  # (height, width) of the demo camera: what is seen of a mosaic at once
atexit.register(gc.collect)  # a core is part of cycles, and must be gone before the interpreter is


class ReplayScope:
    """Recorded images on the demo devices. Call `shutdown` when done: see there.

    Attributes
    ----------
    core, clock : what the hardware layer drives; the devices move the clock on.
    config : the microscope's, with the recording's pixel size instead of its own, and without
        dark frames.
    catalogue : what was found.
    fovs : where the recorded fields lie on the stage.
    channels : presets in the order of the recorded channels, or as the plan wants them.
    recorded_channels : preset -> name in the recording ("" where it has none).
    timepoints, interval_s : the plan's time plan: exactly so many rounds.
    z_offsets_um : where recorded planes are, relative to a field's z; (0,) without a stack.
    pixel_size_um : of the recording.
    notes : for people: what was assumed, converted or left out.
    """

    def __init__(
        self,
        config: MicroscopeConfig,
        catalogue: Catalogue,
        *,
        pixel_size_um: float,
        interval_s: float,
        channels: Sequence[str] | None = None,
        sensor: tuple[int, int] = SENSOR,
        clock: SimClock | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.pixel_size_um = pixel_size_um
        self.interval_s = interval_s
        self.timepoints = catalogue.n_t
        self.clock = clock or SimClock()
        self._sample = RecordedSample(
            catalogue, pixel_size_um, interval_s, config.stage, _focus_um(config), sensor
        )
        self.fovs = self._sample.fovs
        self.z_offsets_um = self._sample.z_offsets_um
        self.core = ReplayCore()
        try:
            self.core.loadSystemConfiguration(DEMO_CONFIG)
            presets = self._presets(config)
            assigned = assign(catalogue.channels, presets, channels)
            self.core.equip(config, self._sample, catalogue.dtype, assigned, self.clock)
            # a recording has the same pixels whether a shutter is open or not
            self.config = self._set_pixel_size(config.model_copy(update={"dark_frame": None}))
        except BaseException:
            self.shutdown()
            raise
        self.channels = tuple(assigned)
        self.recorded_channels = {p: catalogue.channels[i] for p, i in assigned.items()}
        named = [f"{preset} shows {name!r}" for preset, name in self.recorded_channels.items()]
        known = any(self.recorded_channels.values())
        self.notes = (
            *catalogue.notes,
            *self._sample.notes,
            *(["; ".join(named)] if known else []),
        )

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
        """Put clock and devices there at no cost of time, as before an interruption."""
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
        """Light changes nothing in recorded images."""

    def shutdown(self) -> None:
        """Unload everything. Without it a Python camera aborts the interpreter at its end, and so
        does an event of Micro-Manager that is still on its way then: none is sent any more.
        """
        self._sample.close()
        pymmcore.CMMCore.registerCallback(self.core, None)  # CMMCorePlus disallows its own
        self.core.unloadAllDevices()
        self.core.reset()
        del self.core

    def _presets(self, config: MicroscopeConfig) -> tuple[str, ...]:
        """Presets that both the demo configuration and the microscope's YAML know."""
        group = config.channel_group
        if group not in self.core.getAvailableConfigGroups():
            raise ReplayError(
                f"microscope {config.name!r}: channel_group {group!r} is not a group of "
                f"{DEMO_CONFIG}, which replays run on. Replay with --microscope demo."
            )
        there = self.core.getAvailableConfigs(group)
        return tuple(preset for preset in config.channels if preset in there)

    def _set_pixel_size(self, config: MicroscopeConfig) -> MicroscopeConfig:
        """Give the objective in place the recording's pixel size, in the core and in the YAML."""
        resolution = self.core.getCurrentPixelSizeConfig()
        self.core.setPixelSizeUm(resolution, self.pixel_size_um)
        group = config.objectives.group
        there = group in self.core.getAvailableConfigGroups()
        objective = self.core.getCurrentConfig(group) if there else ""
        item = config.objectives.items.get(objective)
        if item is None or item.pixel_size_um is None:
            return config
        items = {
            **config.objectives.items,
            objective: item.model_copy(update={"pixel_size_um": None}),
        }
        objectives = config.objectives.model_copy(update={"items": items})
        return config.model_copy(update={"objectives": objectives})


def open_replay(
    images: Path,
    config: MicroscopeConfig,
    *,
    pixel_size_um: float | None,
    select: str | None,
    interval_s: float,
    limit: int | None,
    channels: Sequence[str] | None = None,
    as_series: bool | None = None,
    sensor: tuple[int, int] = SENSOR,
    clock: SimClock | None = None,
) -> ReplayScope:
    """Open the recorded images at `images` as a microscope, at second 0.

    It always runs on the demo configuration, whatever `config.mm_config` says: a replay never
    touches hardware.

    Parameters
    ----------
    pixel_size_um : None takes it from the metadata; a value goes before them.
    select, limit, as_series : see `sim.replay.catalogue.scan`.
    interval_s : run time between recorded time points.
    channels : presets that the plan images; None for as many as were recorded.
    sensor : (height, width) in pixels of the camera that moves over a mosaic.

    Raises
    ------
    ReplayError
        One line with file, reason and remedy; nothing has been opened then.
    """
    for name, value in (("--pixel-size", pixel_size_um), ("interval", interval_s)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ReplayError(f"{name} {value:g}: must be a number above 0.")
    catalogue = scan(images, select=select, limit=limit, as_series=as_series)
    size_um = pixel_size_um or catalogue.pixel_size_um
    if size_um is None:
        raise ReplayError(
            f"{catalogue.fields[0].first}: the pixel size is not in the metadata. "
            "Give it with --pixel-size (micrometres per pixel); it is never guessed."
        )
    scope = ReplayScope(
        config,
        catalogue,
        pixel_size_um=size_um,
        interval_s=interval_s,
        channels=channels,
        sensor=sensor,
        clock=clock,
    )
    told = catalogue.pixel_size_um
    if told is not None and abs(told - size_um) > 0.01 * told:
        scope.notes = (
            f"pixel size {size_um:g} um as asked for; the metadata say {told:g} um",
            *scope.notes,
        )
    return scope


def _focus_um(config: MicroscopeConfig) -> float:
    """A z that every limit allows: 0, or the middle of the stage's range."""
    low, high = config.stage.z_um
    for item in config.objectives.items.values():
        low, high = max(low, item.z_um[0]), min(high, item.z_um[1])
    return 0.0 if low <= 0.0 <= high else (low + high) / 2
