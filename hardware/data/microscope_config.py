"""What a facility writes down about one microscope: limits, light, timing. Validated YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat


def _ordered(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise ValueError(f"lower limit {pair[0]:g} is not below upper limit {pair[1]:g}")
    return pair


Range = Annotated[tuple[FiniteFloat, FiniteFloat], AfterValidator(_ordered)]
Positive = Annotated[FiniteFloat, Field(gt=0)]


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class StageLimits(Model):
    """Soft limits of the stage in micrometres, stage coordinates."""

    x_um: Range
    y_um: Range
    z_um: Range
    toward_sample: Literal["increasing", "decreasing"]  # the sign of z that nears the sample
    max_step_toward_sample_um: Positive = 20.0
    max_moves_per_s: Positive = 50.0
    tolerance_xy_um: Positive = 1.0  # read-back may differ from the command by this much
    tolerance_z_um: Positive = 0.2


class ChannelConfig(Model):
    """One preset of the channel group.

    `irradiance_w_cm2` is measured at the sample (power meter / illuminated area), one number or
    one per objective preset. Left out, the ledger counts seconds of exposure and says so.
    """

    irradiance_w_cm2: Positive | dict[str, Positive] | None = None
    max_exposure_ms: Positive


class ObjectiveConfig(Model):
    """One preset of the objective group. `z_um` narrows the stage's z limits for it."""

    z_um: Range
    pixel_size_um: Positive | None = None  # overrides Micro-Manager's pixel size configuration


class ObjectivesConfig(Model):
    """The turret. Changing objectives is off unless `allow_change` says otherwise."""

    group: str = "Objective"
    allow_change: bool = False
    retract_z_um: FiniteFloat | None = None  # where to go before turning; needed to allow changes
    items: dict[str, ObjectiveConfig] = Field(default_factory=dict)


class TimingConfig(Model):
    """How long the instrument takes; used for estimates and by the simulated clock."""

    xy_um_per_s: Positive = 10_000.0
    z_um_per_s: Positive = 1_000.0
    settle_s: Annotated[FiniteFloat, Field(ge=0)] = 0.05
    channel_switch_s: Annotated[FiniteFloat, Field(ge=0)] = 0.1
    readout_s: Annotated[FiniteFloat, Field(ge=0)] = 0.02


class TimeoutConfig(Model):
    """Longest wait for a device, in seconds."""

    move_s: Positive = 10.0
    snap_s: Positive = 10.0  # on top of the exposure


class MicroscopeConfig(Model):
    """One microscope.

    `mm_config` is a Micro-Manager .cfg file: absolute, beside this YAML, or shipped with the
    installed device adapters (MMConfig_demo.cfg).
    """

    name: str
    mm_config: str
    channel_group: str = "Channel"
    channels: dict[str, ChannelConfig]
    stage: StageLimits
    objectives: ObjectivesConfig = ObjectivesConfig()
    timing: TimingConfig = TimingConfig()
    timeouts: TimeoutConfig = TimeoutConfig()
    shutters: tuple[str, ...] = ()  # closed by light-off; empty: every shutter device found

    def irradiance_w_cm2(self, channel: str, objective: str) -> float | None:
        """Irradiance at the sample, or None where it was not measured for this objective."""
        value = self.channels[channel].irradiance_w_cm2
        if isinstance(value, dict):
            return value.get(objective)
        return value
