"""Plans survive being written down, and their baseline opens in plain useq."""

from __future__ import annotations

import tempfile
from pathlib import Path

import useq
import yaml
from hypothesis import given, settings
from plan_kit import loaded_microscope
from plan_strategies import plans

from agent.dump import dump_model, dump_plan, export_useq
from agent.load import load_plan
from agent.plan import Plan
from hardware.data import MicroscopeConfig


@settings(deadline=None, max_examples=60)
@given(plans())
def test_a_plan_written_and_loaded_is_the_same_plan(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.yaml")
        path.write_text(dump_plan(plan), encoding="utf-8")
        again = load_plan(path).plan
    assert again == plan
    assert dump_plan(again) == dump_plan(plan)


@settings(deadline=None, max_examples=60)
@given(plans())
def test_the_exported_baseline_gives_the_same_events_in_plain_useq(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "baseline.yaml")
        path.write_text(export_useq(plan), encoding="utf-8")
        exported = useq.MDASequence.from_file(path)
    assert list(exported) == [
        event.model_copy(update={"sequence": exported}) for event in plan.baseline
    ]


def test_a_microscope_written_down_is_the_same_microscope(tmp_path: Path) -> None:
    config = loaded_microscope(tmp_path).config
    assert MicroscopeConfig.model_validate(yaml.safe_load(dump_model(config))) == config
