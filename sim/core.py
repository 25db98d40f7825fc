"""Micro-Manager's demo devices with simulated time, light and sample behind them."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pymmcore
from pymmcore_plus.experimental.unicore import UniMMCore

from sim.camera import CameraHangs, SimCamera, binned
from sim.faults import FaultKind
from sim.lightpath import Setting
from sim.troubled import TroubledCore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hardware.data import MicroscopeConfig
    from sim.clock import SimClock
    from sim.faults import Faults
    from sim.lamplink import LampLink
    from sim.lightpath import LightPath
    from sim.scenario import Scenario

DEMO_CONFIG = "MMConfig_demo.cfg"
CAMERA = "Camera"
TIME_TAG = "RunTime_s"  # in the metadata of a sequence's frames: end of the exposure
_FAST_MM_PER_S = 100_000.0  # the demo stage moves in real time; this makes it instant
_STEP_UM = 0.02  # read-back is rounded to the demo stage's step; less is no move


class SimCore(TroubledCore):
    """The stock demo configuration; only the camera is ours.

    What costs simulated time: stage and focus moves (distance / speed + settling), a change of
    channel or objective, exposures and read-out. What changes nothing costs nothing.

    UniMMCore does not move the shutter for a Python camera, autoshutter or not, so it is done
    here: open for the exposure, closed after it. With the shutter closed the frame is dark.
    """

    lamp: LampLink | None = None  # a lamp outside of the process, switched with the shutter
    _z_sequence: tuple[float, ...] = ()
    _z_running = False

    def equip(
        self,
        config: MicroscopeConfig,
        scenario: Scenario,
        path: LightPath,
        faults: Faults,
        clock: SimClock,
    ) -> None:
        """Put our camera in place of the demo's. The demo configuration is loaded already."""
        self._config, self._scenario = config, scenario
        self._path, self._faults, self._clock = path, faults, clock
        self._lost: FaultKind | None = None
        self._last_index: int | None = None  # of a sequence whose last image does not come
        shape = (scenario.camera.height, scenario.camera.width)
        self._camera = SimCamera(shape, self._expose)
        self.unloadDevice(CAMERA)
        self.loadPyDevice(CAMERA, self._camera)
        self.initializeDevice(CAMERA)
        self.setCameraDevice(CAMERA)
        self.setProperty(self.getXYStageDevice(), "Velocity", _FAST_MM_PER_S)
        self.setProperty(self.getFocusDevice(), "UseSequences", "Yes")
        self._equipped = True

    def close(self) -> None:
        """Unload everything and send no more events.

        Micro-Manager sends its events from a thread of its own. One that is still on its way when
        the interpreter ends aborts it ("exception not rethrown", exit code 134).
        """
        if self._equipped:
            self._faults.let_go()
        pymmcore.CMMCore.registerCallback(self, None)
        self.unloadAllDevices()
        self.reset()

    @contextmanager
    def free_of_charge(self) -> Iterator[None]:
        """Let devices move at no cost of time (a resume puts them where they were)."""
        self._equipped = False
        try:
            yield
        finally:
            self._equipped = True

    # ------------------------------------------------------------------ moves

    def setXYPosition(self, *args: Any) -> None:
        """Move the stage; simulated time passes by distance."""
        x, y = float(args[-2]), float(args[-1])
        if self._equipped:
            here = self.getXYPosition()
            self._spend_move(math.dist(here, (x, y)), self._config.timing.xy_um_per_s)
        super().setXYPosition(*args)
        # The demo stage stays busy for a millisecond, and Micro-Manager polls every ten.
        stage = self.getXYStageDevice()
        while self.deviceBusy(stage):
            time.sleep(0.0002)

    def setRelativeXYPosition(self, *args: Any) -> None:
        """Move the stage by (dx, dy)."""
        x, y = self.getXYPosition()
        self.setXYPosition(*args[:-2], x + float(args[-2]), y + float(args[-1]))

    def setPosition(self, *args: Any) -> None:
        """Move the focus; simulated time passes by distance."""
        if self._equipped and (len(args) == 1 or args[0] == self.getFocusDevice()):
            self._spend_move(abs(float(args[-1]) - self.getPosition()), self._z_speed)
        super().setPosition(*args)

    def setRelativePosition(self, *args: Any) -> None:
        """Move the focus by dz."""
        self.setPosition(*args[:-1], self.getPosition(*args[:-1]) + float(args[-1]))

    def loadStageSequence(self, stageLabel: str, positionSequence: Sequence[float]) -> None:
        """Remember the z of each frame of the next hardware-triggered sequence."""
        super().loadStageSequence(stageLabel, positionSequence)
        if stageLabel == self.getFocusDevice():
            self._z_sequence = tuple(float(z) for z in positionSequence)

    def startStageSequence(self, stageLabel: str) -> None:
        """Arm the z sequence; the focus goes to its first position."""
        super().startStageSequence(stageLabel)
        if stageLabel == self.getFocusDevice() and self._z_sequence:
            self._z_running = True
            self._spend_move(abs(self._z_sequence[0] - self.getPosition()), self._z_speed)

    def stopStageSequence(self, stageLabel: str) -> None:
        """Disarm the z sequence."""
        super().stopStageSequence(stageLabel)
        if stageLabel == self.getFocusDevice():
            self._z_running = False

    def setConfig(self, groupName: str, configName: str) -> None:
        """Apply a preset; a change of channel or objective takes its time."""
        cost = 0.0
        if self._equipped and groupName == self._config.channel_group:
            cost = self._config.timing.channel_switch_s
        elif self._equipped and groupName == self._config.objectives.group:
            given = self._scenario.stage.turret_s
            cost = self._config.timing.turret_s if given is None else given
        if cost and self.getCurrentConfig(groupName) != configName:
            self._clock.advance(cost)
        super().setConfig(groupName, configName)

    def setProperty(self, label: str, propName: str, propValue: bool | float | int | str) -> None:
        """As the core does; a Python camera wants its binning as a number."""
        if self._equipped and (label, propName) == (CAMERA, "Binning"):
            propValue = int(propValue)
        super().setProperty(label, propName, propValue)

    def waitForDeviceType(self, devType: int) -> None:
        """As the core does; the Python camera is never busy (and asking it takes 0.5 ms)."""
        super(UniMMCore, self).waitForDeviceType(devType)

    # ---------------------------------------------------------------- exposures

    def _do_snap_image(self) -> None:
        self._lost = None
        self._current_image_buffer = None
        self._camera_fails()
        self._camera.snapping = True
        opened = self._open_shutter()
        try:
            if self._strikes(FaultKind.CAMERA_HANGS) or self._strikes(FaultKind.CAMERA_SILENT):
                self._faults.hang("Camera")
            self._trouble_with_images(1)
            super()._do_snap_image()
        finally:
            self._camera.snapping = False
            self._close_shutter(opened)
        if self._lost is FaultKind.CAMERA_TIMEOUT:
            waited = self._config.timeouts.snap_s + self.getExposure() / 1000.0
            raise RuntimeError(f"Camera: no image after {waited:g} s")

    def _do_start_sequence_acquisition(
        self, cameraLabel: str, numImages: int, intervalMs: float, stopOnOverflow: bool
    ) -> None:
        """Expose the whole sequence before returning, so that simulated time is the same always."""
        self._lost = None
        self._camera_fails()
        opened = self._open_shutter()
        if self._strikes(FaultKind.CAMERA_SILENT):
            self._silent = True  # the shutter stays open until the sequence is stopped
            return
        try:
            if self._strikes(FaultKind.CAMERA_HANGS):
                self._faults.hang("Camera")
            self._trouble_with_images(numImages)
            super()._do_start_sequence_acquisition(
                cameraLabel, numImages, intervalMs, stopOnOverflow
            )
            if (thread := self._acquisition_thread) is not None:
                thread.join()
        finally:
            self._close_shutter(opened)
            self._end_z_sequence(numImages)

    def _do_stop_sequence_acquisition(self, cameraLabel: str) -> None:
        silent = self._silent
        super()._do_stop_sequence_acquisition(cameraLabel)
        if silent:
            self._close_shutter(self.getShutterDevice())

    def _trouble_with_images(self, n: int) -> None:
        """What is wrong with the next `n` images, beside light and time."""
        self._last_index = n - 1 if self._strikes(FaultKind.CAMERA_SHORT) else None
        self._camera.halved = self._strikes(FaultKind.CAMERA_WRONG_SIZE)
        self._camera.stale = self._strikes(FaultKind.CAMERA_STALE)

    def _expose(self, index: int | None, out: NDArray[np.uint16]) -> dict[str, str] | None:
        self.creep()
        x, y = self.true_xy_um()
        z = self.true_z_um()
        if index is not None and self._z_running and not self.z_stays():
            z = self._z_sequence[index % len(self._z_sequence)]
        factor = self._camera.binning
        setting = Setting(
            x_um=x,
            y_um=y,
            z_um=z,
            channel=self.true_preset(self._config.channel_group),
            objective=self.true_preset(self._config.objectives.group),
            pixel_um=self.true_pixel_um() / factor,  # the sensor's own pixels
            shutter_open=self.true_light(),
            exposure_ms=self._camera.get_exposure(),
        )
        camera = self._scenario.camera
        whole = out if factor == 1 else np.empty((camera.height, camera.width), np.uint16)
        self._lost = self._path.expose(setting, whole)
        if factor > 1:
            out[:] = binned(whole, factor, camera.offset, 2**camera.bits - 1)
        if self._lost is FaultKind.CAMERA_TIMEOUT:
            raise CameraHangs
        if self._lost is not None or (index is not None and index == self._last_index):
            return None
        return {TIME_TAG: f"{self._clock.now():.6f}", "Z_um": f"{z:.4f}"}

    def _open_shutter(self) -> str:
        """Open the shutter if it follows the camera; its label, or "" if there is none to close."""
        if not self.getAutoShutter():
            return ""
        shutter = self.getShutterDevice()
        if shutter:
            self._do_shutter_open(shutter, True)
        return shutter

    def _light_changed(self, lit: bool) -> None:
        if self.lamp is not None:
            self.lamp.switch(lit)

    def _close_shutter(self, shutter: str) -> None:
        if shutter:
            self._do_shutter_open(shutter, False)

    def _end_z_sequence(self, frames: int) -> None:
        """After a triggered sequence the focus is where its last frame was."""
        if self._z_running:
            last = self._z_sequence[(frames - 1) % len(self._z_sequence)]
            focus = self.getFocusDevice()
            self.stopStageSequence(focus)
            super().setPosition(focus, last)

    # --------------------------------------------------------------------- time

    @property
    def _z_speed(self) -> float:
        return self._config.timing.z_um_per_s

    def _spend_move(self, distance_um: float, um_per_s: float) -> None:
        if self._equipped and distance_um > _STEP_UM:
            self._clock.advance(distance_um / um_per_s + self._config.timing.settle_s)
