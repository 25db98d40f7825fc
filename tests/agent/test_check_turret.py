"""What `check` says of bursts at another objective, on a microscope that may turn its turret."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from plan_kit import FACTS, findings

TURNS = (("objectives.allow_change", True), ("objectives.retract_z_um", -150))
CLOSE = ("reaction.objective", "20X")


def said(*changes: tuple[str, Any], microscope: tuple[tuple[str, Any], ...] = TURNS) -> list[str]:
    return [
        f"{f.level}: {f.key}: {f.message}" for f in findings(*changes, CLOSE, microscope=microscope)
    ]


def test_a_burst_at_another_objective_is_fine_where_the_turret_may_turn() -> None:
    assert said() == []


def test_without_a_z_to_retract_to_nothing_may_turn() -> None:
    found = said(microscope=TURNS[:1])
    what = 'change to objective "20X" (limit: no z to retract to before turning)'
    assert f"error: reaction.objective: {what}" in found


def test_turns_that_take_longer_than_the_interval_are_a_warning_with_several_fields() -> None:
    # there and back: each retracts 0.15 s and settles, turns 2 s, approaches in 8 capped steps
    changes = (("reaction.interval_s", 5), ("budget.dose_per_fov_j_cm2", 19))
    (found,) = said(*changes)
    assert found.startswith(
        "warning: reaction.objective: turning to 20X and back takes 5.51 s, and one visit 0.55 s:"
        " longer than reaction.interval_s (5 s) while any other of the 3 fields"
    )
    alone = ("baseline.stage_positions", [{"name": "A1", "x": 0, "y": 0, "z": 0}])
    assert said(*changes, alone) == []


def test_the_planes_and_sweeps_of_a_burst_keep_to_its_own_objectives_limits() -> None:
    found = said(("baseline.stage_positions.1.z", 160))  # 10X may, 20X may not
    assert [line.split(" (limit")[0] for line in found] == [
        'error: baseline.stage_positions[1].z: A2: a burst: z = 160 um with objective "20X"',
        'error: autofocus.range_um: A2: focus sweep to z = 154 um with objective "20X"',
    ]


def test_a_burst_whose_light_is_not_measured_is_refused_under_a_budget_in_j_cm2() -> None:
    (found,) = said(
        microscope=(*TURNS, ("channels.DAPI.irradiance_w_cm2", {"10X": 0.01})),
    )
    assert "the light of DAPI with 20X is not known: bursts are refused" in found


def test_a_burst_whose_pixel_size_nobody_measured_is_refused() -> None:
    facts = dataclasses.replace(FACTS, pixel_sizes_um={"10X": 1.0})
    (found,) = findings(CLOSE, microscope=TURNS, facts=facts)
    assert found.message == "the pixel size with 20X is not known"


def test_the_budget_counts_a_burst_with_its_own_objectives_light() -> None:
    # a burst of 21 visits: 0.0252 J/cm2 with 10X, 0.0378 with 20X; the baseline takes 0.012
    at_home = findings(("budget.dose_per_fov_j_cm2", 0.04), microscope=TURNS)
    assert at_home == []
    (found,) = said(("budget.dose_per_fov_j_cm2", 0.04))
    assert "one burst costs 0.0378 J/cm2" in found


@pytest.mark.parametrize(("binning", "budget_gb"), [(1, 0.032), (2, 0.0079)])
def test_the_room_for_frames_follows_the_binning(binning: int, budget_gb: float) -> None:
    tight = (("camera.binning", binning), ("budget.disk_gb", budget_gb * 0.95))
    enough = (("camera.binning", binning), ("budget.disk_gb", budget_gb))
    assert [f.key for f in findings(*tight)] == ["budget.disk_gb"]
    assert findings(*enough) == []
