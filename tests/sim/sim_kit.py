"""A small, quick simulated microscope, and the journal's side of its light."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from hardware.data import Exposure, FieldOfView, MicroscopeConfig, Purpose
from sim.load import load_scenario
from sim.scenario import Scenario
from sim.world import Rect

if TYPE_CHECKING:
    from sim.scope import SimulatedScope

NINE = tuple(
    FieldOfView(f"{'ABC'[n // 3]}{n % 3 + 1}", 600.0 * (n % 3), 600.0 * (n // 3), 0.0)
    for n in range(9)
)  # the fields of configs/experiments/mitosis_watch.yaml


def demo() -> MicroscopeConfig:
    """The shipped demo microscope."""
    text = (files("configs") / "microscopes" / "demo.yaml").read_text(encoding="utf-8")
    return MicroscopeConfig.model_validate(yaml.safe_load(text))


def scenario(name: str = "mitosis_night", *, side: int = 512, **changes: Any) -> Scenario:
    """A shipped scenario with a camera of `side` pixels; `changes` are merged into sections."""
    content = load_scenario(name).model_dump()
    content["camera"] |= {"height": side, "width": side}
    for key, value in changes.items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    return Scenario.model_validate(content)


def exposure(time_s: float, **changes: Any) -> Exposure:
    """20 ms of DAPI light at (0, 0), as the journal has it."""
    values: dict[str, Any] = {
        "visit_id": 1,
        "index": 0,
        "purpose": Purpose.VISIT,
        "fov": "A1",
        "channel": "DAPI",
        "exposure_ms": 20.0,
        "irradiance_w_cm2": 0.04,
        "time_s": time_s,
        "x_um": 0.0,
        "y_um": 0.0,
        "z_um": 0.0,
        "objective": "20X",
    }
    return Exposure(**(values | changes))


def most_dose(scope: SimulatedScope) -> float:
    """The highest toxic dose (J/cm^2, as DAPI light) of any cell round (0, 0)."""
    seen = scope.world.look(Rect.around(0, 0, 64, 64), scope.clock.now())
    assert len(seen.rows)
    return float(seen.rows["toxic"].max())
