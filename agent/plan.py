"""A plan: the experiment a person wrote down, validated. Its baseline opens in any useq reader."""

from __future__ import annotations

from typing import Annotated, Literal

import useq
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, field_validator, model_validator

Positive = Annotated[FiniteFloat, Field(gt=0)]
Probability = Annotated[FiniteFloat, Field(gt=0, lt=1)]


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgeConfig(Model):
    """Who looks at the frames.

    `latency_s` is how long a verdict takes on the simulated clock (a real run measures it).
    """

    kind: Literal["classical", "none"] = "classical"
    channel: str | None = None  # default: the baseline's first channel
    latency_s: Annotated[FiniteFloat, Field(ge=0)] = 0.2
    deadline_s: Positive = 30.0  # a later verdict is recorded as late and not acted upon


class FixedConfig(Model):
    """Image the baseline and nothing else."""

    policy: Literal["fixed"] = "fixed"


class WatchConfig(Model):
    """React to an event: a field is imaged fast while the target is in view.

    Hysteresis: `confirm[0]` of the last `confirm[1]` verdicts at or above `enter` start a burst;
    `release[0]` of the last `release[1]` below `leave` end it, not before `min_dwell_s`.
    """

    policy: Literal["watch"] = "watch"
    target: str = "mitosis"
    enter: Probability = 0.6
    leave: Probability = 0.4
    confirm: tuple[int, int] = (2, 3)
    release: tuple[int, int] = (3, 4)
    min_dwell_s: Annotated[FiniteFloat, Field(ge=0)] = 300.0
    confirm_after_s: Annotated[FiniteFloat, Field(ge=0)] = 20.0  # look again this soon
    rearm_after_s: Annotated[FiniteFloat, Field(ge=0)] = 600.0  # one reaction per event
    max_concurrent: Annotated[int, Field(ge=1)] = 4

    @field_validator("confirm", "release")
    @classmethod
    def _n_of_k(cls, value: tuple[int, int]) -> tuple[int, int]:
        n, k = value
        if not 1 <= n <= k <= 20:
            raise ValueError(f"[{n}, {k}] must be N of K with 1 <= N <= K <= 20")
        return value

    @model_validator(mode="after")
    def _hysteresis(self) -> WatchConfig:
        if self.leave > self.enter:
            raise ValueError(f"leave ({self.leave}) must not be above enter ({self.enter})")
        return self


class ReactionConfig(Model):
    """How a field is imaged during a burst. Channels default to the baseline's."""

    interval_s: Positive = 60.0
    duration_s: Positive = 1800.0
    channels: tuple[useq.Channel, ...] = ()


class AutofocusConfig(Model):
    """Software autofocus: a coarse sweep, then a fine one round its interior peak.

    `when`: every visit, every Nth round of the baseline, or only when the judge finds focus lost.
    """

    channel: str
    exposure_ms: Positive
    when: Literal["every_visit", "every_nth_round", "focus_lost"] = "focus_lost"
    every_n_rounds: Annotated[int, Field(ge=1)] = 10
    range_um: Positive = 12.0  # whole width of the coarse sweep
    coarse_step_um: Positive = 3.0
    fine_step_um: Positive = 1.0
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    on_failure: Literal["skip", "hold_last", "hold_position", "stop"] = "hold_last"


class Budget(Model):
    """What the run may cost. The gate refuses the exposure that would exceed it."""

    dose_per_fov_j_cm2: Positive | None = None
    exposure_per_fov_s: Positive | None = None  # for microscopes without calibrated irradiance
    total_dose_j_cm2: Positive | None = None  # summed over fields
    disk_gb: Positive | None = None


class Trouble(Model):
    """What to do when something goes wrong."""

    on_late_verdict: Literal["carry_on", "revisit"] = "carry_on"
    max_errors_in_a_row: Annotated[int, Field(ge=1)] = 5  # then the run stops, light off
    snap_retries: Annotated[int, Field(ge=0, le=5)] = 1
    late_after_s: Positive = 60.0  # a visit that starts this long after it was due counts as late
    overtaken: Literal["skip", "image_late"] = "skip"  # a baseline visit later than its next round


class Plan(Model):
    """An experiment.

    Attributes
    ----------
    goal : in plain words.
    microscope : name or file of the microscope; the command line overrides it.
    scenario : simulator scenario for rehearsals; the command line overrides it.
    baseline : a plain `useq.MDASequence` with absolute stage positions: imaged whatever happens.
    judge, decide, reaction : who looks, how it decides, what a reaction is.
    autofocus : None images at the planned z.
    coupling : "free_run" (the baseline goes on while the judge thinks) or "synchronized" (a field
        waits for its verdict, up to the deadline, before its next visit).
    """

    goal: str
    microscope: str | None = None
    scenario: str | None = None
    baseline: useq.MDASequence
    judge: JudgeConfig = JudgeConfig()
    decide: Annotated[FixedConfig | WatchConfig, Field(discriminator="policy")] = FixedConfig()
    reaction: ReactionConfig = ReactionConfig()
    autofocus: AutofocusConfig | None = None
    budget: Budget = Budget()
    trouble: Trouble = Trouble()
    coupling: Literal["free_run", "synchronized"] = "free_run"
