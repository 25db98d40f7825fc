"""The instrument: everything that moves, exposes or switches is in this file, behind the gate."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardware.bounded import Bounded
from hardware.data import Exposure, Permit, Purpose, Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from pymmcore_plus import CMMCorePlus

    from hardware.data import Answer, Clock, MicroscopeConfig
    from hardware.gate import Gate
    from hardware.ledger import DoseLedger


@dataclass(frozen=True, slots=True)
class InstrumentState:
    """What the instrument says of itself (um, ms, preset names)."""

    x_um: float
    y_um: float
    z_um: float
    channel: str
    objective: str
    exposure_ms: float
    pixel_size_um: float
    open_shutters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Light:
    """Why light is about to fall on the sample, and for how long."""

    visit_id: int
    index: int
    purpose: Purpose
    fov: str
    channel: str
    exposure_ms: float


class Microscope:
    """Moves, switches and exposes; each command passes the gate and is read back.

    Commands answer Permit (sent and confirmed) or Refusal (nothing was sent), and raise
    InstrumentFault when a device fails or its read-back differs.
    """

    def __init__(
        self,
        core: CMMCorePlus,
        config: MicroscopeConfig,
        gate: Gate,
        ledger: DoseLedger,
        clock: Clock,
    ) -> None:
        self.core = core
        self.config = config
        self.clock = clock
        self._gate = gate
        self._ledger = ledger
        self._bounded = Bounded()
        self._channel = ""
        self._objective = ""
        self._exposure_ms = math.nan

    # ------------------------------------------------------------------ start and end

    def start(self) -> InstrumentState:
        """Light off first; then read where everything is. Moves nothing."""
        self.light_off()
        self.core.setAutoShutter(True)  # the shutter follows the exposure from here on
        self.core.setTimeoutMs(int(self.config.timeouts.move_s * 1000))
        state = self.read()
        self._channel, self._objective = state.channel, state.objective
        return state

    def read(self) -> InstrumentState:
        """Ask the instrument, not our memory of it."""
        core = self.core
        x, y = core.getXYPosition()
        return InstrumentState(
            x_um=x,
            y_um=y,
            z_um=core.getZPosition(),
            channel=core.getCurrentConfig(self.config.channel_group),
            objective=self._read_objective(),
            exposure_ms=core.getExposure(),
            pixel_size_um=self.pixel_size_um(),
            open_shutters=tuple(s for s in self._shutters() if core.getShutterOpen(s)),
        )

    def light_off(self) -> tuple[str, ...]:
        """Close every shutter. Takes no lock; returns those that could NOT be confirmed closed."""
        failed = []
        for shutter in self._shutters():
            try:
                self.core.setShutterOpen(shutter, False)
                if self.core.getShutterOpen(shutter):
                    failed.append(shutter)
            except RuntimeError:
                failed.append(shutter)
        return tuple(failed)

    def stop(self) -> tuple[str, ...]:
        """Refuse everything from now on, stop the camera, light off; returns what did not stop."""
        self._gate.stop()
        failed: list[str] = []
        try:
            if self.core.isSequenceRunning():
                self.core.stopSequenceAcquisition()
        except RuntimeError:
            failed.append("camera sequence")
        return (*failed, *self.light_off())

    def close(self) -> None:
        """Give the device thread back."""
        self._bounded.close()

    # ------------------------------------------------------------------ moving

    def move_xy(self, x_um: float, y_um: float) -> Answer:
        """Go to stage position (um); confirmed by read-back."""
        answer = self._gate.xy(x_um, y_um)
        if isinstance(answer, Refusal):
            return answer
        core, tolerance = self.core, self.config.stage.tolerance_xy_um
        if math.dist(core.getXYPosition(), (x_um, y_um)) <= 0.1 * tolerance:
            return answer

        def move() -> tuple[float, float]:
            core.setXYPosition(x_um, y_um)
            core.waitForDevice(core.getXYStageDevice())
            x, y = core.getXYPosition()
            return x, y

        there = self._bounded.call("XY stage", self.config.timeouts.move_s, move)
        if math.dist(there, (x_um, y_um)) > tolerance:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"XY stage: asked for ({x_um:g}, {y_um:g}) um, reads "
                f"({there[0]:g}, {there[1]:g}) um (tolerance {tolerance:g} um)",
            )
        return answer

    def move_z(self, z_um: float) -> Answer:
        """Go to focus position (um), toward the sample in capped steps; confirmed by read-back."""
        core, stage = self.core, self.config.stage
        here = core.getZPosition()
        answer: Answer = Permit(f"z = {z_um:g} um")
        # a read-back within tolerance must not push the next step over the cap
        cap_um = stage.max_step_toward_sample_um - stage.tolerance_z_um
        for step_um in _steps(here, z_um, cap_um, stage.toward_sample):
            answer = self._gate.z(step_um, objective=self._objective, current_z_um=here)
            if isinstance(answer, Refusal):
                return answer
            if abs(here - step_um) > 0.1 * stage.tolerance_z_um:
                here = self._send_z(step_um)
        return answer

    def _send_z(self, z_um: float) -> float:
        core, tolerance = self.core, self.config.stage.tolerance_z_um

        def move() -> float:
            core.setZPosition(z_um)
            core.waitForDevice(core.getFocusDevice())
            return core.getZPosition()

        there = self._bounded.call("focus drive", self.config.timeouts.move_s, move)
        if not abs(there - z_um) <= tolerance:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"focus drive: asked for {z_um:g} um, reads {there:g} um "
                f"(tolerance {tolerance:g} um)",
            )
        return there

    # ------------------------------------------------------------------ switching

    def set_channel(self, preset: str) -> Answer:
        """Switch the channel group to `preset`; confirmed by read-back."""
        answer = self._gate.channel(preset)
        if isinstance(answer, Refusal) or preset == self._channel:
            return answer
        core, group = self.core, self.config.channel_group

        def switch() -> str:
            core.setConfig(group, preset)
            core.waitForConfig(group, preset)
            return str(core.getCurrentConfig(group))

        self._channel = ""
        self._confirm_preset(f"channel group {group}", preset, switch)
        self._channel = preset
        return answer

    def set_objective(self, preset: str) -> Answer:
        """Retract, turn the turret, read back, and stay retracted under the new limits.

        The approach is the caller's next `move_z`, in capped steps under the new objective's
        limits. Off unless the microscope's YAML allows it.
        """
        answer = self._gate.objective(preset)
        if isinstance(answer, Refusal) or preset == self._objective:
            return answer
        retract_z_um = self.config.objectives.retract_z_um
        if retract_z_um is None:
            return Refusal(
                Rule.OBJECTIVE,
                f"objective = {preset}",
                "objectives.retract_z_um is not set",
                "Measure a z at which the turret clears the sample and write it there.",
            )
        retracted = self.move_z(retract_z_um)
        if isinstance(retracted, Refusal):
            return retracted
        core, group = self.core, self.config.objectives.group

        def turn() -> str:
            core.setConfig(group, preset)
            core.waitForConfig(group, preset)
            return str(core.getCurrentConfig(group))

        self._objective = ""  # unknown while it turns: the gate refuses z moves
        self._confirm_preset(f"turret {group}", preset, turn)
        self._objective = preset
        return answer

    def _confirm_preset(self, what: str, preset: str, switch: Callable[[], str]) -> None:
        there = self._bounded.call(what, self.config.timeouts.move_s, switch)
        if there != preset:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED, f"{what}: asked for {preset}, reads {there or 'nothing'}"
            )

    # ------------------------------------------------------------------ exposing

    def snap(self, light: Light) -> NDArray[np.uint16] | Refusal:
        """Expose once in the channel that is set; the ledger is written before the light goes on.

        Returns (height, width) pixels as the camera delivers them.
        """
        exposure = self._exposure(light, self.core.getZPosition())
        answer = self._permit([exposure])
        if isinstance(answer, Refusal):
            return answer
        core = self.core
        self._set_exposure(light.exposure_ms)
        row = self._ledger.open(exposure)

        def expose() -> NDArray[np.uint16]:
            core.snapImage()
            return core.getImage()

        timeout_s = exposure.seconds + self.config.timeouts.snap_s
        try:
            pixels = self._bounded.call("camera", timeout_s, expose)
        except InstrumentFault:
            self.light_off()
            self._ledger.close(row)  # no image, but the exposure is over and the light was on
            raise
        self._ledger.close(row)
        return pixels

    def snap_stack(
        self, lights: Sequence[Light], z_um: Sequence[float]
    ) -> Iterator[NDArray[np.uint16]] | Refusal:
        """Expose a hardware-triggered z stack in the channel that is set.

        All of it is permitted and written to the ledger before the trigger; the images come as the
        camera delivers them. Raises MISSING_FRAMES after the last one if some did not come.
        """
        exposures = [self._exposure(light, z) for light, z in zip(lights, z_um, strict=True)]
        answer = self._permit(exposures)
        if isinstance(answer, Refusal):
            return answer
        approach = self.move_z(z_um[0])
        if isinstance(approach, Refusal):
            return approach
        stack = self._gate.z_stack(z_um, objective=self._objective, current_z_um=z_um[0])
        if isinstance(stack, Refusal):
            return stack
        core = self.core
        drive = core.getFocusDevice()
        self._set_exposure(lights[0].exposure_ms)

        def trigger() -> None:
            core.loadStageSequence(drive, list(z_um))
            core.startStageSequence(drive)
            core.startSequenceAcquisition(len(lights), 0, True)

        rows = [self._ledger.open(exposure) for exposure in exposures]
        self._bounded.call("camera", self.config.timeouts.move_s, trigger)
        return self._stack_images(rows, exposures[0].seconds)

    def _stack_images(self, rows: Sequence[int], exposure_s: float) -> Iterator[NDArray[np.uint16]]:
        core, timeout_s = self.core, exposure_s + self.config.timeouts.snap_s
        drive = core.getFocusDevice()
        try:
            for i, row in enumerate(rows):
                deadline = time.monotonic() + timeout_s
                while not core.getRemainingImageCount():
                    if not core.isSequenceRunning() and not core.getRemainingImageCount():
                        raise InstrumentFault(
                            FaultKind.MISSING_FRAMES,
                            f"camera: {i} of {len(rows)} images of the stack arrived",
                        )
                    if time.monotonic() > deadline:
                        raise InstrumentFault(
                            FaultKind.TIMEOUT,
                            f"camera: image {i + 1} did not come in {timeout_s:g} s",
                        )
                    time.sleep(0.0005)
                pixels = core.popNextImage().copy()  # the driver's ring buffer will be reused
                self._ledger.close(row)
                yield pixels
        finally:
            core.stopSequenceAcquisition()
            core.stopStageSequence(drive)
            self.light_off()

    def _permit(self, exposures: Sequence[Exposure]) -> Answer:
        """Ask the gate, and refuse light of another channel than the one that is set."""
        for exposure in exposures:
            if exposure.channel != self._channel:
                return Refusal(
                    Rule.CHANNEL,
                    f"exposure in {exposure.channel}",
                    f"channel set: {self._channel or 'unknown'}",
                    "Switch the channel first.",
                )
        return self._gate.exposures(exposures)

    def _set_exposure(self, exposure_ms: float) -> None:
        """Called with an exposure that `_permit` has let through."""
        if exposure_ms == self._exposure_ms:
            return
        self._exposure_ms = math.nan
        self.core.setExposure(exposure_ms)
        there = self.core.getExposure()
        if not math.isclose(there, exposure_ms, rel_tol=0.01, abs_tol=0.05):
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"camera: asked for an exposure of {exposure_ms:g} ms, reads {there:g} ms",
            )
        self._exposure_ms = exposure_ms

    def _exposure(self, light: Light, z_um: float) -> Exposure:
        x, y = self.core.getXYPosition()
        known = light.channel in self.config.channels
        return Exposure(
            visit_id=light.visit_id,
            index=light.index,
            purpose=light.purpose,
            fov=light.fov,
            channel=light.channel,
            exposure_ms=light.exposure_ms,
            irradiance_w_cm2=(
                self.config.irradiance_w_cm2(light.channel, self._objective) if known else None
            ),
            time_s=self.clock.now(),
            x_um=x,
            y_um=y,
            z_um=z_um,
            objective=self._objective,
        )

    # ------------------------------------------------------------------ reading

    @property
    def objective(self) -> str:
        """Preset of the objective group as last read back."""
        return self._objective

    def pixel_size_um(self) -> float:
        """Edge of a camera pixel in the sample; 0.0 means that nobody knows."""
        item = self.config.objectives.items.get(self._objective)
        if item is not None and item.pixel_size_um is not None:
            return item.pixel_size_um
        return float(self.core.getPixelSizeUm())

    def image_format(self) -> tuple[int, int, str]:
        """Height, width (pixels) and numpy dtype name of the images that the camera delivers."""
        core = self.core
        if core.getNumberOfComponents() != 1 or core.getBytesPerPixel() not in (1, 2):
            raise InstrumentFault(
                FaultKind.DEVICE,
                f"camera: {core.getBytesPerPixel()} bytes and {core.getNumberOfComponents()} "
                "components per pixel; 8- or 16-bit grey is needed",
            )
        dtype = "uint8" if core.getBytesPerPixel() == 1 else "uint16"
        return core.getImageHeight(), core.getImageWidth(), dtype

    def _read_objective(self) -> str:
        group = self.config.objectives.group
        if group not in self.core.getAvailableConfigGroups():
            return ""
        self._objective = str(self.core.getCurrentConfig(group))
        return self._objective

    def _shutters(self) -> tuple[str, ...]:
        if self.config.shutters:
            return self.config.shutters
        return tuple(self.core.getLoadedDevicesOfType(SHUTTER_DEVICE))


def load_core(mm_config: Path) -> CMMCorePlus:
    """Load a Micro-Manager configuration, once, before anything else; then light off at once.

    Loading runs the configuration's Startup preset, which may move devices or switch a lamp on:
    read its text first (`hardware.mmconfig`). Raises InstrumentFault in one line.
    """
    from pymmcore_plus import CMMCorePlus as Core

    core = Core()
    try:
        core.loadSystemConfiguration(mm_config)
        for shutter in core.getLoadedDevicesOfType(SHUTTER_DEVICE):
            core.setShutterOpen(shutter, False)
    except (RuntimeError, OSError) as error:
        raise InstrumentFault(FaultKind.DEVICE, f"{mm_config}: {error}") from error
    return core


SHUTTER_DEVICE = 3  # MM::ShutterDevice in MMDeviceConstants.h


def _steps(here: float, there: float, cap_um: float, toward: str) -> list[float]:
    """Stations of a focus move: capped steps toward the sample, one move away from it."""
    distance = there - here if toward == "increasing" else here - there
    if not math.isfinite(distance) or distance <= cap_um:
        return [there]
    n = math.ceil(distance / cap_um)
    return [here + (there - here) * i / n for i in range(1, n)] + [there]
