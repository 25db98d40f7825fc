"""Devices that fail, hang and lie: beneath the simulated microscope's time and light."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from pymmcore_plus.experimental.unicore import UniMMCore

from sim.faults import FaultKind as Kind

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig
    from sim.clock import SimClock
    from sim.faults import Faults

REMEMBERED = 4096  # openings of the shutter


class TroubledCore(UniMMCore):
    """The stock core; what `faults` say goes wrong, does.

    What a device says of itself is read as ever; `true_xy_um`, `true_z_um` and `true_preset` are
    where it is. `light` has when light went on and off (monotonic real seconds; None: still on).
    """

    _equipped = False  # before that, and during a restore, nothing goes wrong
    _config: MicroscopeConfig
    _faults: Faults
    _clock: SimClock

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.light: deque[tuple[float, float | None]] = deque(maxlen=REMEMBERED)
        self._open: set[str] = set()  # shutters that are open, whatever they say
        self._xy_um: tuple[float, float] | None = None  # where a lying device is
        self._z_um: float | None = None
        self._presets: dict[str, tuple[str, float]] = {}  # group: preset and pixel size in place
        self._silent = False
        # one thread exposes, another stops it: the shutter, and what is written of it, go together
        self._shutter = threading.Lock()

    # ------------------------------------------------------------------ the truth

    def true_xy_um(self) -> tuple[float, float]:
        """Where the stage is."""
        x, y = super().getXYPosition()
        return (x, y) if self._xy_um is None else self._xy_um

    def true_z_um(self) -> float:
        """Where the focus drive is."""
        return super().getPosition() if self._z_um is None else self._z_um

    def true_preset(self, group: str) -> str:
        """The preset of a channel or objective group that is in place."""
        lie = self._presets.get(group)
        return str(super().getCurrentConfig(group)) if lie is None else lie[0]

    def true_pixel_um(self) -> float:
        """Edge of a pixel with the objective that is in place."""
        lie = self._presets.get(self._config.objectives.group)
        return float(self.getPixelSizeUm()) if lie is None else lie[1]

    def true_light(self) -> bool:
        """Whether light comes through a shutter."""
        return bool(self._open) or bool(super().getShutterOpen())

    # ------------------------------------------------------------------ moves

    def setXYPosition(self, *args: Any) -> None:
        """Move the stage, or not."""
        self._fail("XY stage", Kind.STAGE_RAISES, Kind.STAGE_HANGS)
        if self._strikes(Kind.STUCK_STAGE):
            return
        self._xy_um = self.true_xy_um() if self._strikes(Kind.STAGE_LIES) else None
        super().setXYPosition(*args)

    def setPosition(self, *args: Any) -> None:
        """Move the focus drive, or not."""
        if len(args) > 1 and args[0] != self.getFocusDevice():
            super().setPosition(*args)
            return
        self._fail("focus drive", Kind.FOCUS_RAISES, Kind.FOCUS_HANGS)
        if self._strikes(Kind.FOCUS_STUCK):
            return
        self._z_um = self.true_z_um() if self._strikes(Kind.FOCUS_LIES) else None
        super().setPosition(*args)

    def startStageSequence(self, stageLabel: str) -> None:
        """Arm a z sequence, or not."""
        self._fail("focus drive", Kind.FOCUS_RAISES, Kind.FOCUS_HANGS)
        super().startStageSequence(stageLabel)

    def z_stays(self) -> bool:
        """Whether triggers move the focus drive nowhere."""
        return self._strikes(Kind.FOCUS_STUCK) or self._strikes(Kind.FOCUS_LIES)

    def creep(self) -> None:
        """The drift of a stage, with an exposure."""
        if self._equipped and (fault := self._faults.at(Kind.STAGE_DRIFTS, self._clock.now())):
            x, y = super().getXYPosition()
            super().setXYPosition(x + fault.um, y)
            while self.deviceBusy(self.getXYStageDevice()):
                time.sleep(0.0002)

    # ------------------------------------------------------------------ presets and settings

    def setConfig(self, groupName: str, configName: str) -> None:
        """Switch a group, or not."""
        if self._equipped and groupName == self._config.channel_group:
            self._fail("filter wheel", Kind.CHANNEL_RAISES, Kind.CHANNEL_HANGS)
            stays, lies = self._strikes(Kind.CHANNEL_STUCK), self._strikes(Kind.CHANNEL_LIES)
        elif self._equipped and groupName == self._config.objectives.group:
            self._fail("turret", Kind.TURRET_RAISES, Kind.TURRET_HANGS)
            stays, lies = self._strikes(Kind.TURRET_STUCK), self._strikes(Kind.TURRET_LIES)
        else:
            stays = lies = False
        if stays:
            return
        if lies:
            self._presets[groupName] = (self.true_preset(groupName), self.true_pixel_um())
        else:
            self._presets.pop(groupName, None)
        super().setConfig(groupName, configName)

    def setExposure(self, *args: Any) -> None:
        """Set the camera's exposure, or not."""
        if not self._setting_fails():
            super().setExposure(*args)

    def setProperty(self, label: str, propName: str, propValue: bool | float | int | str) -> None:
        """Set a property, or not."""
        if label == self.getCameraDevice() and self._setting_fails():
            return
        super().setProperty(label, propName, propValue)

    def _setting_fails(self) -> bool:
        self._fail("Camera", Kind.SETTING_RAISES, Kind.SETTING_HANGS)
        return self._strikes(Kind.SETTING_STUCK)

    # ------------------------------------------------------------------ light

    def _do_shutter_open(self, shutterLabel: str, state: bool, /) -> None:
        if not state and shutterLabel in self._open:
            self._fail("shutter", Kind.SHUTTER_RAISES, Kind.SHUTTER_HANGS)
            if self._strikes(Kind.SHUTTER_STUCK):
                return
        with self._shutter:
            super()._do_shutter_open(shutterLabel, state)
            if state:
                self._open.add(shutterLabel)
            elif not self._strikes(Kind.SHUTTER_LIES):
                self._open.discard(shutterLabel)
            self._mark_light()

    def _mark_light(self) -> None:
        lit = bool(self._open)
        if lit is (bool(self.light) and self.light[-1][1] is None):
            return
        if lit:
            self.light.append((time.monotonic(), None))
        else:
            self.light[-1] = (self.light[-1][0], time.monotonic())
        self._light_changed(lit)

    def _light_changed(self, lit: bool) -> None:
        """Light went on or off."""

    # ------------------------------------------------------------------ camera

    def _camera_fails(self) -> None:
        self._fail("Camera", Kind.CAMERA_RAISES, None)

    def isSequenceRunning(self, *args: Any) -> bool:
        """Whether the camera says that it delivers."""
        return self._silent or super().isSequenceRunning(*args)

    def _do_stop_sequence_acquisition(self, cameraLabel: str) -> None:
        self._silent = False
        super()._do_stop_sequence_acquisition(cameraLabel)

    # ------------------------------------------------------------------ reading

    def getXYPosition(self, *args: Any) -> tuple[float, float]:
        """Where the stage says it is (um)."""
        self._fail("XY stage", None, Kind.READING_HANGS)
        x, y = super().getXYPosition(*args)
        return x, y

    def getPosition(self, *args: Any) -> float:
        """Where the focus drive says it is (um)."""
        self._fail("focus drive", None, Kind.READING_HANGS)
        return float(super().getPosition(*args))

    def getShutterOpen(self, *args: Any) -> bool:
        """What a shutter says."""
        self._fail("shutter", None, Kind.READING_HANGS)
        return bool(super().getShutterOpen(*args))

    # ------------------------------------------------------------------ inside

    def _strikes(self, kind: Kind) -> bool:
        return self._equipped and self._faults.strikes(kind, self._clock.now())

    def _fail(self, device: str, raises: Kind | None, hangs: Kind | None) -> None:
        if raises is not None and self._strikes(raises):
            raise RuntimeError(f"{device}: error 10 of the device")
        if hangs is not None and self._strikes(hangs):
            self._faults.hang(device)
