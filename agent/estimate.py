"""What a plan takes, before anything moves: time, frames, disk, light. Pure functions.

Times come from the microscope's `timing` (see `agent.duration`); a real instrument is measured, and
differs. Autofocus that runs only when focus is lost is in no sum, nor are bursts: nobody knows how
often that will be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import sub
from typing import TYPE_CHECKING

from agent.duration import (
    move_time_s,
    round_times_s,
    sweep_steps,
    turn_time_s,
    visit_time_s,
)
from agent.expand import due_times, event_templates, fields, turns
from hardware.data import Dose, FieldOfView, VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    import useq

    from agent.plan import AutofocusConfig, Plan
    from hardware.data import MicroscopeConfig

NO_LIGHT = Dose(0.0, 0.0, 0)
MOST_WAITING = 64  # visits that wait for the judge; more are dropped (`agent.handoff`)
_NOWHERE = FieldOfView("", 0.0, 0.0, 0.0)  # a visit's duration and light do not depend on its place


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the baseline takes, and one burst.

    Attributes
    ----------
    visits, frames : of the whole baseline.
    duration_s : from the start to the end of the run.
    visit_s, round_s : one visit without its move; one round of all fields, moves and (where it is
        done at every visit) autofocus included.
    reaction_visit_s : one visit of a burst without its move.
    turn_s : to the objective of a burst or back, retreat and approach included; 0 without one.
    longest_move_s : between opposite corners: bursts of different fields interleave in any order.
    visit_light, reaction_light, focus_light : one visit; one visit of a burst; one autofocus.
    per_fov, total : light of the whole baseline with its scheduled autofocus.
    burst : light of one burst that lasts as long as it may.
    burst_frames : frames of one burst that lasts as long as it may.
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
    turn_s: float
    longest_move_s: float
    visit_light: Dose
    reaction_light: Dose
    focus_light: Dose
    per_fov: Dose
    total: Dose
    burst: Dose
    burst_frames: int
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

    A burst is imaged with the reaction's objective where the plan gives one.

    Light is in J/cm^2 where the irradiance of every channel used is known for that objective, and
    in seconds of exposure always.
    """
    places = fields(plan)
    due = due_times(plan)
    baseline = event_templates(plan, _NOWHERE, VisitKind.BASELINE)
    reaction = event_templates(plan, _NOWHERE, VisitKind.REACTION)
    visit_light = light(baseline, config, objective)
    reaction_light = light(reaction, config, burst_objective(plan, objective))
    focus_light = focus_sweep_light(plan.autofocus, config, objective)
    per_fov = add(times(visit_light, len(due)), times(focus_light, scheduled_sweeps(plan)))
    n_burst = visits_per(plan.reaction.duration_s, plan)
    return Estimate(
        fields=len(places),
        rounds=len(due),
        visits=len(places) * len(due),
        frames=len(places) * len(due) * len(baseline),
        duration_s=duration_s(plan, config),
        visit_s=visit_time_s(baseline, config),
        round_s=round_time_s(plan, config),
        reaction_visit_s=visit_time_s(reaction, config),
        turn_s=_turn_s(plan, config, objective, places),
        longest_move_s=_longest_move_s(places, config),
        visit_light=visit_light,
        reaction_light=reaction_light,
        focus_light=focus_light,
        per_fov=per_fov,
        total=times(per_fov, len(places)),
        burst=times(reaction_light, n_burst),
        burst_frames=n_burst * len(reaction),
        frame_bytes=frame_bytes,
    )


def fixed_plan_dose(
    plan: Plan, config: MicroscopeConfig, objective: str | None, duration_s: float
) -> tuple[Dose, Dose]:
    """Light of a run that cannot adapt: every field at the reaction's rate all the time.

    That is what it would cost to catch the same events without an agent. Returns the dose of one
    field and that of all fields.
    """
    events = event_templates(plan, _NOWHERE, VisitKind.REACTION)
    visit = light(events, config, burst_objective(plan, objective))
    per_fov = times(visit, visits_per(duration_s, plan))
    return per_fov, times(per_fov, len(fields(plan)))


def burst_objective(plan: Plan, objective: str | None) -> str | None:
    """The objective of a burst, where `objective` is the baseline's."""
    return plan.reaction.objective if turns(plan, objective or "") else objective


def visits_per(duration_s: float, plan: Plan) -> int:
    """Visits in `duration_s` at the reaction's interval, the first one at its start included."""
    return math.floor(duration_s / plan.reaction.interval_s + 1e-9) + 1


def round_time_s(plan: Plan, config: MicroscopeConfig, *, focus: bool | None = None) -> float:
    """One round of all fields, back from the last. `focus`: with autofocus; None: as planned."""
    if focus is None:
        focus = plan.autofocus is not None and plan.autofocus.when == "every_visit"
    return _round_times_s(plan, config, plan.autofocus if focus else None)[1]


def duration_s(plan: Plan, config: MicroscopeConfig) -> float:
    """From the start of a run to its end: the last round, and what the judge still has to see.

    A round that takes longer than its interval, for its autofocus, makes the next one late.
    """
    due, now_s = due_times(plan), 0.0
    plain = _round_times_s(plan, config, None)
    focused = _round_times_s(plan, config, plan.autofocus) if scheduled_sweeps(plan) else plain

    def takes_s(number: int) -> float:
        return (focused if focuses_in(plan, number) else plain)[min(number, 1)]

    last_s = takes_s(len(due) - 1)
    apart_s = (focused if focuses_in(plan, len(due) - 1) else plain)[1]  # without the first move
    if min(map(sub, due[1:], due), default=math.inf) >= max(*plain, *focused):
        now_s = due[-1] + last_s  # no round is late
    else:
        for number, due_s in enumerate(due):
            now_s = max(now_s, due_s) + takes_s(number)
    return now_s + plan.judge.latency_s + _backlog_s(plan, len(fields(plan)), apart_s)


def focuses_in(plan: Plan, number: int) -> bool:
    """Whether the plan schedules an autofocus at each field in round `number`."""
    focus = plan.autofocus
    if focus is None or focus.when == "focus_lost":
        return False
    return focus.when == "every_visit" or number % focus.every_n_rounds == 0


def _backlog_s(plan: Plan, n_fields: int, round_s: float) -> float:
    """How far the judge is behind after a round: it looks at one visit after the other."""
    behind_s = max(0.0, (n_fields - 1) * plan.judge.latency_s - round_s * (1 - 1 / n_fields))
    return min(behind_s, MOST_WAITING * plan.judge.latency_s)


def scheduled_sweeps(plan: Plan) -> int:
    """Autofocus runs per field that the plan schedules whatever happens."""
    focus, rounds = plan.autofocus, len(due_times(plan))
    if focus is None or focus.when == "focus_lost":
        return 0
    return rounds if focus.when == "every_visit" else math.ceil(rounds / focus.every_n_rounds)


def _round_times_s(
    plan: Plan, config: MicroscopeConfig, focus: AutofocusConfig | None
) -> tuple[float, float]:
    places, z_plan = fields(plan), plan.baseline.z_plan
    events = event_templates(plan, places[0], VisitKind.BASELINE)
    follows = z_plan is None or z_plan.is_relative
    first_s, later_s = round_times_s(places, events, config, focus, follows=follows)
    used = [event.channel.config for event in events if event.channel is not None]
    if focus is not None:
        used.insert(0, focus.channel)
    if used and used[0] == used[-1]:  # later visits find the channel in place, the first does not
        first_s += config.timing.channel_switch_s
    return first_s, later_s


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


def _turn_s(
    plan: Plan,
    config: MicroscopeConfig,
    objective: str | None,
    places: tuple[FieldOfView, ...],
) -> float:
    """The longest turn: at the field nearest to the sample."""
    if not turns(plan, objective or ""):
        return 0.0
    return max((turn_time_s(config, fov.z_um) for fov in places), default=0.0)


def _longest_move_s(places: tuple[FieldOfView, ...], config: MicroscopeConfig) -> float:
    if len(places) < 2:
        return 0.0
    low = FieldOfView("", *(min(getattr(p, a) for p in places) for a in ("x_um", "y_um", "z_um")))
    high = FieldOfView("", *(max(getattr(p, a) for p in places) for a in ("x_um", "y_um", "z_um")))
    return move_time_s(low, high, config)
