"""Every refusal says value, limit with unit, and remedy, and that nothing was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gate_kit import Bench, scope, shot

from hardware.data import Permit, Refusal, Rule
from hardware.gate import LightBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.data import Answer
    from hardware.gate import Gate

CHANGING = scope(objectives={"allow_change": True})
WIDE = scope(stage={"x_um": [-1e9, 1e9], "z_um": [-1e9, 1e9], "max_step_toward_sample_um": 1e9})

# name, bench, command, rule, the whole text
CASES: list[tuple[str, Bench, Callable[[Gate], Answer], Rule, str]] = [
    (
        "x beyond the soft limit",
        Bench(),
        lambda g: g.xy(70_000, 0),
        Rule.XY_LIMIT,
        "refused: x = 70000 um (limit: -60000 to 60000 um); nothing was sent."
        ' Stay inside, or change stage.x_um in the YAML of microscope "bench".',
    ),
    (
        "y beyond the soft limit, by a hair",
        Bench(),
        lambda g: g.xy(0, -40_000.001),
        Rule.XY_LIMIT,
        "refused: y = -40000.001 um (limit: -40000 to 40000 um); nothing was sent."
        ' Stay inside, or change stage.y_um in the YAML of microscope "bench".',
    ),
    (
        "x beyond the backstop, which a wide YAML does not move",
        Bench(WIDE),
        lambda g: g.xy(200_001, 0),
        Rule.BACKSTOP,
        "refused: x = 200001 um (limit: -200000 to 200000 um); nothing was sent."
        " This limit is built in and no file widens it; check the number and its unit.",
    ),
    (
        "x is NaN",
        Bench(),
        lambda g: g.xy(float("nan"), 0),
        Rule.NOT_A_NUMBER,
        "refused: x = nan (limit: a finite number in um); nothing was sent."
        " Give x as a plain number.",
    ),
    (
        "z beyond the stage's limit",
        Bench(),
        lambda g: g.z(201, objective="10X", current_z_um=190),
        Rule.Z_LIMIT,
        "refused: z = 201 um (limit: -200 to 200 um); nothing was sent."
        ' Stay inside, or change stage.z_um in the YAML of microscope "bench".',
    ),
    (
        "z beyond the objective's limit",
        Bench(),
        lambda g: g.z(151, objective="20X", current_z_um=150),
        Rule.Z_LIMIT,
        'refused: z = 151 um with objective "20X" (limit: -100 to 150 um); nothing was sent.'
        " Stay inside, or change objectives.items.20X.z_um in the YAML of microscope"
        ' "bench".',
    ),
    (
        "z with an objective that nobody knows",
        Bench(),
        lambda g: g.z(0, objective="", current_z_um=0),
        Rule.OBJECTIVE,
        'refused: z = 0 um with objective "" (limit: known objectives: 10X, 20X);'
        " nothing was sent. List the objective with its z_um under objectives.items in the YAML"
        ' of microscope "bench".',
    ),
    (
        "z beyond the backstop",
        Bench(WIDE),
        lambda g: g.z(-25_001, objective="10X", current_z_um=0),
        Rule.BACKSTOP,
        "refused: z = -25001 um (limit: -25000 to 25000 um); nothing was sent."
        " This limit is built in and no file widens it; check the number and its unit.",
    ),
    (
        "a long step toward the sample",
        Bench(),
        lambda g: g.z(40, objective="10X", current_z_um=10.5),
        Rule.Z_STEP,
        "refused: z = 40 um from 10.5 um, a step of 29.5 um toward the sample (limit: 20 um);"
        " nothing was sent. Approach in smaller steps, or change stage.max_step_toward_sample_um"
        ' in the YAML of microscope "bench".',
    ),
    (
        "a channel that the YAML does not list",
        Bench(),
        lambda g: g.channel("GFP"),
        Rule.CHANNEL,
        'refused: channel "GFP" (limit: known channels: DAPI, Lamp, Laser, Slow);'
        " nothing was sent. Use one of them, or add it with its light under channels in the YAML"
        ' of microscope "bench".',
    ),
    (
        "an exposure over the channel's limit",
        Bench(),
        lambda g: g.exposure(shot(exposure_ms=500.5)),
        Rule.EXPOSURE,
        "refused: exposure = 500.5 ms of DAPI (limit: above 0 and at most 500 ms);"
        " nothing was sent. Choose an exposure inside the limit, or change"
        ' channels.DAPI.max_exposure_ms in the YAML of microscope "bench".',
    ),
    (
        "an exposure over the backstop",
        Bench(),
        lambda g: g.exposure(shot("Slow", 60_001)),
        Rule.BACKSTOP,
        "refused: exposure = 60001 ms of Slow (limit: 60000 ms); nothing was sent."
        " This limit is built in and no file widens it; check the number and its unit.",
    ),
    (
        "light over the backstop",
        Bench(),
        lambda g: g.exposure(shot("Laser", 3)),
        Rule.BACKSTOP,
        "refused: exposure = 3 ms of Laser on A1, 150 J/cm2 (limit: 100 J/cm2 in one exposure);"
        " nothing was sent."
        " This limit is built in and no file widens it; check the number and its unit.",
    ),
    (
        "light that is counted as less than was measured",
        Bench(),
        lambda g: g.exposure(shot(irradiance_w_cm2=0.125)),
        Rule.LIGHT,
        "refused: exposure = 100 ms of DAPI on A1 at 0.125 W/cm2"
        ' (limit: 0.25 W/cm2 with objective "10X"); nothing was sent. Count the light with'
        ' channels.DAPI.irradiance_w_cm2 from the YAML of microscope "bench".',
    ),
    (
        "a field's dose is used up",
        Bench(budget=LightBudget(dose_per_fov_j_cm2=0.02)),
        lambda g: g.exposure(shot()),
        Rule.DOSE_FOV,
        "refused: exposure = 100 ms of DAPI on A1, 0.025 J/cm2 after 0 J/cm2 there"
        " (limit: 0.02 J/cm2 per field of view); nothing was sent."
        " Use less light, or raise budget.dose_per_fov_j_cm2 in the plan.",
    ),
    (
        "the run's dose is used up, in a batch",
        Bench(budget=LightBudget(total_dose_j_cm2=0.06)),
        lambda g: g.exposures([shot(fov=f) for f in ("A1", "A2", "A3")]),
        Rule.DOSE_TOTAL,
        "refused: exposure = 100 ms of DAPI on A3, 0.025 J/cm2 after 0.05 J/cm2 in all,"
        " exposure 3 of 3 (limit: 0.06 J/cm2 for the whole run); nothing was sent."
        " Use less light, or raise budget.total_dose_j_cm2 in the plan.",
    ),
    (
        "a field's seconds are used up",
        Bench(budget=LightBudget(exposure_per_fov_s=0.25)),
        lambda g: g.exposures([shot("Lamp")] * 3),
        Rule.DOSE_FOV,
        "refused: exposure = 100 ms of Lamp on A1, after 0.2 s of light there,"
        " exposure 3 of 3 (limit: 0.25 s per field of view); nothing was sent."
        " Leave the field alone, or raise budget.exposure_per_fov_s in the plan.",
    ),
    (
        "a dose budget on a lamp that nobody measured",
        Bench(budget=LightBudget(dose_per_fov_j_cm2=5)),
        lambda g: g.exposure(shot("Lamp")),
        Rule.LIGHT,
        'refused: exposure = 100 ms of Lamp on A1: its irradiance with objective "10X" is not'
        " known (limit: 5 J/cm2 per field of view); nothing was sent. Measure"
        ' channels.Lamp.irradiance_w_cm2 for the YAML of microscope "bench", or replace'
        " budget.dose_per_fov_j_cm2 by budget.exposure_per_fov_s.",
    ),
    (
        "a change of objective where that is off",
        Bench(),
        lambda g: g.objective("20X"),
        Rule.OBJECTIVE,
        'refused: change to objective "20X" (limit: objective changes are off);'
        " nothing was sent. Turn the turret by hand, or, if it clears the sample, set"
        ' objectives.allow_change: true in the YAML of microscope "bench".',
    ),
    (
        "a change to an objective that nobody knows",
        Bench(CHANGING),
        lambda g: g.objective("63X"),
        Rule.OBJECTIVE,
        'refused: change to objective "63X" (limit: known objectives: 10X, 20X);'
        " nothing was sent. List the objective with its z_um under objectives.items in the YAML"
        ' of microscope "bench".',
    ),
    (
        "a change of objective without a place to retract to",
        Bench(scope(objectives={"allow_change": True, "retract_z_um": None})),
        lambda g: g.objective("20X"),
        Rule.OBJECTIVE,
        'refused: change to objective "20X" (limit: no z to retract to before turning);'
        ' nothing was sent. Set objectives.retract_z_um in the YAML of microscope "bench".',
    ),
    (
        "a place to retract to that is out of reach",
        Bench(scope(objectives={"allow_change": True, "retract_z_um": -201})),
        lambda g: g.objective("20X"),
        Rule.Z_LIMIT,
        "refused: z = -201 um (limit: -200 to 200 um); nothing was sent."
        ' Stay inside, or change stage.z_um in the YAML of microscope "bench".',
    ),
    (
        "a device property",
        Bench(),
        lambda g: g.device_property("Laser", "Power", 100),
        Rule.PROPERTY,
        "refused: set Laser-Power to 100 (limit: allowed properties: none); nothing was sent."
        " Put it into a channel preset or the startup preset of Micro-Manager's cfg.",
    ),
]


@pytest.mark.parametrize(
    ("bench", "ask", "rule", "said"), [pytest.param(*c[1:], id=c[0]) for c in CASES]
)
def test_a_refusal_says_value_limit_and_remedy(
    bench: Bench, ask: Callable[[Gate], Answer], rule: Rule, said: str
) -> None:
    answer = ask(bench.gate)
    assert isinstance(answer, Refusal)
    assert (answer.rule, str(answer)) == (rule, said)
    assert bench.refused == [answer]
    assert bench.ledger.total().exposures == 0


@pytest.mark.parametrize(
    ("bench", "ask"),
    [
        pytest.param(Bench(), lambda g: g.xy(60_000, -40_000), id="the corner itself"),
        pytest.param(
            Bench(), lambda g: g.z(150, objective="20X", current_z_um=130), id="the cap itself"
        ),
        pytest.param(
            Bench(), lambda g: g.z(-200, objective="10X", current_z_um=200), id="away, far"
        ),
        pytest.param(
            Bench(scope(objectives={"items": {}})),
            lambda g: g.z(10, objective="", current_z_um=0),
            id="no objectives listed, none known",
        ),
        pytest.param(
            Bench(scope(stage={"toward_sample": "decreasing"})),
            lambda g: g.z(150, objective="10X", current_z_um=-190),
            id="away where the sample is below",
        ),
        pytest.param(Bench(), lambda g: g.channel("Lamp"), id="a channel"),
        pytest.param(Bench(), lambda g: g.exposure(shot(exposure_ms=500)), id="longest exposure"),
        pytest.param(Bench(), lambda g: g.exposure(shot("Lamp")), id="no budget, no calibration"),
        pytest.param(
            Bench(budget=LightBudget(exposure_per_fov_s=1)),
            lambda g: g.exposure(shot("Lamp")),
            id="a budget of seconds needs no calibration",
        ),
        pytest.param(Bench(), lambda g: g.exposures([]), id="no exposures"),
        pytest.param(Bench(CHANGING), lambda g: g.objective("20X"), id="a change of objective"),
        pytest.param(
            Bench(allowed_properties=(("Z", "Velocity"),)),
            lambda g: g.device_property("Z", "Velocity", "fast"),
            id="a property on the list",
        ),
    ],
)
def test_what_is_inside_every_limit_is_permitted(
    bench: Bench, ask: Callable[[Gate], Answer]
) -> None:
    assert isinstance(ask(bench.gate), Permit)
    assert bench.refused == []


def test_a_permit_names_exactly_the_value_that_was_checked() -> None:
    gate = Bench().gate
    assert gate.xy(0.1, -3) == Permit("move to x = 0.1 um, y = -3 um")
    assert gate.z(1e-7, objective="10X", current_z_um=0) == Permit("move to z = 1e-07 um")
    assert gate.exposure(shot(exposure_ms=12.5)) == Permit("exposure = 12.5 ms of DAPI on A1")


def test_a_step_toward_a_sample_below_is_capped_too() -> None:
    gate = Bench(scope(stage={"toward_sample": "decreasing"})).gate
    answer = gate.z(-21, objective="10X", current_z_um=0)
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.Z_STEP


@pytest.mark.parametrize(
    ("toward", "retract", "outside"), [("increasing", -150, 151), ("decreasing", 190, -101)]
)
def test_an_objectives_range_reaches_to_the_retract_position_but_not_nearer_the_sample(
    toward: str, retract: float, outside: float
) -> None:
    stage, objectives = {"toward_sample": toward}, {"retract_z_um": retract}
    fixed = Bench(scope(stage=stage, objectives=objectives)).gate
    turning = Bench(scope(stage=stage, objectives={**objectives, "allow_change": True})).gate
    away = {"objective": "20X", "current_z_um": retract}
    assert isinstance(fixed.z(retract, **away), Refusal)
    assert isinstance(turning.z(retract, **away), Permit)
    for gate in (fixed, turning):
        assert isinstance(gate.z(outside, objective="20X", current_z_um=outside), Refusal)


def test_a_stack_is_checked_plane_by_plane() -> None:
    bench = Bench()
    gate, where = bench.gate, {"objective": "20X", "current_z_um": 130}
    assert gate.z_stack([140, 150], **where) == Permit("move through a stack of 2 planes")
    for planes, rule in (([140, 151], Rule.Z_LIMIT), ([100, 121], Rule.Z_STEP)):
        answer = gate.z_stack(planes, **where)
        assert isinstance(answer, Refusal)
        assert answer.rule is rule


def test_a_stopped_gate_refuses_everything_but_light_off() -> None:
    bench = Bench(CHANGING, allowed_properties=(("Z", "Velocity"),))
    gate = bench.gate
    assert not gate.stopped
    gate.stop()
    assert gate.stopped
    answers = [
        gate.xy(0, 0),
        gate.z(0, objective="10X", current_z_um=0),
        gate.z_stack([0], objective="10X", current_z_um=0),
        gate.channel("DAPI"),
        gate.exposure(shot()),
        gate.exposures([]),
        gate.objective("20X"),
        gate.device_property("Z", "Velocity", 1),
    ]
    assert {getattr(a, "rule", None) for a in answers} == {Rule.STOPPED}
    assert bench.refused == answers
    assert str(answers[0]) == (
        "refused: move to x = 0 um, y = 0 um (limit: the run was stopped); nothing was sent."
        " Start a new run, or resume this one."
    )
    assert gate.light_off() == Permit("light off")


def test_a_recorder_that_fails_does_not_turn_a_refusal_into_a_permit() -> None:
    bench = Bench()
    bench.gate._on_refusal = lambda refusal: 1 / 0
    with pytest.raises(ZeroDivisionError):
        bench.gate.xy(1e6, 0)
