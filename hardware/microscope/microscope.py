"""The microscope: start and end, and one door to everything that moves, exposes or switches."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope.camera_format import CameraFormat
from hardware.microscope.devices import Devices
from hardware.microscope.exposer import Exposer
from hardware.microscope.mover import Mover
from hardware.microscope.reading import InstrumentState

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pymmcore_plus import CMMCorePlus

    from hardware.data import Answer, Clock, MicroscopeConfig, Refusal
    from hardware.gate import Gate
    from hardware.ledger import DoseLedger
    from hardware.microscope.light_guard import LightGuard
    from hardware.microscope.reading import Image, Light

REOPENED_S = 0.5  # an exposure that was let through opens its shutter within this time


class Microscope:
    """Moves, switches and exposes; each command passes the gate and is read back.

    Commands answer Permit (sent and confirmed) or Refusal (nothing was sent), and raise
    InstrumentFault when a device fails, does not answer in time, or reads back differently.
    """

    def __init__(
        self,
        core: CMMCorePlus,
        config: MicroscopeConfig,
        gate: Gate,
        ledger: DoseLedger,
        clock: Clock,
        *,
        light_guard: LightGuard | None = None,
    ) -> None:
        self.core = core
        self.config = config
        self.clock = clock
        self._gate = gate
        self._devices = Devices(core, config)
        self._mover = Mover(self._devices, gate)
        self._exposer = Exposer(self._devices, self._mover, gate, ledger, clock, light_guard)
        self._format = CameraFormat(self._devices, gate)

    # ------------------------------------------------------------------ start and end

    def start(self) -> InstrumentState:
        """Light off first; then read where everything is. Moves nothing.

        Raises InstrumentFault when a shutter does not close, or the camera sees light all the
        same (`dark_frame`): no run begins with the light on.
        """
        left_on = self.light_off()
        if left_on:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"light: could NOT close {', '.join(left_on)}; close it by hand, or name the "
                f'right shutters in the YAML of microscope "{self.config.name}" (shutters)',
            )
        core = self.core

        def prepare() -> None:
            core.setAutoShutter(True)  # the shutter follows the exposure from here on
            core.setTimeoutMs(int(self.config.timeouts.move_s * 1000))

        self._devices.ask("instrument", prepare)
        self._format.find()
        self._confirm_dark()
        state = self.read()
        self._mover.channel, self._mover.objective = state.channel, state.objective
        return state

    def _confirm_dark(self) -> None:
        try:
            self._exposer.confirm_dark("although nothing is exposed")
        except InstrumentFault as fault:
            if not self._devices.seen:
                raise  # the camera gives no image
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"{fault}; could NOT switch off {self._devices.seen[0]}; switch the lamp off by "
                "hand, or measure dark_frame.mean_below again for the YAML of microscope "
                f'"{self.config.name}"',
            ) from fault

    def light_off_at_last(self) -> tuple[str, ...]:
        """`light_off` where nothing exposes any more: the camera looks again if it saw light.

        That may have been a door that somebody opened.
        """
        if self._devices.seen:
            with suppress(InstrumentFault):
                self._exposer.confirm_dark()
        return self.light_off()

    def light_off(self) -> tuple[str, ...]:
        """Close every shutter. Takes no lock; returns those that could NOT be confirmed closed.

        With them the light that the camera saw all the same, where the YAML has `dark_frame`.
        """
        return self._devices.light_off()

    def stop(self) -> tuple[str, ...]:
        """Refuse everything from now on, stop the camera, light off; returns what did not stop.

        Takes no lock and may be called from a signal handler, whatever else hangs.
        """
        self._gate.stop()
        until = time.monotonic() + REOPENED_S
        while True:
            failed = self._devices.all_off()
            # an exposure that had passed the gate before may have opened its shutter after us
            if not self._exposer.exposing or time.monotonic() > until:
                return failed
            time.sleep(0.01)

    @property
    def stopped(self) -> bool:
        """True once `stop` was called."""
        return self._gate.stopped

    def close(self) -> None:
        """Give the device thread back."""
        self._devices.close()

    # ------------------------------------------------------------------ commands

    def move_xy(self, x_um: float, y_um: float) -> Answer:
        """Go to stage position (um); confirmed by read-back."""
        return self._mover.move_xy(x_um, y_um)

    def move_z(self, z_um: float) -> Answer:
        """Go to focus position (um), toward the sample in capped steps; confirmed by read-back."""
        return self._mover.move_z(z_um)

    def set_channel(self, preset: str) -> Answer:
        """Switch the channel group to `preset`; confirmed by read-back."""
        return self._mover.set_channel(preset)

    def set_objective(self, preset: str) -> Answer:
        """Retract, turn the turret, read back, and stay retracted under the new limits."""
        return self._mover.set_objective(preset)

    def set_binning(self, factor: int) -> Answer:
        """Add up `factor` pixels along each edge; confirmed by read-back."""
        return self._format.set_binning(factor)

    def snap(self, light: Light) -> Image | Refusal:
        """Expose once in the channel that is set; counted before the light goes on."""
        return self._exposer.snap(light)

    def snap_stack(
        self, lights: Sequence[Light], z_um: Sequence[float]
    ) -> Generator[Image, None, None] | Refusal:
        """Expose a hardware-triggered z stack in the channel that is set; see `Exposer`."""
        return self._exposer.snap_stack(lights, z_um)

    # ------------------------------------------------------------------ reading

    @property
    def objective(self) -> str:
        """Preset of the objective group as last read back, "" when it is not known."""
        return self._mover.objective

    def read(self) -> InstrumentState:
        """Ask the instrument, not our memory of it."""
        core, group = self.core, self.config.objectives.group

        def read() -> InstrumentState:
            x, y = core.getXYPosition()
            has_turret = group in core.getAvailableConfigGroups()
            objective = str(core.getCurrentConfig(group)) if has_turret else ""
            return InstrumentState(
                x_um=x,
                y_um=y,
                z_um=core.getZPosition(),
                channel=core.getCurrentConfig(self.config.channel_group),
                objective=objective,
                exposure_ms=core.getExposure(),
                pixel_size_um=self._format.pixel_size_um(objective),
                open_shutters=tuple(s for s in self._devices.shutters if core.getShutterOpen(s)),
            )

        return self._devices.ask("instrument", read)

    def lit(self) -> tuple[str, ...]:
        """Shutters that say that they are open."""
        core, shutters = self.core, self._devices.shutters
        return self._devices.ask(
            "shutter", lambda: tuple(s for s in shutters if core.getShutterOpen(s))
        )

    def pixel_size_um(self, objective: str = "") -> float:
        """Edge of one pixel of an image in the sample (um); 0.0 means that nobody knows.

        `objective`: the preset in question, "" for the one in place.
        """
        if objective in ("", self.objective):
            size = self._format.pixel_size_um
            return self._devices.ask("instrument", lambda: size(self.objective))
        other = self._format.pixel_size_with_um
        return self._devices.ask("instrument", lambda: other(objective))

    def image_format(self) -> tuple[int, int, str]:
        """Height, width (pixels) and numpy dtype name of the images that the camera delivers."""
        return self._format.image_format()
