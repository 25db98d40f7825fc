"""Reads a Micro-Manager .cfg as text, so that nothing moves or lights up to find out what it does.

Loading one runs its property lines and its System-Startup preset on the instrument. Grammar: one
command a line, comma-separated, ``#`` comments (MMCore ``CMMCore::loadSystemConfiguration``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class MMConfigError(ValueError):
    """The file is missing, or is no Micro-Manager configuration. One line: place, then remedy."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the configuration: its label, and the adapter that drives it."""

    label: str
    library: str
    name: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One property and the value it is given, with the line that says so."""

    device: str
    prop: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class PixelSize:
    """One pixel size preset: edge of a pixel in um (0.0: nobody measured it) and when it holds."""

    um: float
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class MMConfig:
    """What the text of a .cfg says.

    Attributes
    ----------
    devices : by label.
    groups : settings of each preset of each configuration group.
    pixel_sizes : by preset name.
    python_modules : modules that loading imports (``#py pyDevice``), by device label.
    pre_init : properties set before the devices are initialised (ports, options).
    at_load : properties set when the file is loaded, System-Startup included, in order.
    focus_directions : by stage label; 1 or -1 toward or away from the sample, 0 unknown.
    delays_ms : by device label.
    labels : of each state device, position -> label.
    """

    path: Path
    devices: dict[str, Device] = field(default_factory=dict)
    groups: dict[str, dict[str, tuple[Setting, ...]]] = field(default_factory=dict)
    pixel_sizes: dict[str, PixelSize] = field(default_factory=dict)
    pre_init: tuple[Setting, ...] = ()
    at_load: tuple[Setting, ...] = ()
    focus_directions: dict[str, int] = field(default_factory=dict)
    delays_ms: dict[str, float] = field(default_factory=dict)
    labels: dict[str, dict[int, str]] = field(default_factory=dict)
    python_modules: dict[str, str] = field(default_factory=dict)

    def core(self, prop: str) -> str:
        """The last value given to a property of the core at load (``"Focus"``), or ``""``."""
        values = [s.value for s in self.at_load if (s.device, s.prop) == ("Core", prop)]
        return values[-1] if values else ""


def parse(path: Path) -> MMConfig:
    """Read a .cfg file. Comments and commands not listed here are left out.

    Raises MMConfigError naming file and line.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise MMConfigError(
            f"{path}: cannot be read as a Micro-Manager configuration ({error.strerror})."
            " Name a .cfg file in mm_config."
        ) from None
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        words = line.strip().removeprefix("#py ").strip().split(",")
        handler = reader.commands.get(words[0])
        if handler is None:
            continue
        try:
            handler(number, *words[1:])
        except (TypeError, ValueError):
            raise MMConfigError(
                f'{path}: line {number}: "{line.strip()}" is no {words[0]} command.'
                " Repair the line, or write the file anew with Micro-Manager's wizard."
            ) from None
    if not reader.devices:
        raise MMConfigError(
            f"{path}: no Device line: this is no Micro-Manager configuration."
            " Name a .cfg file in mm_config."
        )
    return reader.result(path)


class _Reader:
    """Collects the commands of one file; each method is one command, its arguments the fields."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.commands: dict[str, Callable[..., None]] = {
            "Device": self.device,
            "pyDevice": self.python_device,
            "Property": self.property,
            "ConfigGroup": self.config_group,
            "ConfigPixelSize": self.config_pixel_size,
            "PixelSize_um": self.pixel_size,
            "FocusDirection": self.focus_direction,
            "Delay": self.delay,
            "Label": self.label,
        }
        self._initialised = False
        self._pre_init: list[Setting] = []
        self._at_load: list[Setting] = []
        self._groups: dict[str, dict[str, list[Setting]]] = {}
        self._pixel_um: dict[str, float] = {}
        self._pixel_settings: dict[str, list[Setting]] = {}
        self._focus: dict[str, int] = {}
        self._delays: dict[str, float] = {}
        self._labels: dict[str, dict[int, str]] = {}
        self._python_modules: dict[str, str] = {}

    def device(self, _line: int, label: str, library: str, name: str) -> None:
        self.devices[label] = Device(label, library, name)

    def python_device(self, line: int, label: str, module: str, name: str) -> None:
        self.device(line, label, module, name)
        self._python_modules[label] = module

    def property(self, line: int, device: str, prop: str, value: str = "") -> None:
        if (device, prop) == ("Core", "Initialize"):
            self._initialised = value == "1"
            return
        settings = self._at_load if self._initialised or device == "Core" else self._pre_init
        settings.append(Setting(device, prop, value, line))

    def config_group(self, line: int, group: str, preset: str = "", *setting: str) -> None:
        presets = self._groups.setdefault(group, {})
        if not setting:  # a group, or a preset, that is empty so far
            if preset:
                presets.setdefault(preset, [])
            return
        device, prop, value = (*setting, "") if len(setting) == 2 else setting
        presets.setdefault(preset, []).append(Setting(device, prop, value, line))

    def config_pixel_size(self, line: int, name: str, device: str, prop: str, value: str) -> None:
        self._pixel_settings.setdefault(name, []).append(Setting(device, prop, value, line))

    def pixel_size(self, _line: int, name: str, um: str) -> None:
        self._pixel_um[name] = _finite(um)

    def focus_direction(self, _line: int, device: str, direction: str) -> None:
        self._focus[device] = int(direction)

    def delay(self, _line: int, device: str, ms: str) -> None:
        self._delays[device] = _finite(ms)

    def label(self, _line: int, device: str, state: str, label: str) -> None:
        self._labels.setdefault(device, {})[int(state)] = label

    def result(self, path: Path) -> MMConfig:
        groups = {
            group: {preset: tuple(settings) for preset, settings in presets.items()}
            for group, presets in self._groups.items()
        }
        names = {**self._pixel_um, **self._pixel_settings}
        return MMConfig(
            path=path,
            devices=self.devices,
            groups=groups,
            pixel_sizes={
                name: PixelSize(
                    self._pixel_um.get(name, 0.0), tuple(self._pixel_settings.get(name, ()))
                )
                for name in names
            },
            pre_init=tuple(self._pre_init),
            at_load=(*self._at_load, *groups.get("System", {}).get("Startup", ())),
            focus_directions=self._focus,
            delays_ms=self._delays,
            labels=self._labels,
            python_modules=self._python_modules,
        )


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number
