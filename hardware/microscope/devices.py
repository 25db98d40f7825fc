"""The core's devices with a time-out on every call, and the ways to switch them off."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hardware.bounded import Bounded, all_at_once
from hardware.microscope.loading import SHUTTER_DEVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymmcore_plus import CMMCorePlus

    from hardware.data import MicroscopeConfig

T = TypeVar("T")


class Devices:
    """What the parts of a microscope share.

    Micro-Manager holds one lock per adapter library during a call: while a camera hangs, reading
    the stage of the same library hangs too. So every call goes through `ask`, reading as well.
    """

    def __init__(self, core: CMMCorePlus, config: MicroscopeConfig) -> None:
        self.core = core
        self.config = config
        self.shutters = config.shutters or tuple(core.getLoadedDevicesOfType(SHUTTER_DEVICE))
        self.seen: tuple[str, ...] = ()  # light that is on although all shutters read closed
        self._bounded = Bounded()

    def ask(self, what: str, job: Callable[[], T], longer_s: float = 0.0) -> T:
        """Run `job`, which may take `timeouts.move_s` and `longer_s`; InstrumentFault if not."""
        return self._bounded.call(what, self.config.timeouts.move_s + longer_s, job)

    def light_off(self) -> tuple[str, ...]:
        """Close every shutter. Takes no lock; returns those that could NOT be confirmed closed.

        With them what the camera has seen since it was dark the last time, in words.
        """
        jobs = {shutter: self._closer(shutter) for shutter in self.shutters}
        return (*all_at_once(jobs, self.config.timeouts.move_s), *self.seen)

    def all_off(self) -> tuple[str, ...]:
        """Camera, triggered focus drive and light; returns what could NOT be stopped."""
        core = self.core

        def end_sequence() -> bool:
            if core.isSequenceRunning():
                core.stopSequenceAcquisition()
            return not core.isSequenceRunning()

        def end_z_sequence() -> bool:
            drive = core.getFocusDevice()
            if drive and core.isStageSequenceable(drive):
                core.stopStageSequence(drive)
            return True

        jobs = {shutter: self._closer(shutter) for shutter in self.shutters}
        jobs |= {"camera sequence": end_sequence, "z sequence": end_z_sequence}
        return (*all_at_once(jobs, self.config.timeouts.move_s), *self.seen)

    def close(self) -> None:
        """Give the thread back."""
        self._bounded.close()

    def _closer(self, shutter: str) -> Callable[[], bool]:
        core = self.core

        def close() -> bool:
            core.setShutterOpen(shutter, False)
            return not core.getShutterOpen(shutter)

        return close
