"""What the text of the Micro-Manager configuration says of the instrument. Loads nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.finding import config_error, line_of, one_line
from hardware import mmconfig
from hardware.disk import free_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from agent.load import LoadedMicroscope
    from hardware.data import ObjectivesConfig

DEMO_FRAME = 512  # edge of the DemoCamera adapter's image unless its properties say otherwise


@dataclass(frozen=True, slots=True)
class FrameSize:
    """The camera's image: pixels, and bytes of one pixel."""

    height: int
    width: int
    pixel_bytes: int

    @property
    def bytes(self) -> int:
        """One uncompressed frame."""
        return self.height * self.width * self.pixel_bytes

    def binned(self, factor: int) -> FrameSize:
        """With so many pixels added up along each edge."""
        return FrameSize(self.height // factor, self.width // factor, self.pixel_bytes)


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """What is known without loading the instrument, or has been read back from it.

    Attributes
    ----------
    mm_config : the configuration file.
    presets : of each configuration group.
    devices : labels of all devices.
    findings : what the file itself leaves to worry about.
    objective : preset in place after loading; None when the file does not say.
    frame : image size without binning; None when only the camera knows it.
    pixel_sizes_um : of each objective preset where somebody measured it, without binning; ""
        without presets.
    free_bytes : on the disk where the run will be written; None when that is not known yet.
    """

    mm_config: Path
    presets: Mapping[str, tuple[str, ...]]
    devices: frozenset[str]
    findings: tuple[mmconfig.Finding, ...] = ()
    objective: str | None = None
    frame: FrameSize | None = None
    pixel_sizes_um: Mapping[str, float] = field(default_factory=dict)
    free_bytes: int | None = None


def instrument_facts(microscope: LoadedMicroscope, *, out: Path | None = None) -> InstrumentFacts:
    """Read the configuration that a microscope names.

    `out` is where the run will be written (need not exist). Raises ConfigError, naming file and
    key, when the configuration is missing or is none.
    """
    config = microscope.config
    try:
        path = mmconfig.find(config.mm_config, microscope.path.parent)
        cfg = mmconfig.parse(path)
    except mmconfig.MMConfigError as fault:
        message, remedy = _split(str(fault))
        line = line_of("mm_config", microscope.lines)
        raise config_error(microscope.path, message, remedy, key="mm_config", line=line) from None
    return InstrumentFacts(
        mm_config=path,
        presets={group: tuple(presets) for group, presets in cfg.groups.items()},
        devices=frozenset(cfg.devices),
        findings=tuple(mmconfig.findings(cfg, config.stage.toward_sample)),
        objective=_objective(cfg, config.objectives.group),
        frame=_frame(cfg),
        pixel_sizes_um=_pixel_sizes_um(cfg, config.objectives),
        free_bytes=None if out is None else free_bytes(out),
    )


def _split(text: str) -> tuple[str, str]:
    """MMConfigError's one line: what is wrong, then, after the first full stop, the remedy."""
    message, _, remedy = one_line(text.removeprefix("mm_config: ")).partition(". ")
    remedy = remedy.rstrip(".")
    return message, remedy[:1].lower() + remedy[1:]


def _objective(cfg: mmconfig.MMConfig, group: str) -> str | None:
    """The preset of the objective group that holds after loading, if exactly one does."""
    state = _state(cfg, cfg.at_load)
    fitting = [
        name
        for name, settings in cfg.groups.get(group, {}).items()
        if settings and _state(cfg, settings).items() <= state.items()
    ]
    return fitting[0] if len(fitting) == 1 else None


def _pixel_sizes_um(cfg: mmconfig.MMConfig, objectives: ObjectivesConfig) -> dict[str, float]:
    """Of each objective: what the microscope's YAML says, else what fits in the configuration."""
    found = {}
    presets = cfg.groups.get(objectives.group, {})
    for name, settings in {"": (), **presets}.items():
        state = _state(cfg, cfg.at_load) | _state(cfg, settings)
        fitting = [
            size.um
            for size in cfg.pixel_sizes.values()
            if size.um > 0 and size.settings and _state(cfg, size.settings).items() <= state.items()
        ]
        listed = objectives.items.get(name)
        if listed is not None and listed.pixel_size_um is not None:
            found[name] = listed.pixel_size_um
        elif len(fitting) == 1:
            found[name] = fitting[0]
    return found


def _state(
    cfg: mmconfig.MMConfig, settings: Iterable[mmconfig.Setting]
) -> dict[tuple[str, str], str]:
    """Property values after the settings; a state device's State is written as its Label."""
    values: dict[tuple[str, str], str] = {}
    for setting in settings:
        prop, value = setting.prop, setting.value
        labels = cfg.labels.get(setting.device, {})
        if prop == "State" and value.isdecimal() and int(value) in labels:
            prop, value = "Label", labels[int(value)]
        values[setting.device, prop] = value
    return values


def _frame(cfg: mmconfig.MMConfig) -> FrameSize | None:
    """The sensor of Micro-Manager's demo camera; other cameras say theirs only when loaded."""
    label = cfg.core("Camera")
    camera = cfg.devices.get(label)
    if camera is None or (camera.library, camera.name) != ("DemoCamera", "DCam"):
        return None
    state = {s.prop: s.value for s in cfg.at_load if s.device == label}

    def number(prop: str, default: int) -> int:
        value = state.get(prop, "")
        return int(value) if value.isdecimal() and int(value) > 0 else default

    return FrameSize(
        number("OnCameraCCDYSize", DEMO_FRAME),
        number("OnCameraCCDXSize", DEMO_FRAME),
        1 if number("BitDepth", 8) <= 8 else 2,
    )
