"""What a plan takes, before anything moves: time, frames, disk, light. Pure functions.

Times come from the microscope's `timing`; a real instrument is measured, and differs. Autofocus
that runs only when focus is lost is in no sum: nobody knows how often that will be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from agent.expand import due_times, event_templates, fields
from hardware.data import Dose, FieldOfView, VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    import useq

    from agent.plan import AutofocusConfig, Plan
    from hardware.data import MicroscopeConfig, TimingConfig

NO_LIGHT = Dose(0.0, 0.0, 0)
_NOWHERE = FieldOfView("", 0.0, 0.0, 0.0)  # a visit's duration and light do not depend on its place


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the baseline takes, and one burst.

    Attributes
    ----------
    visits, frames : of the whole baseline.
    duration_s : from the start to the end of the last round.
    visit_s, round_s : one visit without its move; one round of all fields, moves and (where it is
        done at every visit) autofocus included.
    reaction_visit_s : one visit of a burst without its move.
    longest_move_s : between opposite corners: bursts of different fields interleave in any order.
    visit_light, reaction_light, focus_light : one visit; one visit of a burst; one autofocus.
    per_fov, total : light of the whole baseline with its scheduled autofocus.
    burst : light of one burst that lasts as long as it may.
    frame_bytes : one uncompressed frame, None where the camera's size is not known.
    """

    fields: int
    rounds: int
    visits: int
    frames: int
    duration_s: float
    visit_s: float
    round_s: float
    reaction_visit_s: float
    longest_move_s: float
    visit_light: Dose
    reaction_light: Dose
    focus_light: Dose
    per_fov: Dose
    total: Dose
    burst: Dose
    frame_bytes: int | None

    @property
    def disk_bytes(self) -> int | None:
        """The baseline's frames, uncompressed."""
        return None if self.frame_bytes is None else self.frames * self.frame_bytes


def estimate(
    plan: Plan,
    config: MicroscopeConfig,
    objective: str | None = None,
    *,
    frame_bytes: int | None = None,
) -> Estimate:
    """Estimate a plan that `agent.check` does not refuse, with `objective` (preset) in place.

    Light is in J/cm^2 where the irradiance of every channel used is known for that objective, and
    in seconds of exposure always.
    """
    places = fields(plan)
    due = due_times(plan)
    baseline = event_templates(plan, _NOWHERE, VisitKind.BASELINE)
    reaction = event_templates(plan, _NOWHERE, VisitKind.REACTION)
    visit_light, reaction_light = (light(e, config, objective) for e in (baseline, reaction))
    focus_light = focus_sweep_light(plan.autofocus, config, objective)
    per_fov = add(times(visit_light, len(due)), times(focus_light, scheduled_sweeps(plan)))
    round_s = round_time_s(plan, config)
    return Estimate(
        fields=len(places),
        rounds=len(due),
        visits=len(places) * len(due),
        frames=len(places) * len(due) * len(baseline),
        duration_s=due[-1] + round_s if due else 0.0,
        visit_s=visit_time_s(baseline, config.timing),
        round_s=round_s,
        reaction_visit_s=visit_time_s(reaction, config.timing),
        longest_move_s=_longest_move_s(places, config),
        visit_light=visit_light,
        reaction_light=reaction_light,
        focus_light=focus_light,
        per_fov=per_fov,
        total=times(per_fov, len(places)),
        burst=times(reaction_light, visits_per(plan.reaction.duration_s, plan)),
        frame_bytes=frame_bytes,
    )


def fixed_plan_dose(
    plan: Plan, config: MicroscopeConfig, objective: str | None, duration_s: float
) -> tuple[Dose, Dose]:
    """Light of a run that cannot adapt: every field at the reaction's rate all the time.

    That is what it would cost to catch the same events without an agent. Returns the dose of one
    field and that of all fields.
    """
    visit = light(event_templates(plan, _NOWHERE, VisitKind.REACTION), config, objective)
    per_fov = times(visit, visits_per(duration_s, plan))
    return per_fov, times(per_fov, len(fields(plan)))


def visits_per(duration_s: float, plan: Plan) -> int:
    """Visits in `duration_s` at the reaction's interval, the first one at its start included."""
    return math.floor(duration_s / plan.reaction.interval_s + 1e-9) + 1


def visit_time_s(events: Iterable[useq.MDAEvent], timing: TimingConfig) -> float:
    """One visit from its first command to its last frame, without the move to its field."""
    seconds, channel, z_um = 0.0, "", None
    for event in events:
        if event.channel is not None and event.channel.config != channel:
            channel = event.channel.config
            seconds += timing.channel_switch_s
        if event.z_pos is not None and event.z_pos != z_um:
            seconds += timing.settle_s
            seconds += abs(event.z_pos - z_um) / timing.z_um_per_s if z_um is not None else 0.0
            z_um = event.z_pos
        seconds += (event.exposure or 0.0) / 1000 + timing.readout_s
    return seconds


def move_time_s(here: FieldOfView, there: FieldOfView, timing: TimingConfig) -> float:
    """From one field to another: stage, then focus drive, then settling."""
    xy_um = math.hypot(there.x_um - here.x_um, there.y_um - here.y_um)
    z_um = abs(there.z_um - here.z_um)
    return xy_um / timing.xy_um_per_s + z_um / timing.z_um_per_s + timing.settle_s


def round_time_s(plan: Plan, config: MicroscopeConfig, *, focus: bool | None = None) -> float:
    """One round of all fields, back at the first. `focus`: with autofocus (default: as planned)."""
    places = fields(plan)
    visit = event_templates(plan, _NOWHERE, VisitKind.BASELINE)
    moves = sum(move_time_s(a, b, config.timing) for a, b in pairwise((*places, *places[:1])))
    if focus is None:
        focus = plan.autofocus is not None and plan.autofocus.when == "every_visit"
    sweep_s = sweep_time_s(plan.autofocus, config.timing) if focus else 0.0
    return moves + len(places) * (visit_time_s(visit, config.timing) + sweep_s)


def sweep_steps(focus: AutofocusConfig) -> tuple[int, int]:
    """Images of the coarse and of the fine part of one sweep, as in `hardware.autofocus`."""
    coarse = max(2, round(focus.range_um / focus.coarse_step_um)) + 1
    fine = 2 * (max(1, round(focus.coarse_step_um / focus.fine_step_um)) - 1)
    return coarse, fine


def sweep_time_s(focus: AutofocusConfig | None, timing: TimingConfig) -> float:
    """One autofocus that succeeds at once."""
    if focus is None:
        return 0.0
    coarse, fine = sweep_steps(focus)
    image_s = timing.settle_s + focus.exposure_ms / 1000 + timing.readout_s
    travel_um = 2 * coarse * focus.coarse_step_um + fine * focus.fine_step_um
    return (coarse + fine) * image_s + travel_um / timing.z_um_per_s + timing.channel_switch_s


def scheduled_sweeps(plan: Plan) -> int:
    """Autofocus runs per field that the plan schedules whatever happens."""
    focus, rounds = plan.autofocus, len(due_times(plan))
    if focus is None or focus.when == "focus_lost":
        return 0
    return rounds if focus.when == "every_visit" else math.ceil(rounds / focus.every_n_rounds)


def light(events: Iterable[useq.MDAEvent], config: MicroscopeConfig, objective: str | None) -> Dose:
    """Light of one visit."""
    total = NO_LIGHT
    for event in events:
        if event.channel is not None:
            channel, exposure_ms = event.channel.config, event.exposure or 0.0
            total = add(total, exposure_light(channel, exposure_ms, config, objective))
    return total


def focus_sweep_light(
    focus: AutofocusConfig | None, config: MicroscopeConfig, objective: str | None
) -> Dose:
    """Light of one autofocus that succeeds at once."""
    if focus is None:
        return NO_LIGHT
    one = exposure_light(focus.channel, focus.exposure_ms, config, objective)
    return times(one, sum(sweep_steps(focus)))


def exposure_light(
    channel: str, exposure_ms: float, config: MicroscopeConfig, objective: str | None
) -> Dose:
    """Light of one exposure; J/cm^2 is None where the irradiance was not measured."""
    known = channel in config.channels
    irradiance = config.irradiance_w_cm2(channel, objective or "") if known else None
    seconds = exposure_ms / 1000
    return Dose(seconds, None if irradiance is None else irradiance * seconds, 1)


def add(a: Dose, b: Dose) -> Dose:
    """The sum of two doses."""
    known = a.j_cm2 is not None and b.j_cm2 is not None
    j_cm2 = (a.j_cm2 or 0.0) + (b.j_cm2 or 0.0) if known else None
    return Dose(a.seconds + b.seconds, j_cm2, a.exposures + b.exposures)


def times(dose: Dose, n: int) -> Dose:
    """`n` times a dose; none of an unknown dose is no light."""
    if n == 0:
        return NO_LIGHT
    return Dose(
        dose.seconds * n, None if dose.j_cm2 is None else dose.j_cm2 * n, dose.exposures * n
    )


def _longest_move_s(places: tuple[FieldOfView, ...], config: MicroscopeConfig) -> float:
    if len(places) < 2:
        return 0.0
    low = FieldOfView("", *(min(getattr(p, a) for p in places) for a in ("x_um", "y_um", "z_um")))
    high = FieldOfView("", *(max(getattr(p, a) for p in places) for a in ("x_um", "y_um", "z_um")))
    return move_time_s(low, high, config.timing)
