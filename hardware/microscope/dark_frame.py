"""The camera as a witness: with every shutter closed its image is dark, or the light is on.

A shutter's read-back is what its controller believes. A blade that hangs, a cable that fell out or
an output that was never wired reads closed, and the sample lies in the light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardware.data import Refusal

if TYPE_CHECKING:
    from hardware.gate import Gate
    from hardware.microscope.devices import Devices


class DarkFrames:
    """Takes one image without light where the microscope's YAML has a `dark_frame` section."""

    def __init__(self, devices: Devices, gate: Gate) -> None:
        self._devices = devices
        self._gate = gate

    @property
    def wanted(self) -> bool:
        """Whether the camera is asked at all; it changes the camera's exposure time."""
        return self._devices.config.dark_frame is not None

    def look(self) -> tuple[str, ...]:
        """What is on although all shutters read closed, in words; none where it is dark.

        `Devices.seen` is the same from then on. After a stop nothing is asked of the camera any
        more, and what was known stays. Raises InstrumentFault where the camera gives no image.
        """
        wanted, core = self._devices.config.dark_frame, self._devices.core
        if wanted is None or self._gate.stopped:
            return self._devices.seen
        answer = self._gate.dark_frame(wanted.exposure_ms)
        if isinstance(answer, Refusal):
            return self._devices.seen

        def expose() -> float:
            try:
                core.setAutoShutter(False)
                core.setExposure(wanted.exposure_ms)
                core.snapImage()
                return float(core.getImage().mean())
            finally:
                core.setAutoShutter(True)

        longer_s = wanted.exposure_ms / 1000.0 + self._devices.config.timeouts.snap_s
        mean = self._devices.ask("camera", expose, longer_s)
        self._devices.seen = () if mean < wanted.mean_below else (_light(mean, wanted.mean_below),)
        return self._devices.seen


def _light(mean: float, below: float) -> str:
    return (
        f"the light that the camera sees with all shutters closed (a mean of {mean:.1f} counts;"
        f" a dark frame has less than {below:g})"
    )
