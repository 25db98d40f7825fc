"""A gate to test: a small microscope, a clock by hand, and everything the gate refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hardware.data import Exposure, MicroscopeConfig, Purpose, Refusal
from hardware.gate import Gate, LightBudget
from hardware.ledger import DoseLedger, MemoryBook

SCOPE: dict[str, Any] = {
    "name": "bench",
    "mm_config": "bench.cfg",
    "channels": {
        "DAPI": {"irradiance_w_cm2": {"10X": 0.25, "20X": 1.0}, "max_exposure_ms": 500},
        "Lamp": {"max_exposure_ms": 1000},
        "Laser": {"irradiance_w_cm2": 50_000.0, "max_exposure_ms": 100},
        "Slow": {"irradiance_w_cm2": 0.001, "max_exposure_ms": 1_000_000},
    },
    "stage": {
        "x_um": [-60_000, 60_000],
        "y_um": [-40_000, 40_000],
        "z_um": [-200, 200],
        "toward_sample": "increasing",
        "max_step_toward_sample_um": 20,
    },
    "objectives": {
        "retract_z_um": -150,
        "items": {"10X": {"z_um": [-200, 200]}, "20X": {"z_um": [-100, 150]}},
    },
}


def scope(**changes: Any) -> MicroscopeConfig:
    """The bench microscope; `stage={...}` and `objectives={...}` change single keys."""
    data = {**SCOPE, **{k: v for k, v in changes.items() if k not in ("stage", "objectives")}}
    for section in ("stage", "objectives"):
        data[section] = {**SCOPE[section], **changes.get(section, {})}
    return MicroscopeConfig.model_validate(data)


def shot(
    channel: str = "DAPI",
    exposure_ms: Any = 100.0,
    fov: str = "A1",
    objective: str = "10X",
    **k: Any,
) -> Exposure:
    """An exposure as the microscope would announce it."""
    known = channel in SCOPE["channels"]
    fields: dict[str, Any] = {
        "visit_id": 1,
        "index": 0,
        "purpose": Purpose.VISIT,
        "irradiance_w_cm2": scope().irradiance_w_cm2(channel, objective) if known else None,
        "time_s": 0.0,
        "x_um": 0.0,
        "y_um": 0.0,
        "z_um": 0.0,
    }
    fields.update(channel=channel, exposure_ms=exposure_ms, fov=fov, objective=objective, **k)
    return Exposure(**fields)


@dataclass
class Bench:
    """A gate with its ledger, its clock (`time_s`) and what it refused."""

    config: MicroscopeConfig = field(default_factory=scope)
    budget: LightBudget = field(default_factory=LightBudget)
    book: MemoryBook = field(default_factory=MemoryBook)
    allowed_properties: tuple[tuple[str, str], ...] = ()
    time_s: float = 0.0
    refused: list[Refusal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = DoseLedger(self.book)
        self.gate = Gate(
            self.config,
            self.ledger,
            self.budget,
            now=lambda: self.time_s,
            on_refusal=self.refused.append,
            allowed_properties=self.allowed_properties,
        )
