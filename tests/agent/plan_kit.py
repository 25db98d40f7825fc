"""A small plan and a microscope to break in one place at a time."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from agent.check import FrameSize, InstrumentFacts, Where, check
from agent.load import load_microscope, load_plan
from agent.plan import Plan
from hardware.data import MicroscopeConfig

if TYPE_CHECKING:
    from agent.finding import Finding
    from agent.load import LoadedMicroscope, LoadedPlan

GONE = object()

PLAN: dict[str, Any] = {
    "goal": "Watch three fields.",
    "microscope": "demo",
    "baseline": {
        "axis_order": "tpcz",
        "stage_positions": [
            {"name": "A1", "x": 0, "y": 0, "z": 0},
            {"name": "A2", "x": 600, "y": 0, "z": 1.5},
            {"name": "B1", "x": 0, "y": 600, "z": -2},
        ],
        "channels": [
            {"config": "DAPI", "exposure": 20},
            {"config": "FITC", "exposure": 50},
        ],
        "time_plan": {"interval": 300, "loops": 10},
    },
    "judge": {"kind": "classical", "channel": "DAPI"},
    "decide": {"policy": "watch", "confirm": [2, 3]},
    "reaction": {"interval_s": 60, "duration_s": 1200},
    "autofocus": {"channel": "DAPI", "exposure_ms": 10},
    "budget": {"dose_per_fov_j_cm2": 2.0},
}

MICROSCOPE: dict[str, Any] = {
    "name": "demo",
    "mm_config": "MMConfig_demo.cfg",
    "channels": {
        "DAPI": {"irradiance_w_cm2": {"10X": 0.01, "20X": 0.04}, "max_exposure_ms": 500},
        "FITC": {"irradiance_w_cm2": 0.02, "max_exposure_ms": 1000},
    },
    "stage": {
        "x_um": [-60000, 60000],
        "y_um": [-40000, 40000],
        "z_um": [-200, 200],
        "toward_sample": "increasing",
    },
    "objectives": {"items": {"10X": {"z_um": [-200, 200]}, "20X": {"z_um": [-150, 150]}}},
}


def changed(data: dict[str, Any], *changes: tuple[str, Any]) -> dict[str, Any]:
    """A copy with values replaced (or GONE) at dotted keys: ``baseline.channels.0.exposure``."""
    result = copy.deepcopy(data)
    for key, value in changes:
        *way, last = key.split(".")
        place: Any = result
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value
    return result


def plan_file(folder: Path, *changes: tuple[str, Any]) -> Path:
    """The plan, changed, as a file."""
    return _write(folder / "plan.yaml", changed(PLAN, *changes))


def microscope_file(folder: Path, *changes: tuple[str, Any]) -> Path:
    """The microscope, changed, as a file."""
    return _write(folder / "scope.yaml", changed(MICROSCOPE, *changes))


def loaded_plan(folder: Path, *changes: tuple[str, Any]) -> LoadedPlan:
    """The plan, changed, written and loaded."""
    return load_plan(plan_file(folder, *changes))


def loaded_microscope(folder: Path, *changes: tuple[str, Any]) -> LoadedMicroscope:
    """The microscope, changed, written and loaded."""
    return load_microscope(microscope_file(folder, *changes))


def _write(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(data, sort_keys=False, default_flow_style=None))
    return path


FACTS = InstrumentFacts(
    mm_config=Path("MMConfig_demo.cfg"),
    presets={"Channel": ("DAPI", "FITC", "Cy5"), "Objective": ("10X", "20X")},
    devices=frozenset({"Camera", "XY", "Z", "Shutter"}),
    objective="10X",
    frame=FrameSize(512, 512, 2),
    pixel_sizes_um={"10X": 1.0, "20X": 0.5},
)


def findings(
    *changes: tuple[str, Any],
    microscope: tuple[tuple[str, Any], ...] = (),
    facts: InstrumentFacts | None = FACTS,
) -> list[Finding]:
    """What `check` says of the plan and the microscope, changed."""
    plan = Plan.model_validate(changed(PLAN, *changes))
    config = MicroscopeConfig.model_validate(changed(MICROSCOPE, *microscope))
    return check(plan, config, facts=facts, where=Where("plan.yaml", "scope.yaml"))
