"""What a change costs, and what is held against it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from change_kit import changed, every, without
from run_kit import demo, plan

from agent.change.effect import effect
from agent.change.state import RunState
from agent.change.weigh import weigh
from agent.expand import fields
from agent.plan import Plan
from hardware.data import Dose

if TYPE_CHECKING:
    from agent.change.rules import No


def irradiance() -> float:
    found = demo().irradiance_w_cm2("DAPI", "20X")
    assert found is not None
    return found


W_CM2 = irradiance()
BASE = plan(fields=2, rounds=11, interval_s=60, channels=("DAPI",))  # until 600 s
STATE = RunState(
    now_s=300.0,
    home="20X",
    planned=fields(BASE),
    spent={"p0": Dose(0.06, 0.06 * W_CM2, 6), "p1": Dose(0.06, 0.06 * W_CM2, 6)},
    frame_bytes=1_000_000,
    used_bytes=12_000_000,
    free_bytes=10**12,
)


def against(new: Plan, old: Plan = BASE, **state: Any) -> list[No]:
    return list(weigh(old, new, demo(), dataclasses.replace(STATE, **state)).against)


def test_the_effect_is_that_on_what_is_left() -> None:
    found = effect(BASE, every(BASE, 30, 31), demo(), STATE)
    assert (found.old.rounds, found.old.visits, found.old.frames) == (5, 10, 10)
    assert (found.new.rounds, found.new.visits, found.new.frames) == (20, 40, 40)
    assert found.old.per_fov.seconds == pytest.approx(0.05)
    assert found.new.per_fov.seconds == pytest.approx(0.20)
    assert found.new.per_fov.j_cm2 == pytest.approx(0.20 * W_CM2)
    assert found.new.total.seconds == pytest.approx(0.40)
    assert (found.old.disk_bytes, found.new.disk_bytes) == (10_000_000, 40_000_000)
    assert 600 < found.old.end_s < 660 and 900 < found.new.end_s < 930
    said = {what: (old, new) for what, old, new in found.lines()}
    assert said["disk still needed"] == ("0.01 GB", "0.04 GB")
    assert said["rounds left"] == ("5", "20")
    assert "light of a burst" not in said


def test_scheduled_autofocus_is_in_the_light_that_is_left() -> None:
    focus = changed(BASE, autofocus={"channel": "DAPI", "exposure_ms": 5, "when": "every_visit"})
    found = effect(BASE, focus, demo(), STATE)
    assert found.new.per_fov.seconds > found.old.per_fov.seconds + 5 * 0.005


def test_fields_that_the_run_leaves_alone_are_not_counted() -> None:
    state = dataclasses.replace(STATE, left={"p1": "held"})
    assert effect(BASE, every(BASE, 30, 31), demo(), state).new.visits == 20


LIMITED = changed(BASE, budget={"exposure_per_fov_s": 0.12})
REFUSED: list[tuple[str, Plan, Plan, dict[str, Any], str]] = [
    ("field light", LIMITED, every(LIMITED, 30, 31), {}, "budget.exposure_per_fov_s"),
    (
        "dose of a field",
        changed(BASE, budget={"dose_per_fov_j_cm2": 10}),
        changed(BASE, budget={"dose_per_fov_j_cm2": 0.1 * W_CM2}),
        {},
        "budget.dose_per_fov_j_cm2",
    ),
    (
        "dose of all",
        changed(BASE, budget={"total_dose_j_cm2": 10}),
        changed(BASE, budget={"total_dose_j_cm2": 0.2 * W_CM2}),
        {},
        "budget.total_dose_j_cm2",
    ),
    ("disk budget", BASE, changed(BASE, budget={"disk_gb": 0.02}), {}, "budget.disk_gb"),
    ("disk space", BASE, every(BASE, 30, 31), {"free_bytes": 2 * 1024**3}, "disk"),
    (
        "exposure",
        BASE,
        changed(BASE, baseline__channels__0__exposure=9999),
        {},
        "baseline.channels",
    ),
    ("interval", BASE, every(BASE, 0.01, 11), {}, "baseline.time_plan"),
    ("no change", BASE, BASE, {}, "plan"),
    ("after the end", BASE, every(BASE, 30, 31), {"over": "ended by the plan"}, "run"),
]


@pytest.mark.parametrize(
    ("name", "old", "new", "state", "key"), REFUSED, ids=[case[0] for case in REFUSED]
)
def test_what_breaks_budgets_or_limits_is_refused_with_the_reason(
    name: str, old: Plan, new: Plan, state: dict[str, Any], key: str
) -> None:
    found = against(new, old, **state)
    assert found and found[0].key.startswith(key), found
    assert found[0].limit and found[0].remedy


def test_a_budget_that_was_too_small_before_does_not_bar_a_change_that_costs_less() -> None:
    assert against(without(LIMITED, "p1"), LIMITED, spent={"p0": Dose(0.119, 0.01, 12)}) == []
    assert against(every(LIMITED, 60, 8), LIMITED, spent={"p0": Dose(0.119, 0.01, 12)}) == []


def test_a_place_without_a_coordinate_is_refused_and_not_raised() -> None:
    data = BASE.model_dump(exclude_unset=True)
    del data["baseline"]["stage_positions"][0]["z"]
    assert against(Plan.model_validate(data))


def test_a_field_that_the_run_leaves_alone_cannot_be_taken_back() -> None:
    """Else the change would be applied, and the field not imaged all the same."""
    found = against(BASE, without(BASE, "p1"), left={"p1": "position held: autofocus failed"})
    assert [no.key for no in found] == ["fields[p1]"]
    assert "autofocus failed" in found[0].limit
