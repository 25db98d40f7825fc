"""What an image is: binning, size and bytes of a frame, and its pixels' size in the sample."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hardware.data import Permit, Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymmcore_plus import CMMCorePlus

    from hardware.data import Answer
    from hardware.gate import Gate
    from hardware.microscope.devices import Devices

BINNING = "Binning"  # the property's name in every adapter of Micro-Manager
_FACTOR = re.compile(r"\s*(\d+)\s*(?:x\s*\1\s*)?", re.IGNORECASE)  # "2" or "2x2"


class CameraFormat:
    """The camera's binning and what follows from it. `binning` is as last read back, 0: unknown."""

    def __init__(self, devices: Devices, gate: Gate) -> None:
        self.binning = 1
        self._devices = devices
        self._config = devices.config
        self._gate = gate

    def find(self) -> None:
        """Read the binning that is set."""
        core = self._devices.core
        self.binning = self._devices.ask("camera", lambda: _factor(_binning_of(core)) or 0)

    def set_binning(self, factor: int) -> Answer:
        """Add up `factor` pixels along each edge from now on; confirmed by read-back.

        Refused where the camera does not list it. Never sent where it is set already.
        """
        self.find()
        if factor == self.binning:
            return Permit(f"binning {factor}, as it is")
        core = self._devices.core
        camera = self._devices.ask("camera", core.getCameraDevice)
        listed = self._devices.ask("camera", lambda: _listed(core, camera))
        value = next((v for v in listed if _factor(v) == factor), "")
        if not value:
            known = ", ".join(listed) or "none but what is set"
            return Refusal(
                Rule.PROPERTY,
                f"binning {factor}",
                f"binning that {camera or 'the camera'} lists: {known}",
                "Set camera.binning in the plan to one of them.",
            )
        answer = self._gate.device_property(camera, BINNING, value)
        if isinstance(answer, Refusal):
            return answer

        def switch() -> str:
            core.setProperty(camera, BINNING, value)
            core.waitForDevice(camera)
            return _binning_of(core)

        there = self._devices.ask("camera", switch)
        if _factor(there) != factor:
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"camera: asked for binning {factor}, reads {there or 'nothing'}",
            )
        self.binning = factor
        return answer

    def image_format(self) -> tuple[int, int, str]:
        """Height, width (pixels) and numpy dtype name of the images that the camera delivers."""
        core = self._devices.core

        def read() -> tuple[int, int, int, int]:
            shape = core.getImageHeight(), core.getImageWidth()
            return *shape, core.getBytesPerPixel(), core.getNumberOfComponents()

        height, width, per_pixel, components = self._devices.ask("camera", read)
        if components != 1 or per_pixel not in (1, 2):
            raise InstrumentFault(
                FaultKind.DEVICE,
                f"camera: {per_pixel} bytes and {components} components per pixel; "
                "8- or 16-bit grey is needed",
            )
        return height, width, "uint8" if per_pixel == 1 else "uint16"

    def pixel_size_um(self, objective: str) -> float:
        """Edge of one pixel of an image with the objective in place; 0.0: nobody knows.

        Called within a device call.
        """
        written_um = self._written_um(objective)
        return float(self._devices.core.getPixelSizeUm()) if written_um is None else written_um

    def pixel_size_with_um(self, objective: str) -> float:
        """The same for an objective that need not be in place, from Micro-Manager's presets."""
        written_um = self._written_um(objective)
        if written_um is not None:
            return written_um
        core, group = self._devices.core, self._config.objectives.group
        if group not in core.getAvailableConfigGroups():
            return 0.0
        if objective not in core.getAvailableConfigs(group):
            return 0.0
        after = _properties(core, core.getConfigData(group, objective))
        fitting = [
            core.getPixelSizeUmByID(name)
            for name in core.getAvailablePixelSizeConfigs()
            if all(
                after.get(key, _now(core, *key)) == value
                for key, value in _properties(core, core.getPixelSizeConfigData(name)).items()
            )
        ]
        if len(fitting) != 1:  # none, or more than one that says something else
            return 0.0
        return float(fitting[0]) * self.binning / core.getMagnificationFactor()

    def _written_um(self, objective: str) -> float | None:
        item = self._config.objectives.items.get(objective)
        if item is None or item.pixel_size_um is None:
            return None
        return item.pixel_size_um * self.binning


def _listed(core: CMMCorePlus, camera: str) -> tuple[str, ...]:
    if not camera or not core.hasProperty(camera, BINNING):
        return ()
    return tuple(core.getAllowedPropertyValues(camera, BINNING))


def _binning_of(core: CMMCorePlus) -> str:
    """The property as it reads; "1" of a camera without one: nothing adds up its pixels."""
    camera = core.getCameraDevice()
    if not camera or not core.hasProperty(camera, BINNING):
        return "1"
    return str(core.getProperty(camera, BINNING))


def _factor(value: str) -> int | None:
    found = _FACTOR.fullmatch(value)
    return int(found[1]) if found else None


def _properties(
    core: CMMCorePlus, settings: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str], str]:
    """Property values of a preset; a state device's State is written as its Label."""
    found = {}
    for device, prop, value in settings:
        if prop == "State" and value.isdecimal() and core.hasProperty(device, "Label"):
            labels = core.getStateLabels(device)
            if int(value) < len(labels):
                found[device, "Label"] = str(labels[int(value)])
                continue
        found[device, prop] = str(value)
    return found


def _now(core: CMMCorePlus, device: str, prop: str) -> str:
    return str(core.getProperty(device, prop))
