"""Estimates by hand-countable plans."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_kit import GONE, MICROSCOPE, PLAN, changed
from plan_strategies import plans

from agent.duration import move_time_s, sweep_steps, visit_time_s
from agent.estimate import (
    NO_LIGHT,
    add,
    estimate,
    fixed_plan_dose,
    scheduled_sweeps,
    times,
    visits_per,
)
from agent.expand import baseline_visits, due_times, event_templates, fields
from agent.plan import AutofocusConfig, Plan
from hardware.autofocus import Sweep, autofocus
from hardware.data import Dose, FieldOfView, MicroscopeConfig, VisitKind

TIMING = {
    "xy_um_per_s": 1000,
    "z_um_per_s": 100,
    "settle_s": 0.5,
    "channel_switch_s": 0.25,
    "readout_s": 0.125,
}


def plan_of(*changes: tuple[str, Any]) -> Plan:
    return Plan.model_validate(changed(PLAN, *changes))


def config_of(*changes: tuple[str, Any]) -> MicroscopeConfig:
    return MicroscopeConfig.model_validate(changed(MICROSCOPE, ("timing", TIMING), *changes))


def test_light_and_frames_of_a_plan() -> None:
    # 3 fields x 10 rounds x (20 ms of DAPI at 0.01, 50 ms of FITC at 0.02 W/cm2)
    takes = estimate(plan_of(), config_of(), "10X", frame_bytes=1000)
    assert (takes.fields, takes.rounds, takes.visits, takes.frames) == (3, 10, 30, 60)
    assert takes.disk_bytes == 60_000
    assert takes.visit_light == Dose(pytest.approx(0.07), pytest.approx(0.0012), 2)
    assert takes.per_fov == Dose(pytest.approx(0.7), pytest.approx(0.012), 20)
    assert takes.total == Dose(pytest.approx(2.1), pytest.approx(0.036), 60)
    # a burst of 1200 s every 60 s: 21 visits
    assert takes.burst == Dose(pytest.approx(1.47), pytest.approx(0.0252), 42)


def test_time_of_a_plan() -> None:
    takes = estimate(plan_of(), config_of(), "10X")
    # per channel: switch and read out; the first image settles in z: 0.75 + 0.5 + 0.07
    assert takes.visit_s == pytest.approx(1.32)
    # a round: both channels each time, and stage and focus drive settle after each of their moves
    moves = 0.6 + 0.015 + 1.0 + 2**0.5 * 0.6 + 0.035 + 1.0 + 0.6 + 0.02 + 1.0
    assert takes.round_s == pytest.approx(3 * 0.82 + moves)
    assert takes.duration_s == pytest.approx(9 * 300 + takes.round_s + 0.2)  # the last verdict
    assert takes.disk_bytes is None


def test_uncalibrated_light_is_counted_in_seconds_only() -> None:
    takes = estimate(plan_of(), config_of(("channels.FITC.irradiance_w_cm2", GONE)), "10X")
    assert takes.total == Dose(pytest.approx(2.1), None, 60)
    assert estimate(plan_of(), config_of(), "60X").total.j_cm2 is None
    assert estimate(plan_of(), config_of(), "20X").visit_light.j_cm2 == pytest.approx(0.0018)


def test_the_fixed_plan_images_every_field_at_the_reactions_rate() -> None:
    plan = plan_of(("reaction.channels", [{"config": "DAPI", "exposure": 10}]))
    per_fov, total = fixed_plan_dose(plan, config_of(), "10X", 3600)
    assert per_fov == Dose(pytest.approx(0.61), pytest.approx(0.0061), 61)
    assert total == Dose(pytest.approx(1.83), pytest.approx(0.0183), 183)


@pytest.mark.parametrize(
    ("when", "loops", "sweeps"),
    [
        ("focus_lost", 10, 0),
        ("every_visit", 10, 10),
        ("every_nth_round", 10, 4),
        ("every_nth_round", 9, 3),
    ],
)
def test_scheduled_autofocus_is_in_the_light(when: str, loops: int, sweeps: int) -> None:
    plan = plan_of(
        ("autofocus.when", when),
        ("autofocus.every_n_rounds", 3),
        ("baseline.time_plan.loops", loops),
    )
    assert scheduled_sweeps(plan) == sweeps
    takes = estimate(plan, config_of(), "10X")
    expected = add(times(takes.visit_light, loops), times(takes.focus_light, sweeps))
    assert takes.per_fov == expected


@given(st.floats(1, 100), st.floats(0.5, 20), st.floats(0.1, 5), st.floats(-1, 1))
def test_as_many_focus_images_are_estimated_as_autofocus_takes(
    range_um: float, coarse_um: float, fine_um: float, best_um: float
) -> None:
    focus = AutofocusConfig(
        channel="DAPI",
        exposure_ms=1,
        range_um=range_um,
        coarse_step_um=coarse_um,
        fine_step_um=fine_um,
    )
    taken: list[float] = []

    def measure(z_um: float) -> float:
        taken.append(z_um)
        return 100.0 / (1.0 + (z_um - best_um) ** 2)

    result = autofocus(measure, 0.0, Sweep(range_um, coarse_um, fine_um))
    coarse, fine = sweep_steps(focus)
    assert len(taken) == (coarse + fine if result.ok else coarse)


def test_planes_cost_their_travel() -> None:
    plan = plan_of(("baseline.z_plan", {"range": 20, "step": 10}))
    events = event_templates(plan, FieldOfView("a", 0, 0, 0), VisitKind.BASELINE)
    # 6 images, 2 of them after a move of their own: to the first plane, and 20 um back to it for
    # the other channel; the planes between are triggered, at the camera's pace
    expected = 2 * 0.25 + 2 * 0.5 + 20 / 100 + 6 * 0.125 + 3 * 0.07
    assert visit_time_s(events, config_of()) == pytest.approx(expected)


def test_a_move_counts_stage_focus_and_settling() -> None:
    here, there = FieldOfView("a", 0, 0, 0), FieldOfView("b", 300, 400, -10)
    assert move_time_s(here, there, config_of()) == pytest.approx(0.5 + 0.5 + 0.1 + 0.5)


@pytest.mark.parametrize(("duration_s", "visits"), [(0, 1), (59.9, 1), (60, 2), (1200, 21)])
def test_visits_in_a_time(duration_s: float, visits: int) -> None:
    assert visits_per(duration_s, plan_of()) == visits


def test_no_light_times_an_unknown_is_no_light() -> None:
    assert times(Dose(1.0, None, 1), 0) == NO_LIGHT
    assert times(Dose(1.0, None, 1), 2) == Dose(2.0, None, 2)


@settings(deadline=None, max_examples=60)
@given(plans())
def test_the_estimate_counts_what_the_baseline_makes(plan: Plan) -> None:
    takes = estimate(plan, config_of(("channels.Cy5", {"max_exposure_ms": 1000})), "10X")
    visits = baseline_visits(plan)
    assert takes.visits == len(visits) == takes.fields * takes.rounds
    assert takes.frames == sum(len(visit.events) for visit in visits)
    assert takes.fields == len(fields(plan))
    light_s = sum((e.exposure or 0) / 1000 for visit in visits for e in visit.events)
    assert takes.total.seconds == pytest.approx(light_s)
    assert takes.visit_s > 0
    assert takes.round_s > takes.total.seconds / takes.rounds
    assert takes.duration_s > due_times(plan)[-1]
