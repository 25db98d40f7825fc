"""The camera as a witness: with every shutter closed its image is dark, or the light is on.

A shutter's read-back is what its controller believes. A blade that hangs, a cable that fell out or
an output that was never wired reads closed, and the sample lies in the light.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hardware.data import Refusal
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from hardware.gate import Gate
    from hardware.microscope.devices import Devices


class DarkFrames:
    """Takes one image without light where the microscope's YAML has a `dark_frame` section.

    The shutter does not follow the camera meanwhile. A call that hangs and comes back much later
    finds its number gone and exposes nothing.
    """

    def __init__(self, devices: Devices, gate: Gate) -> None:
        self._devices = devices
        self._gate = gate
        self._number = 0  # of the look that is under way

    @property
    def wanted(self) -> bool:
        """Whether the camera is asked at all; it changes the camera's exposure time."""
        return self._devices.config.dark_frame is not None

    @property
    def seconds(self) -> float:
        """How long a look takes, without the driver's own time."""
        wanted = self._devices.config.dark_frame
        readout_s = self._devices.config.timing.readout_s
        return 0.0 if wanted is None else wanted.exposure_ms / 1000.0 + readout_s

    def look(self) -> tuple[str, ...]:
        """What is on although all shutters read closed, in words; none where it is dark.

        `Devices.seen` is the same from then on. Also after a stop: it gives no light. Raises
        InstrumentFault where the camera gives no image.
        """
        wanted = self._devices.config.dark_frame
        if wanted is None:
            return ()
        answer = self._gate.dark_frame(wanted.exposure_ms)
        if isinstance(answer, Refusal):
            raise InstrumentFault(FaultKind.NOT_CONFIRMED, f"dark frame: {answer}")
        self._number += 1
        number, core = self._number, self._devices.core

        def arm() -> None:
            core.setAutoShutter(False)
            if number == self._number:
                core.setExposure(wanted.exposure_ms)

        def expose() -> float:
            if number != self._number or core.getAutoShutter():
                raise InstrumentFault(FaultKind.NOT_CONFIRMED, "dark frame: given up meanwhile")
            core.snapImage()
            return float(core.getImage().mean())

        def disarm() -> None:
            core.setAutoShutter(True)

        try:
            self._devices.ask("camera", arm)
            longer_s = self.seconds + self._devices.config.timeouts.snap_s
            mean = self._devices.ask("camera", expose, longer_s)
        except InstrumentFault:
            self._number += 1
            with suppress(InstrumentFault):  # an exposure sets it again
                self._devices.ask("camera", disarm)
            raise
        self._number += 1
        # before anything else can fail: light that was seen stays known
        self._devices.seen = () if mean < wanted.mean_below else (_light(mean, wanted.mean_below),)
        self._devices.ask("camera", disarm)
        return self._devices.seen


def _light(mean: float, below: float) -> str:
    return (
        f"the light that the camera sees with all shutters closed (a mean of {mean:.1f} counts;"
        f" a dark frame has less than {below:g})"
    )
