"""Bad plan and microscope files: one line each, with file, key, what is wrong, what to do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from plan_kit import GONE, microscope_file, plan_file

from agent.load import ConfigError, load_microscope, load_plan

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = "write a number"
PAIRS = "write key: value pairs"

# changed key, its value, then: key reported, message, remedy
PLANS: list[tuple[str, Any, str, str, str]] = [
    ("gaol", "x", "gaol", "unknown key", "did you mean goal?"),
    ("goal", GONE, "goal", "missing", "add it"),
    ("goal", 5, "goal", "expected text, found 5", "put it in quotes"),
    ("goal", None, "goal", "empty", "give text"),
    ("baseline", [1], "baseline", "expected keys with values, found [1]", PAIRS),
    ("coupling", "freerun", "coupling",
     "'freerun' is not one of free_run, synchronized", "did you mean free_run?"),
    ("decide.policy", "wach", "decide", "policy 'wach' is not known", "did you mean watch?"),
    ("decide.policy", GONE, "decide", "'policy' is missing", "add it"),
    ("decide.entr", 0.5, "decide.entr", "unknown key", "did you mean enter?"),
    ("decide.enter", 1.5, "decide.enter", "1.5 must be below 1", "change the number"),
    ("decide.leave", 0.9, "decide",
     "leave (0.9) must not be above enter (0.6)", "change it"),
    ("decide.confirm", [3, 2], "decide.confirm",
     "[3, 2] must be N of K with 1 <= N <= K <= 20", "change it"),
    ("decide.confirm", [3], "decide.confirm[1]", "missing", "add it"),
    ("decide.confirm", "2 of 3", "decide.confirm",
     "expected a list, found '2 of 3'", "write [first, second, ...]"),
    ("decide.max_concurrent", 1.5, "decide.max_concurrent",
     "1.5 is not a whole number", "round it"),
    ("judge.kind", "clasical", "judge", "kind 'clasical' is not known", "did you mean classical?"),
    ("judge.kind", "oracle", "judge", "kind 'oracle' is not known",
     "known: classical, none, mllm, hf, chat"),
    ("judge", "classical", "judge", "expected keys with values, found 'classical'", PAIRS),
    ("judge", {"model": "owner/name"}, "judge", "'kind' is missing", "add it"),
    ("judge", {"kind": "hf"}, "judge.model", "missing", "add it"),
    ("judge", {"kind": "hf", "modell": "x"}, "judge.modell", "unknown key",
     "did you mean model?"),
    ("judge", {"kind": "mllm", "fallback": "clasical"}, "judge.fallback",
     "'clasical' is not one of classical", "did you mean classical?"),
    ("judge", {"kind": "mllm", "explain": "perhaps"}, "judge.explain",
     "expected true or false, found 'perhaps'", "write true or false"),
    ("judge", {"kind": "chat", "model": "gpt-5-mini"}, "judge.model",
     "'gpt-5-mini' is not provider:model, such as openai:gpt-5-mini", "change it"),
    ("judge", {"kind": "chat", "model": "openai:x", "api_key": "sk-secret"}, "judge.api_key",
     "unknown key", "known: kind, channel, latency_s, deadline_s, fallback, model, base_url,"
     " timeout_s, max_retries, max_calls"),
    ("judge", {"kind": "chat", "model": "openai:x", "base_url": "http://me:secret@host/v1"},
     "judge.base_url", "base_url must hold no password or key: keys come from the environment",
     "change it"),
    ("judge", {"kind": "chat", "model": "openai:x", "max_calls": 0}, "judge.max_calls",
     "0 must be at least 1", "change the number"),
    ("reaction.interval_s", 0, "reaction.interval_s", "0 must be above 0", "change the number"),
    ("reaction.interval_s", True, "reaction.interval_s", "true is not a number", NUMBER),
    ("reaction.channels", [{"config": "DAPI", "exposur": 3}], "reaction.channels[0].exposur",
     "unknown key", "did you mean exposure?"),
    ("autofocus.range_um", math.inf, "autofocus.range_um", "inf is not a finite number", NUMBER),
    ("budget.disk_gb", "lots", "budget.disk_gb", "expected a number, found 'lots'", NUMBER),
    # useq's own part, where useq itself would say nothing
    ("baseline.chanels", [], "baseline.chanels", "unknown key", "did you mean channels?"),
    ("baseline.channels.0.exposuer", 3, "baseline.channels[0].exposuer",
     "unknown key", "did you mean exposure?"),
    ("baseline.channels.0.exposure", -3, "baseline.channels[0].exposure",
     "-3 must be above 0", "change the number"),
    ("baseline.channels.0.exposure", "long", "baseline.channels[0].exposure",
     "expected a number, found 'long'", NUMBER),
    ("baseline.channels.0.exposure", math.nan, "baseline.channels[0].exposure",
     "nan is not a finite number", NUMBER),
    ("baseline.channels.1", 5, "baseline.channels[1]",
     "expected keys with values, found 5", PAIRS),
    ("baseline.channels", "DAPI", "baseline.channels", "expected a list",
     "write one entry per line, each after a dash"),
    ("baseline.stage_positions.2.X", 4, "baseline.stage_positions[2].X",
     "unknown key", "did you mean x?"),
    ("baseline.stage_positions.2.x", math.nan, "baseline.stage_positions[2].x",
     "nan is not a finite number", NUMBER),
    ("baseline.stage_positions.2.y", -math.inf, "baseline.stage_positions[2].y",
     "-inf is not a finite number", NUMBER),
    ("baseline.stage_positions.2.z", "nan", "baseline.stage_positions[2].z",
     "'nan' is not a finite number", NUMBER),
    ("baseline.stage_positions.2.x", True, "baseline.stage_positions[2].x",
     "true is not a number", NUMBER),
    ("baseline.stage_positions.2.name", 7, "baseline.stage_positions[2].name",
     "expected text, found 7", "put it in quotes"),
    ("baseline.stage_positions.1", [1, 2, 3], "baseline.stage_positions[1]",
     "expected keys with values, found [1, 2, 3]", PAIRS),
    ("baseline.stage_positions", 7, "baseline.stage_positions", "expected a list",
     "write one entry per line, each after a dash"),
    ("baseline.stage_positions", {"plate": "96-wel", "a1_center_xy": [0, 0]},
     "baseline.stage_positions.plate", "plate '96-wel' is not known", "did you mean 96-well?"),
    ("baseline.stage_positions", {"plate": "96-well", "a1_centre_xy": [0, 0]},
     "baseline.stage_positions.a1_centre_xy", "unknown key", "did you mean a1_center_xy?"),
    ("baseline.stage_positions",
     {"plate": 96, "a1_center_xy": [0, 0], "well_points_plan": {"rows": 2, "cols": 2}},
     "baseline.stage_positions.well_points_plan.cols", "unknown key", "did you mean columns?"),
    ("baseline.time_plan", {"interval": 9, "durration": 3}, "baseline.time_plan.durration",
     "unknown key", "did you mean duration?"),
    ("baseline.time_plan", {"interval": 9}, "baseline.time_plan.duration", "missing", "add it"),
    ("baseline.time_plan", {"interval": "often", "loops": 3}, "baseline.time_plan.interval",
     "expected a duration, found 'often'", 'write seconds, or "H:MM:SS" in quotes'),
    ("baseline.time_plan", {"interval": {"minuts": 3}, "loops": 3},
     "baseline.time_plan.interval.minuts", "unknown key", "did you mean minutes?"),
    ("baseline.time_plan", {"interval": math.nan, "loops": 3}, "baseline.time_plan.interval",
     "nan is not a finite number", NUMBER),
    ("baseline.time_plan", [{"interval": 3, "loops": 3}, {"interval": 3, "loops": -3}],
     "baseline.time_plan[1].loops", "-3 must be above 0", "change the number"),
    ("baseline.time_plan", {"phases": [{"intervall": 3, "loops": 3}]},
     "baseline.time_plan.phases[0].intervall", "unknown key", "did you mean interval?"),
    ("baseline.z_plan", {"range": 4, "stepp": 1}, "baseline.z_plan.stepp",
     "unknown key", "did you mean step?"),
    ("baseline.z_plan", {"range": 4}, "baseline.z_plan.step", "missing", "add it"),
    ("baseline.z_plan", {"absolute": [1, math.nan]}, "baseline.z_plan.absolute[1]",
     "nan is not a finite number", NUMBER),
    ("baseline.z_plan", {"planes": 3}, "baseline.z_plan.planes", "unknown key",
     "known: go_up, top, bottom, step, above, below, range, absolute, relative"),
    ("baseline.grid_plan", {"rows": 2, "columns": 2, "modus": 1}, "baseline.grid_plan.modus",
     "unknown key", "did you mean mode?"),
    ("baseline.grid_plan", {"rows": 2, "columns": 2, "mode": "spirall"},
     "baseline.grid_plan.mode", "'spirall' is not one of row_wise, column_wise, row_wise_snake,"
     " column_wise_snake, spiral", "did you mean spiral?"),
    ("baseline.grid_plan", {"rows": 0, "columns": 2}, "baseline.grid_plan.rows",
     "0 must be at least 1", "change the number"),
    ("baseline.grid_plan", {"top": 1, "left": 0, "bottom": 0, "right": 1}, "baseline.grid_plan",
     "an absolute grid leaves out the x and y of stage_positions",
     "remove x and y there, or give the grid rows and columns"),
    ("baseline.axis_order", "tpxz", "baseline.axis_order",
     "'tpxz' is not an order of the axes t, p, g, c, z, each at most once", "write tpgcz"),
    ("baseline.metadata", 5, "baseline.metadata",
     "expected keys with values, found 5", PAIRS),
]  # fmt: skip

MICROSCOPES: list[tuple[str, Any, str, str, str]] = [
    ("stage.x_um", [5, 3], "stage.x_um", "lower limit 5 is not below upper limit 3", "change it"),
    ("stage.y_um", [-math.inf, 3], "stage.y_um[0]", "-inf is not a finite number", NUMBER),
    ("stage.z_um", [5], "stage.z_um[1]", "missing", "add it"),
    ("stage.toward_sample", "up", "stage.toward_sample",
     "'up' is not one of increasing, decreasing", "known: increasing, decreasing"),
    ("stage.toward_sampel", "increasing", "stage.toward_sampel",
     "unknown key", "did you mean toward_sample?"),
    ("channels.DAPI.max_exposure", 3, "channels.DAPI.max_exposure",
     "unknown key", "did you mean max_exposure_ms?"),
    ("channels.DAPI.irradiance_w_cm2", -1, "channels.DAPI.irradiance_w_cm2",
     "-1 must be above 0", "change the number"),
    ("channels.DAPI.irradiance_w_cm2", {"10X": "dim"}, "channels.DAPI.irradiance_w_cm2.10X",
     "expected a number, found 'dim'", NUMBER),
    ("channels.DAPI.irradiance_w_cm2", "dim", "channels.DAPI.irradiance_w_cm2",
     "expected a number, found 'dim'", NUMBER),
    ("objectives.items.10X", {}, "objectives.items.10X.z_um", "missing", "add it"),
    ("timing.settle_s", -1, "timing.settle_s", "-1 must be at least 0", "change the number"),
    ("shutters", "LED", "shutters", "expected a list, found 'LED'", "write [first, second, ...]"),
]  # fmt: skip


def ids(table: list[tuple[str, Any, str, str, str]]) -> list[str]:
    # a sentinel's repr has its address in it, and workers must collect the same names
    names = ["absent" if type(value) is object else f"{value!r:.30}" for _, value, *_ in table]
    return [f"{key}={name}" for (key, *_), name in zip(table, names, strict=True)]


@pytest.mark.parametrize(("change", "value", "key", "message", "remedy"), PLANS, ids=ids(PLANS))
def test_a_bad_plan_is_one_line(
    tmp_path: Path, change: str, value: Any, key: str, message: str, remedy: str
) -> None:
    path = plan_file(tmp_path, (change, value))
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    (finding,) = caught.value.findings
    assert (finding.key, finding.message, finding.remedy) == (key, message, remedy)
    place = str(path) if finding.line is None else f"{path}:{finding.line}"
    assert str(caught.value) == f"{place}: {key}: {message}; {remedy}"


@pytest.mark.parametrize(
    ("change", "value", "key", "message", "remedy"), MICROSCOPES, ids=ids(MICROSCOPES)
)
def test_a_bad_microscope_is_one_line(
    tmp_path: Path, change: str, value: Any, key: str, message: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_microscope(microscope_file(tmp_path, (change, value)))
    (finding,) = caught.value.findings
    assert (finding.key, finding.message, finding.remedy) == (key, message, remedy)
    assert "\n" not in str(caught.value)


def test_several_faults_are_several_lines(tmp_path: Path) -> None:
    path = plan_file(
        tmp_path,
        ("baseline.channels.0.exposuer", 3),
        ("baseline.stage_positions.1.x", math.nan),
        ("decide.enter", 7),
        ("budget.total_dose_j_cm2", -1),
    )
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    keys = [finding.key for finding in caught.value.findings]
    assert sorted(keys) == [
        "baseline.channels[0].exposuer",
        "baseline.stage_positions[1].x",
        "budget.total_dose_j_cm2",
        "decide.enter",
    ]
    assert len(str(caught.value).splitlines()) == 4


def test_the_misspelt_key_hides_that_the_right_one_is_missing(tmp_path: Path) -> None:
    path = plan_file(tmp_path, ("goal", GONE), ("goall", "x"))
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    assert [finding.key for finding in caught.value.findings] == ["goall"]
