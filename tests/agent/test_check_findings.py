"""Everything `check` says of plans and microscopes with one thing wrong, word for word."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from plan_kit import FACTS, GONE, MICROSCOPE, PLAN, changed, findings
from plan_strategies import plans

from agent.check import Finding, Level, Where, check, errors
from agent.plan import Plan
from hardware.data import MicroscopeConfig

CASES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("check_cases.yaml").read_text(encoding="utf-8")
)
TABLE = [
    pytest.param(group, case["change"], case["says"], id=f"{group}-{' '.join(case['change'])}")
    for group, cases in CASES.items()
    for case in cases
]


def lines(found: list[Finding]) -> list[str]:
    return [f"{finding.level}: {finding}" for finding in found]


@pytest.mark.parametrize(("group", "change", "says"), TABLE)
def test_what_check_says(group: str, change: dict[str, Any], says: list[str]) -> None:
    changes = tuple((key, GONE if value == "GONE" else value) for key, value in change.items())
    found = findings(microscope=changes) if group == "microscopes" else findings(*changes)
    assert lines(found) == says
    assert says
    assert all(finding.remedy for finding in found)


def test_a_good_plan_has_no_findings() -> None:
    assert findings() == []
    assert findings(facts=None) == []


def test_the_same_mistake_in_many_places_is_not_said_a_thousand_times() -> None:
    far = [{"name": f"p{n}", "x": 70_000 + 600 * n, "y": 0, "z": 0} for n in range(1000)]
    slowly = ("baseline.time_plan.interval", 9000)
    found = errors(findings(("baseline.stage_positions", far), slowly))
    assert [f.key for f in found] == [
        *(f"baseline.stage_positions[{n}].x" for n in range(3)),
        "baseline.stage_positions",
    ]
    assert found[-1].message == "997 more positions outside the limits"


def test_random_points_that_do_not_fit_are_refused() -> None:
    crowded = {"num_points": 30, "random_seed": 1, "allow_overlap": False}
    crowded |= {"fov_width": 10, "fov_height": 10, "max_width": 20, "max_height": 20}
    found = findings(("baseline.axis_order", "tpgcz"), ("baseline.grid_plan", crowded))
    assert any("Unable to generate 30 non-overlapping points" in f.message for f in errors(found))


def test_without_knowing_the_objective_a_budget_is_doubtful_not_refused() -> None:
    change = ("budget.dose_per_fov_j_cm2", 0.0013)  # one round: 0.0012 with 10X, 0.0018 with 20X
    (known,) = findings(change)
    assert known.level is Level.WARNING
    (other,) = findings(change, facts=dataclasses.replace(FACTS, objective="20X"))
    assert other.level is Level.ERROR
    levels = {f.level for f in findings(change, facts=None)}
    assert levels == {Level.WARNING}


def test_the_frame_budget_looks_at_the_free_space() -> None:
    enough = 60 * 512 * 512 * 2
    assert findings(facts=dataclasses.replace(FACTS, free_bytes=enough)) == []
    (found,) = findings(facts=dataclasses.replace(FACTS, free_bytes=enough - 1))
    assert (found.level, found.key) == (Level.ERROR, "baseline")


def test_overlap_follows_the_objective_in_place() -> None:
    change = ("baseline.stage_positions.1.x", 300)
    assert [f.level for f in findings(change)] == [Level.WARNING]
    assert findings(change, facts=dataclasses.replace(FACTS, objective="20X")) == []


def test_a_z_limit_of_the_objective_in_place_holds() -> None:
    change = ("baseline.stage_positions.1.z", 160)
    assert findings(change) == []
    found = findings(change, facts=dataclasses.replace(FACTS, objective="20X"))
    assert {f.key for f in errors(found)} == {"baseline.stage_positions[1].z", "autofocus.range_um"}


@pytest.mark.parametrize(
    "judge",
    [
        {"kind": "mllm"},
        {"kind": "mllm", "fallback": "classical"},
        {"kind": "chat", "model": "openai:x", "base_url": "http://localhost:8000/v1"},
        {"kind": "chat", "model": "openai:x", "base_url": "http://127.0.0.2:8000/v1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["mitosis", "a cell with two nuclei"])
def test_judges_that_take_free_words_are_not_held_to_a_list(
    monkeypatch: pytest.MonkeyPatch, judge: dict[str, Any], target: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-dummy")
    assert errors(findings(("judge", judge), ("decide.target", target))) == []
    said = findings(("judge", judge), ("decide.target", target))
    assert [f.key for f in said] in ([], ["judge.fallback"])


def test_a_chat_model_without_its_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    change = ("judge", {"kind": "chat", "model": "openai:x", "base_url": "http://localhost:1/v1"})
    (found,) = findings(change)
    assert str(found) == (
        "plan.yaml: judge.model: OPENAI_API_KEY is not set in the environment; export "
        "OPENAI_API_KEY=... before the run (any text where your server wants none)"
    )
    assert found.level is Level.ERROR


def test_errors_come_first() -> None:
    found = findings(
        ("baseline.stage_positions.1.x", 100),
        ("baseline.stage_positions.2.x", 70_000),
        ("budget", {}),
    )
    assert [f.level for f in found] == [Level.ERROR, Level.WARNING, Level.NOTE]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(plans())
def test_check_never_raises_and_every_finding_is_one_line(plan: Plan) -> None:
    config = MicroscopeConfig.model_validate(changed(MICROSCOPE))
    for finding in check(plan, config, facts=FACTS, where=Where("plan.yaml", "scope.yaml")):
        assert len(str(finding).splitlines()) == 1
        assert finding.key
        assert finding.remedy


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e300, 1e300])
@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_numbers_that_load_would_refuse_are_refused_here_too(axis: str, value: float) -> None:
    """A plan need not come from a file."""
    data = changed(PLAN, (f"baseline.stage_positions.0.{axis}", value))
    config = MicroscopeConfig.model_validate(MICROSCOPE)
    found = check(Plan.model_validate(data), config, facts=FACTS, where=Where("p", "m"))
    assert f"baseline.stage_positions[0].{axis}" in {f.key for f in errors(found)}
