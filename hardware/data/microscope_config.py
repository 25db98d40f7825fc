"""What a facility writes down about one microscope: limits, light, timing. Validated YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from hardware.data.dead_man_config import DeadManConfig


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError(f"lower limit {pair[0]:g} is not below upper limit {pair[1]:g}")
    return pair


Range = Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(_ordered)]
Positive = Annotated[FiniteFloat, Field(gt=0)]


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    # the text under each key goes into the JSON Schema (editors show it) and into docs/plans.md
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class StageLimits(Model):
    """Where the stage may go, in its own coordinates. A command outside is refused."""

    x_um: Range
    """Lowest and highest x."""

    y_um: Range
    """Lowest and highest y."""

    z_um: Range
    """Lowest and highest z of the focus drive."""

    toward_sample: Literal["increasing", "decreasing"]
    """The sign of z that brings the objective nearer to the sample."""

    max_step_toward_sample_um: Positive = 20.0
    """Longest single step of z toward the sample. Longer moves are made in such steps."""

    max_moves_per_s: Positive = 50.0
    """Most moves of stage and focus drive in any one second."""

    tolerance_xy_um: Positive = 1.0
    """The stage's read-back may differ from the command by this much; else the move has failed."""

    tolerance_z_um: Positive = 0.2
    """The same for z."""


class ChannelConfig(Model):
    """One preset of the channel group."""

    irradiance_w_cm2: Positive | dict[str, Positive] | None = None
    """Measured at the sample: power (power meter) / illuminated area; one number, or one per
    objective preset. Left out, the ledger counts seconds of exposure and says so."""

    max_exposure_ms: Positive
    """Longest single exposure."""

    exposure_ms: Positive | None = None
    """The usual exposure: for plans made from words that name none. Left out: it is asked for."""

    gentle_exposure_ms: Positive | None = None
    """The least with which things can still be told apart: for "as little light as possible".
    Left out: the usual exposure."""

    called: tuple[str, ...] = ()
    """What people call it: dyes, colours, structures. Words of an instruction are matched."""


class ObjectiveConfig(Model):
    """One preset of the objective group."""

    z_um: Range
    """Lowest and highest z with this objective; `stage.z_um` holds as well."""

    pixel_size_um: Positive | None = None
    """Edge of a camera pixel in the sample, without binning. Overrides Micro-Manager's pixel size
    configuration."""


class ObjectivesConfig(Model):
    """The turret."""

    group: str = "Objective"
    """Name of the configuration group. Instruments without one: leave `items` out."""

    allow_change: bool = False
    """Whether the program may turn the turret at all: for bursts at another objective."""

    retract_z_um: FiniteFloat | None = None
    """Where z goes before the turret turns. Needed to allow changes."""

    items: dict[str, ObjectiveConfig] = Field(default_factory=dict)
    """Objectives by preset. Where any are listed, z is refused with one that is not."""


class TimingConfig(Model):
    """How long the instrument takes; used for estimates and by the simulated clock."""

    xy_um_per_s: Positive = 10_000.0
    """Speed of the stage."""

    z_um_per_s: Positive = 1_000.0
    """Speed of the focus drive."""

    settle_s: Annotated[FiniteFloat, Field(ge=0)] = 0.05
    """Time to settle after each move."""

    channel_switch_s: Annotated[FiniteFloat, Field(ge=0)] = 0.1
    """Time to switch to another channel."""

    readout_s: Annotated[FiniteFloat, Field(ge=0)] = 0.02
    """Time to read the camera out after each exposure."""

    turret_s: Annotated[FiniteFloat, Field(ge=0)] = 2.0
    """Time to turn to another objective, without retreat and approach."""


class TimeoutConfig(Model):
    """Longest wait for a device. After it the call is given up, and counts as a fault."""

    move_s: Positive = 10.0
    """Any call of a device."""

    snap_s: Positive = 10.0
    """On top of that and of the exposure: taking an image."""


class DarkFrameConfig(Model):
    """The camera as a witness that the light is off: after each exposure one image is taken with
    the shutters closed. What a shutter reads back is only what its controller believes."""

    exposure_ms: Annotated[FiniteFloat, Field(gt=0, le=200)] = 10.0
    """Exposure time of that image. No light, but time: so long and one read-out per exposure. Not
    for lamps that the camera itself switches on (exposure-out): there it would be light."""

    mean_below: Positive
    """Mean of its pixels, in counts, below which it is dark. Measure both in the room as it is at
    night, with the binning that is used: with the lamp off, and with the shutter open on an empty
    place; choose a value between them, nearer to the dark."""


class MarkedPosition(Model):
    """A place on the stage that a person has marked."""

    x_um: FiniteFloat
    """As the stage reads there."""

    y_um: FiniteFloat
    """As the stage reads there."""

    z_um: FiniteFloat
    """As the focus drive reads where the sample is sharp."""


class PlateConfig(Model):
    """Where a kind of well plate lies on the stage."""

    a1_center_xy_um: tuple[FiniteFloat, FiniteFloat]
    """The middle of well A1."""

    z_um: FiniteFloat
    """Focus drive where the sample is sharp."""

    rotation_deg: FiniteFloat = 0.0
    """How far the plate is turned against the stage."""


class MicroscopeConfig(Model):
    """One microscope."""

    name: str
    """As it appears in messages."""

    mm_config: str
    """A Micro-Manager .cfg file: absolute, beside this YAML, or shipped with the installed device
    adapters (MMConfig_demo.cfg)."""

    channel_group: str = "Channel"
    """The configuration group whose presets are the channels."""

    channels: dict[str, ChannelConfig]
    """Channels by preset. One that is not listed is refused."""

    stage: StageLimits
    """Where the stage may go."""

    objectives: ObjectivesConfig = ObjectivesConfig()
    """The turret."""

    timing: TimingConfig = TimingConfig()
    """How long things take."""

    timeouts: TimeoutConfig = TimeoutConfig()
    """Longest waits."""

    shutters: tuple[str, ...] = ()
    """Devices that light-off closes. Empty: every shutter device found."""

    dead_man: DeadManConfig | None = None
    """The process that switches the light off when the program dies or hangs. Left out: nothing
    does, and every run says so."""

    dark_frame: DarkFrameConfig | None = None
    """The camera as a witness that the light is off. Left out: shutters are believed."""

    positions: dict[str, MarkedPosition] = Field(default_factory=dict)
    """Places that a person has marked, by name: what "my positions" in an instruction means."""

    plates: dict[str, PlateConfig] = Field(default_factory=dict)
    """Well plates by their useq name (96-well, 24-well, ...): where they lie on the stage."""

    def irradiance_w_cm2(self, channel: str, objective: str) -> float | None:
        """Irradiance at the sample, or None where it was not measured for this objective."""
        value = self.channels[channel].irradiance_w_cm2
        if isinstance(value, dict):
            return value.get(objective)
        return value
