"""What loading a .cfg would do to the instrument, and what the file leaves unsaid.

Micro-Manager has no word for "this device gives light", so devices and properties are recognised
by their names, as the adapters and the wizard spell them. A name that says nothing is not found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardware.mmconfig.parse import MMConfig, Setting


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"  # light on the sample, or a file that cannot be loaded
    WARNING = "warning"  # look at it before the first run
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in the file: what, what a person can do about it, and on which line."""

    level: Level
    what: str
    remedy: str
    line: int | None = None


# fmt: off
LIGHT_WORDS = frozenset((
    "shutter", "laser", "led", "lamp", "light", "illuminator", "illumination", "halogen",
    "mercury", "xenon", "arc", "xcite", "lumencor", "spectra", "sola", "aura", "celesta",
    "coolled", "obis", "vortran", "cobolt", "oxxius", "omicron", "toptica", "luxx",
))
# fmt: on
TURRET_WORDS = frozenset(("objective", "objectives", "turret", "nosepiece", "dobjective"))
SWITCHES = frozenset(("state", "onoff", "on", "open", "emission", "switch", "power"))
SWITCH_WORDS = frozenset(("enable", "enabled", "onoff", "open", "emission", "operation"))
POWER_WORDS = frozenset(
    ("power", "intensity", "level", "setpoint", "brightness", "current", "voltage")
)
OFF = frozenset(("off", "closed", "close", "false", "no", "disable", "disabled", "none", ""))


def findings(
    cfg: MMConfig, toward_sample: Literal["increasing", "decreasing"] | None = None
) -> list[Finding]:
    """Everything worth saying about a configuration before it is loaded.

    `toward_sample` is `stage.toward_sample` of the microscope's YAML, to compare with the file.
    """
    return [
        *_settings(cfg),
        *_python(cfg),
        *_shutter(cfg),
        *_focus(cfg, toward_sample),
        *_pixel_size(cfg),
    ]


def _settings(cfg: MMConfig) -> Iterator[Finding]:
    for setting in cfg.at_load:
        if setting.device == "Core":
            continue
        found = _setting(cfg, setting)
        if found is not None:
            level, what, remedy = found
            says = f"{setting.device}-{setting.prop} = {setting.value or '(nothing)'}"
            yield Finding(level, f"{says}: {what}", remedy, setting.line)


def _setting(cfg: MMConfig, setting: Setting) -> tuple[Level, str, str] | None:
    if setting.device not in cfg.devices:
        return (
            Level.ERROR,
            f"there is no device {setting.device}, so loading will fail",
            "Remove the line, or add the device in Micro-Manager's wizard.",
        )
    if _is_light(cfg, setting.device):
        return _light(cfg, setting)
    words = _words(setting.prop)
    if "position" in words and _number(setting.value) is not None:
        return (
            Level.WARNING,
            f"moves {setting.device} when the file is loaded",
            "Remove it from System-Startup: the stage may stand anywhere then.",
        )
    if _is_turret(cfg, setting.device) and words & {"state", "label"}:
        return (
            Level.WARNING,
            "turns the objective turret when the file is loaded, wherever z stands",
            "Retract before starting, or remove it from System-Startup.",
        )
    return None


def _light(cfg: MMConfig, setting: Setting) -> tuple[Level, str, str] | None:
    name = "".join(c for c in setting.prop.lower() if c.isalpha())
    words, number = _words(setting.prop), _number(setting.value)
    label = setting.value if name == "label" else None
    if name == "state" and number is not None:  # state 0 may be called "470nm", state 5 "Closed"
        label = cfg.labels.get(setting.device, {}).get(int(number))
    if _off(setting.value if label is None else label):
        return None
    if label is not None:
        return (
            Level.WARNING,
            f"selects {label} of a light source when the file is loaded",
            "Check that its shutter stays closed, or choose a dark state in System-Startup.",
        )
    if words & POWER_WORDS and number is not None:
        return (
            Level.WARNING,
            "sets the power of a light source when the file is loaded",
            "Check that its shutter stays closed, and that the irradiance in the microscope's YAML"
            " was measured at this power.",
        )
    if name in SWITCHES or words & SWITCH_WORDS:
        return (
            Level.ERROR,
            "switches light on when the file is loaded",
            "Remove it from the file: light off must be the instrument's first state.",
        )
    return None


def _python(cfg: MMConfig) -> Iterator[Finding]:
    for label, module in cfg.python_modules.items():
        yield Finding(
            Level.WARNING,
            f"device {label}: loading runs the Python module {module}",
            "Load the file only if you know that module.",
        )


def _shutter(cfg: MMConfig) -> Iterator[Finding]:
    value = cfg.core("AutoShutter")
    if value and _off(value):
        yield Finding(
            Level.WARNING,
            f"Core-AutoShutter = {value}: an open shutter stays open between exposures, and that"
            " light is in no ledger",
            "Set Property,Core,AutoShutter,1.",
        )


def _focus(cfg: MMConfig, toward_sample: str | None) -> Iterator[Finding]:
    drive = cfg.core("Focus")
    if not drive:
        yield Finding(
            Level.WARNING,
            "no Property,Core,Focus: Micro-Manager picks a focus drive itself",
            "Name the focus drive in Micro-Manager's wizard.",
        )
        return
    direction = cfg.focus_directions.get(drive, 0)  # 1: z increases toward the sample
    if direction == 0:
        yield Finding(
            Level.NOTE,
            f"FocusDirection of {drive} is unknown",
            "Check at the eyepiece that stage.toward_sample in the microscope's YAML is right.",
        )
    elif toward_sample is not None and (direction > 0) != (toward_sample == "increasing"):
        yield Finding(
            Level.ERROR,
            f"FocusDirection of {drive} is {direction}, but stage.toward_sample in the"
            f" microscope's YAML is {toward_sample}",
            "One of them is wrong and would drive the objective into the sample: check at the"
            " eyepiece, and correct it.",
        )


def _pixel_size(cfg: MMConfig) -> Iterator[Finding]:
    remedy = (
        "Calibrate it in Micro-Manager, or set objectives.items.<preset>.pixel_size_um in the"
        " microscope's YAML."
    )
    if not cfg.pixel_sizes:
        what = "no PixelSize_um: Micro-Manager will say 0.0 um"
        yield Finding(Level.WARNING, what, remedy)
    for name, size in cfg.pixel_sizes.items():
        if not size.um > 0:
            what = f"PixelSize_um of {name} is {size.um:g} um"
            yield Finding(Level.WARNING, what, remedy)


def _is_light(cfg: MMConfig, label: str) -> bool:
    words = _device_words(cfg, label)
    return bool(words & LIGHT_WORDS) and "path" not in words  # a light path is a prism


def _is_turret(cfg: MMConfig, label: str) -> bool:
    return bool(_device_words(cfg, label) & TURRET_WORDS)


def _device_words(cfg: MMConfig, label: str) -> frozenset[str]:
    device = cfg.devices[label]
    return _words(device.label) | _words(device.library) | _words(device.name)


def _words(name: str) -> frozenset[str]:
    """Words of a name: ``"DiaLamp 2_OnOff"`` gives dia, lamp, 2, onoff and their parts."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    words = re.findall(r"[a-z]+|[0-9]+", spaced.lower())
    joined = re.findall(r"[a-z]+", name.lower().replace("/", ""))
    return frozenset((*words, *joined))


def _off(value: str) -> bool:
    return value.strip().lower() in OFF or _number(value) == 0


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
