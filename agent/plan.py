"""A plan: the experiment a person wrote down, validated. Its baseline opens in any useq reader."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import useq
from pydantic import Field, FiniteFloat, field_validator, model_validator

from agent.plan_options import (
    AutonomyConfig,
    CameraConfig,
    Model,
    NotifyConfig,
    Positive,
    Probability,
    SearchConfig,
    StopConfig,
)
from policies.judge_config import DEFAULT_JUDGE, JudgeConfig


class FixedConfig(Model):
    """Image the baseline and nothing else."""

    policy: Literal["fixed"] = "fixed"
    """Decides nothing."""


class WatchConfig(Model):
    """React to an event: a field is imaged fast (a burst) while the target is in view."""

    policy: Literal["watch"] = "watch"
    """Watches for the target."""

    target: str = "mitosis"
    """What the judge is asked for. The classical judge knows `mitosis`; others take free words."""

    enter: Probability = 0.6
    """A look is positive at or above this probability."""

    leave: Probability = 0.4
    """A look is negative below this. Between the two it neither starts nor ends a burst."""

    confirm: tuple[int, int] = (2, 3)
    """[N, K]: N positive of the last K looks start a burst."""

    release: tuple[int, int] = (3, 4)
    """[N, K]: N negative of the last K looks of a burst end it, not before `min_dwell_s`."""

    min_dwell_s: Annotated[FiniteFloat, Field(ge=0)] = 300.0
    """A burst is not ended sooner than this."""

    confirm_after_s: Annotated[FiniteFloat, Field(ge=0)] = 20.0
    """After a positive look that is not confirmed yet, look again this soon."""

    rearm_after_s: Annotated[FiniteFloat, Field(ge=0)] = 600.0
    """No new burst of a field this soon after its last one: one reaction per event. A field whose
    burst ran out (`reaction.duration_s`) need not wait once the target was seen to be gone."""

    max_concurrent: Annotated[int, Field(ge=1)] = 4
    """Most fields imaged fast at the same time; others wait in line, first seen first served."""

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
    """How a field is imaged during a burst."""

    interval_s: Positive = 60.0
    """From one visit of the burst to the next."""

    duration_s: Positive = 1800.0
    """A burst ends by itself after this, and at the end of the plan."""

    channels: tuple[useq.Channel, ...] = ()
    """Channels and exposures of a burst, written as in the baseline. Left out: the baseline's.
    A second look (`confirm_after_s`) images the baseline's."""

    z_plan: useq.AnyZPlan | None = None
    """Planes of a burst, a useq z plan relative to the field's z. Left out: the baseline's."""

    objective: str | None = None
    """Preset of the objective of a burst. Left out: the one in place. Needs `allow_change` of the
    microscope's objectives."""

    repeat: Literal["every_event", "once_per_field", "once"] = "every_event"
    """How often the run reacts: to every event, once in each field, or to the first one only."""

    follow: bool = False
    """Whether a burst keeps the target in the middle of the image by moving the stage."""


class AutofocusConfig(Model):
    """Software autofocus: a coarse sweep, then a fine one round its interior peak.

    Its images pass the gate and count in the dose like all others.
    """

    channel: str
    """The channel it looks at."""

    exposure_ms: Positive
    """Exposure of each image of a sweep."""

    when: Literal["every_visit", "every_nth_round", "focus_lost"] = "focus_lost"
    """Before every visit; in every Nth round of the baseline; or when the judge finds a field out
    of focus (or soft twice in a row), which needs policy `watch`."""

    every_n_rounds: Annotated[int, Field(ge=1)] = 10
    """N of `every_nth_round`; the first round is one of them."""

    range_um: Positive = 12.0
    """Whole width of the coarse sweep, with the expected focus in its middle."""

    coarse_step_um: Positive = 3.0
    """Distance of its images."""

    fine_step_um: Positive = 1.0
    """Distance of the images between the coarse peak and its neighbours."""

    retries: Annotated[int, Field(ge=0, le=5)] = 1
    """Sweeps more when one fails; one that was sharpest at its edge is repeated round that edge."""

    on_failure: Literal["skip", "hold_last", "hold_position", "stop"] = "hold_last"
    """`skip` this visit; image at the last good z (`hold_last`); leave the field alone from now on
    (`hold_position`); or end the run (`stop`)."""


class Budget(Model):
    """What the run may cost. The gate refuses the exposure that would exceed it."""

    dose_per_fov_j_cm2: Positive | None = None
    """Light on each field of view. Needs `channels.<preset>.irradiance_w_cm2` of the microscope."""

    exposure_per_fov_s: Positive | None = None
    """Light on each field in seconds of exposure, for microscopes without calibrated irradiance."""

    total_dose_j_cm2: Positive | None = None
    """Light summed over all fields. Needs irradiances as well."""

    disk_gb: Positive | None = None
    """Disk space of the run, in units of 10^9 bytes. A visit that does not fit ends the run."""


class Trouble(Model):
    """What to do when something goes wrong."""

    on_late_verdict: Literal["carry_on", "revisit"] = "carry_on"
    """After a late verdict: nothing, or one more visit (never two in a row)."""

    max_errors_in_a_row: Annotated[int, Field(ge=1)] = 8
    """So many visits in a row that failed for a device's fault end the run, light off."""

    snap_retries: Annotated[int, Field(ge=0, le=5)] = 1
    """A single exposure that fails is repeated so often. Its light counts each time.
    Hardware-triggered stacks are not repeated."""

    late_after_s: Positive = 60.0
    """A visit that starts this long after it was due counts as late."""

    overtaken: Literal["skip", "image_late"] = "skip"
    """A baseline visit whose next round is due as well: skip it, or image it late."""

    after_restart: Literal["hold", "go_on"] = "hold"
    """The service was restarted in mid-run and nobody is there: hold with the light off and send a
    message, or go on where the instrument is as the journal left it."""

    on_touch: Literal["pause", "note"] = "pause"
    """Somebody moved the stage, the turret or a shutter by hand: pause and say so, or only note it
    (the next visit moves back)."""


class Plan(Model):
    """An experiment."""

    goal: str
    """What the experiment is for, in plain words."""

    microscope: str | None = None
    """Name or file of the microscope; the command line overrides it. A rehearsal or replay without
    one takes `demo`."""

    scenario: str | None = None
    """Rehearsals only: the simulated specimen, by name or file; the command line overrides it.
    Left out: `mitosis_night`."""

    baseline: useq.MDASequence
    """A plain useq `MDASequence` with absolute stage positions: imaged whatever happens."""

    judge: JudgeConfig = DEFAULT_JUDGE
    """Who looks at the frames."""

    decide: Annotated[FixedConfig | WatchConfig, Field(discriminator="policy")] = FixedConfig()
    """What is made of it."""

    reaction: ReactionConfig = ReactionConfig()
    """How a field is imaged during a burst."""

    autofocus: AutofocusConfig | None = None
    """Software autofocus. Left out: everything is imaged at its planned z."""

    budget: Budget = Budget()
    """What the run may cost."""

    trouble: Trouble = Trouble()
    """What to do when something goes wrong."""

    search: SearchConfig | None = None
    """Survey all fields first and stay with the best. Left out: all fields are kept."""

    stop: StopConfig = StopConfig()
    """What ends the run before its time."""

    notify: NotifyConfig = NotifyConfig()
    """Who is told what."""

    autonomy: AutonomyConfig = AutonomyConfig()
    """What the agent may do by itself, and what it asks for."""

    camera: CameraConfig = CameraConfig()
    """Camera settings of the whole run."""

    objective: str | None = None
    """Preset of the objective that the plan is meant for. A run with another one in place is
    refused before anything moves. Left out: the one in place."""

    start_at: dt.datetime | None = None
    """When to begin: local date and time. A run waits for it, light off. Left out: at once."""

    coupling: Literal["free_run", "synchronized"] = "free_run"
    """`free_run`: the baseline goes on while the judge thinks. `synchronized`: a field waits for
    its verdict, up to the deadline, before its next visit."""
