"""Predictions hold in the rehearsed run, and one that does not is told."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest
from plan_kit import MICROSCOPE, PLAN, changed

from agent.bench import estimates
from agent.bench.estimates import Compared, Figures, bench_estimates, predict, random_plans
from agent.estimate import estimate
from agent.plan import Plan
from hardware.data import MicroscopeConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

HAD = Figures(10, 20, 1000, 2.0, 0.5, 100.0)


def test_predictions_hold_in_the_rehearsed_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_estimates(3, 0, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["plans"], told["off"], len(told["rows"])) == (3, 0, 3)
    assert all(row["rehearsed"]["frames"] for row in told["rows"])


@pytest.mark.parametrize(
    ("said", "outcome", "off"),
    [
        ({"light_s": 2.09, "duration_s": 109.0, "frames": 21}, "complete", ()),
        ({"light_s": 2.11}, "complete", ("light_s",)),
        ({"duration_s": 89.0}, "complete", ("duration_s",)),
        ({"visits": 11, "disk_bytes": 900}, "complete", ("visits", "disk_bytes")),
        ({}, "failed", ("outcome",)),
    ],
)
def test_a_figure_that_is_off_is_named(
    said: dict[str, float], outcome: str, off: Sequence[str]
) -> None:
    had = dataclasses.replace(HAD, frames=20)
    row = Compared("a plan", dataclasses.replace(had, **said), had, outcome)  # type: ignore[arg-type]
    assert set(row.off) == set(off) or row.off == off
    assert all(name in estimates.table([row]) for name in off)


def test_a_wrong_estimate_ends_with_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = Compared("a plan", dataclasses.replace(HAD, visits=12), HAD, "complete")
    monkeypatch.setattr(estimates, "compare", lambda plan: row)
    assert bench_estimates(1, 0, json=False) == 1
    assert "OFF: visits" in capsys.readouterr().out


def test_the_same_seed_makes_the_same_plans_of_several_kinds() -> None:
    plans = random_plans(30, 0)
    assert plans == random_plans(30, 0)
    assert plans != random_plans(30, 1)
    assert any(plan.autofocus for plan in plans)
    assert any(plan.baseline.grid_plan for plan in plans)
    assert any(plan.baseline.z_plan for plan in plans)
    assert any(plan.camera.binning > 1 for plan in plans)
    assert any(plan.baseline.time_plan is None for plan in plans)
    assert {plan.decide.policy for plan in plans} == {"fixed"}


def test_a_binned_camera_needs_less_disk() -> None:
    plan = random_plans(1, 0)[0]
    sizes = [
        predict(plan.model_copy(update={"camera": plan.camera.model_copy(update={"binning": n})}))
        for n in (1, 2)
    ]
    assert sizes[0].disk_bytes == 4 * sizes[1].disk_bytes


def test_the_first_visit_of_one_channel_switches_it() -> None:
    # once, at the stage's origin: 0.1 s to the channel, 20 ms and 0.02 s of read-out; later visits
    # find the channel in place
    one = [{"name": "A", "x": 0, "y": 0, "z": 0}]
    plan = Plan.model_validate(
        changed(
            PLAN,
            ("baseline.stage_positions", one),
            ("baseline.channels", [{"config": "DAPI", "exposure": 20}]),
            ("baseline.time_plan", None),
            ("autofocus", None),
        )
    )
    config = MicroscopeConfig.model_validate(
        changed(MICROSCOPE, ("timing", {"channel_switch_s": 0.1, "readout_s": 0.02}))
    )
    takes = estimate(plan, config, "10X")
    assert takes.duration_s == pytest.approx(0.14 + plan.judge.latency_s)
    assert takes.round_s == pytest.approx(0.04)
