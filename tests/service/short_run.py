"""A short finished run, really made by a rehearsal: for the stand-in service and its doors."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

import yaml

from agent.commands.rehearse import rehearse
from sim.load import load_scenario

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "<script>alert('goal')</script>"  # in the goal: must come out as text everywhere

PLAN: dict[str, Any] = {
    "goal": f"Watch two fields for a while {HOSTILE}",
    "microscope": "demo",
    "baseline": {
        "axis_order": "tpcz",
        "stage_positions": [
            {"name": "A1", "x": 0, "y": 0, "z": 0},
            {"name": "A2", "x": 600, "y": 0, "z": 0},
        ],
        "channels": [
            {"group": "Channel", "config": "DAPI", "exposure": 20},
            {"group": "Channel", "config": "FITC", "exposure": 20},
        ],
        "time_plan": {"interval": 60, "loops": 5},
    },
    "judge": {"kind": "classical", "channel": "DAPI"},
    "decide": {
        "policy": "watch",
        "target": "mitosis",
        "confirm": [1, 1],
        "release": [1, 1],
        "enter": 0.0005,  # any verdict will do: there shall be a burst
        "leave": 0.0001,
        "confirm_after_s": 5,
        "min_dwell_s": 0,
        "rearm_after_s": 30,
        "max_concurrent": 1,
    },
    "reaction": {"interval_s": 15, "duration_s": 60},
    "budget": {"dose_per_fov_j_cm2": 1.0},
}


def make_run(folder: Path, *, side_px: int = 128) -> Path:
    """Rehearse `PLAN` with a camera of `side_px` pixels; the run's directory, report included."""
    scenario = load_scenario("mitosis_night").model_dump(mode="json")
    scenario["camera"] |= {"height": side_px, "width": side_px}
    (folder / "small.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    (folder / "short.yaml").write_text(yaml.safe_dump(PLAN, sort_keys=False), encoding="utf-8")
    out = folder / "run"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = rehearse(
            str(folder / "short.yaml"), str(folder / "small.yaml"), 3, None, out, json=True
        )
    assert code == 0, "the short run did not complete"
    return out
