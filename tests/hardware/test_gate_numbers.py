"""Only a finite real number is a number; nothing is coerced, nothing is clamped."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from gate_kit import Bench, shot

from hardware.data import Permit, Refusal, Rule

NOT_NUMBERS: list[Any] = [
    float("nan"),
    float("inf"),
    float("-inf"),
    True,
    False,
    np.True_,
    np.False_,
    np.float64("nan"),
    np.float32("inf"),
    "1",
    "",
    b"1",
    None,
    1j,
    Decimal(1),
    [1.0],
    np.array([1.0]),
    np.array(1.0),
    10**400,
]
NUMBERS: list[Any] = [1, 1.0, -0.0, np.float64(1), np.float32(0.5), np.int16(3), np.uint8(7)]


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused_at_every_door(value: Any) -> None:
    bench = Bench(allowed_properties=(("Z", "Velocity"),))
    gate = bench.gate
    answers = [
        gate.xy(value, 0),
        gate.xy(0, value),
        gate.z(value, objective="10X", current_z_um=0),
        gate.z(0, objective="10X", current_z_um=value),
        gate.z_stack([0, value], objective="10X", current_z_um=0),
        gate.exposure(shot(exposure_ms=value)),
        gate.exposures([shot(), shot(exposure_ms=value)]),
        gate.exposure(shot(time_s=value)),
        gate.exposure(shot(x_um=value)),
        gate.exposure(shot(y_um=value)),
        gate.exposure(shot(z_um=value)),
    ]
    if value is not None:  # an irradiance of None says that nobody measured it
        answers.append(gate.exposure(shot(irradiance_w_cm2=value)))
    if not isinstance(value, str):  # a property may be a text
        answers.append(gate.device_property("Z", "Velocity", value))
    assert {getattr(answer, "rule", None) for answer in answers} == {Rule.NOT_A_NUMBER}
    assert bench.refused == answers


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_ints_and_numpy_numbers_are_numbers(value: Any) -> None:
    gate = Bench(allowed_properties=(("Z", "Velocity"),)).gate
    answers = [
        gate.xy(value, value),
        gate.z(value, objective="10X", current_z_um=value),
        gate.device_property("Z", "Velocity", value),
    ]
    if value > 0:
        answers.append(gate.exposure(shot(exposure_ms=value)))
    assert all(isinstance(answer, Permit) for answer in answers)


@pytest.mark.parametrize("value", [0, -1, -0.0])
def test_no_exposure_is_no_exposure(value: float) -> None:
    answer = Bench().gate.exposure(shot(exposure_ms=value))
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.EXPOSURE


@pytest.mark.parametrize("preset", [None, 1, ["DAPI"], ""])
def test_a_preset_is_one_of_the_names(preset: Any) -> None:
    gate = Bench().gate
    assert isinstance(gate.channel(preset), Refusal)
    assert isinstance(gate.objective(preset), Refusal)
