"""Micro-Manager's demo devices with a camera that delivers recorded pixels."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pymmcore_plus.experimental.unicore import CameraDevice, UniMMCore

from sim.core import CAMERA
from sim.replay.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    from hardware.data import MicroscopeConfig
    from sim.clock import SimClock
    from sim.replay.sample import RecordedSample

_FAST_MM_PER_S = 100_000.0  # the demo stage moves in real time; this makes it instant
_STEP_UM = 0.02  # the demo stage's step; less is no move


class ReplayCamera(CameraDevice):
    """Asks `expose` for the pixels of each frame."""

    def __init__(
        self, shape: tuple[int, int], dtype: str, expose: Callable[[], NDArray[np.uint16]]
    ) -> None:
        super().__init__()
        self._shape, self._dtype, self._expose = shape, dtype, expose
        self._exposure_ms = 10.0

    def get_exposure(self) -> float:
        """Exposure time in milliseconds."""
        return self._exposure_ms

    def set_exposure(self, exposure: float) -> None:
        """Set the exposure time in milliseconds; recorded pixels do not change with it."""
        if not exposure > 0:
            raise ValueError(f"Camera: exposure must be positive, not {exposure} ms")
        self._exposure_ms = float(exposure)

    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self._shape

    def dtype(self) -> DTypeLike:
        """As recorded: uint8 or uint16."""
        return self._dtype

    def start_sequence(
        self, n: int | None, get_buffer: Callable[[Sequence[int], DTypeLike], NDArray[np.uint16]]
    ) -> Iterator[Mapping[str, str]]:
        """Deliver `n` frames (None: until stopped)."""
        index = 0
        while n is None or index < n:
            pixels = self._expose()
            get_buffer(self._shape, self._dtype)[:] = pixels
            yield {}
            index += 1


class ReplayCore(UniMMCore):
    """The stock demo configuration; moves, switches and exposures cost simulated time.

    Stage and focus take distance / speed + settling, as the microscope's YAML says.
    """

    _equipped = False  # before that, and during a restore, nothing costs time

    def equip(
        self,
        config: MicroscopeConfig,
        sample: RecordedSample,
        dtype: str,
        channels: Mapping[str, int],
        clock: SimClock,
    ) -> None:
        """Put our camera in place of the demo's; the demo configuration is loaded already."""
        self._config, self._sample, self._channels = config, sample, dict(channels)
        self._clock = clock
        self._camera = ReplayCamera((sample.height, sample.width), dtype, self._expose)
        self.unloadDevice(CAMERA)
        self.loadPyDevice(CAMERA, self._camera)
        self.initializeDevice(CAMERA)
        self.setCameraDevice(CAMERA)
        self.setProperty(self.getXYStageDevice(), "Velocity", _FAST_MM_PER_S)
        self._equipped = True

    @contextmanager
    def free_of_charge(self) -> Iterator[None]:
        """Let devices move at no cost of time (a resume puts them where they were)."""
        self._equipped = False
        try:
            yield
        finally:
            self._equipped = True

    def setXYPosition(self, *args: Any) -> None:
        """Move the stage; simulated time passes by distance."""
        here, there = self.getXYPosition(), (float(args[-2]), float(args[-1]))
        self._spend_move(math.dist(here, there), "xy")
        super().setXYPosition(*args)
        # The demo stage stays busy for a millisecond, and Micro-Manager polls every ten.
        stage = self.getXYStageDevice()
        while self.deviceBusy(stage):
            time.sleep(0.0002)

    def setPosition(self, *args: Any) -> None:
        """Move the focus; simulated time passes by distance."""
        if len(args) == 1 or args[0] == self.getFocusDevice():
            self._spend_move(abs(float(args[-1]) - self.getPosition()), "z")
        super().setPosition(*args)

    def setConfig(self, groupName: str, configName: str) -> None:
        """Apply a preset; a change of channel takes its time."""
        if (
            self._equipped
            and groupName == self._config.channel_group
            and self.getCurrentConfig(groupName) != configName
        ):
            self._clock.advance(self._config.timing.channel_switch_s)
        super().setConfig(groupName, configName)

    def _spend_move(self, distance_um: float, axis: str) -> None:
        if self._equipped and distance_um > _STEP_UM:
            timing = self._config.timing
            speed = timing.xy_um_per_s if axis == "xy" else timing.z_um_per_s
            self._clock.advance(distance_um / speed + timing.settle_s)

    def _expose(self) -> NDArray[np.uint16]:
        """The recorded pixels of this place, plane, channel and time."""
        preset = self.getCurrentConfig(self._config.channel_group)
        if preset not in self._channels:
            raise ReplayError(
                f"channel {preset or 'unknown'}: not in the recording, which is shown as "
                f"{', '.join(self._channels)}."
            )
        x, y = self.getXYPosition()
        pixels: NDArray[np.uint16] = self._sample.look(
            x, y, self.getPosition(), self._channels[preset], self._clock.now()
        )
        self._clock.advance(self._camera.get_exposure() / 1000.0 + self._config.timing.readout_s)
        return pixels
