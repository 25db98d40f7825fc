"""What was touched, in words; and what is only the instrument's own inaccuracy."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from hardware.data.microscope_config import StageLimits
from hardware.microscope import InstrumentState
from hardware.touch import astray, differences

LIMITS = StageLimits(
    x_um=(-1e4, 1e4),
    y_um=(-1e4, 1e4),
    z_um=(-200, 200),
    toward_sample="increasing",
    tolerance_xy_um=1.0,
    tolerance_z_um=0.2,
)
LEFT = InstrumentState(0.0, 100.0, 5.0, "DAPI", "20X", 10.0, 0.5, ())

TOUCHED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({}, ()),
    ({"x_um": 1.9, "y_um": 98.1, "z_um": 5.39}, ()),  # two readings, each within tolerance
    ({"exposure_ms": 99.0, "pixel_size_um": 0.1}, ()),  # the program's own
    ({"x_um": 52.3}, ("stage x 0.0 -> 52.3 um",)),
    ({"y_um": 97.0}, ("stage y 100.0 -> 97.0 um",)),
    ({"z_um": 5.5}, ("focus z 5.00 -> 5.50 um",)),
    ({"x_um": math.nan}, ("stage x 0.0 -> nan um",)),
    ({"objective": "40X"}, ("objective 20X -> 40X",)),
    ({"objective": ""}, ("objective 20X -> unknown",)),
    ({"channel": ""}, ("channel DAPI -> unknown",)),
    ({"open_shutters": ("Lamp",)}, ("shutter Lamp open",)),
    (
        {"x_um": 52.3, "open_shutters": ("Lamp", "LED")},
        ("stage x 0.0 -> 52.3 um", "shutter Lamp open", "shutter LED open"),
    ),
]


@pytest.mark.parametrize(("changes", "said"), TOUCHED, ids=[str(c) for c, _ in TOUCHED])
def test_what_differs_is_said_with_its_unit(changes: dict[str, Any], said: tuple[str, ...]) -> None:
    assert differences(LEFT, dataclasses.replace(LEFT, **changes), LIMITS) == said


def test_a_stage_that_left_its_place_during_a_visit() -> None:
    assert astray((0.0, 100.0), LEFT, LIMITS) == ()
    assert astray((-30.0, 100.0), LEFT, LIMITS) == ("stage x -30.0 -> 0.0 um during the visit",)
