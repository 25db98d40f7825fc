"""A microscope to test: real Micro-Manager demo devices or the simulated scope, and a log of what
was sent to them. Nothing in between is replaced."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import useq
import yaml

from hardware.clock import RealClock
from hardware.data import (
    Exposure,
    FieldOfView,
    MicroscopeConfig,
    Purpose,
    Refusal,
    Visit,
    VisitKind,
)
from hardware.gate import Gate, LightBudget
from hardware.ledger import DoseLedger, MemoryBook
from hardware.microscope import Light, Microscope, unload

if TYPE_CHECKING:
    from pymmcore_plus import CMMCorePlus

    from hardware.data import Clock
    from hardware.microscope.light_guard import LightGuard
    from sim.scope import SimulatedScope

COMMANDS = (
    "setXYPosition",
    "setZPosition",
    "setConfig",
    "setExposure",
    "setAutoShutter",
    "setShutterOpen",
    "snapImage",
    "loadStageSequence",
    "startSequenceAcquisition",
    "stopSequenceAcquisition",
)
SHUTTERS = {"White Light Shutter", "LED Shutter"}  # of the demo configuration


def config(**changes: Any) -> MicroscopeConfig:
    """The shipped demo microscope with short time-outs; `stage={...}` changes single keys."""
    text = (files("configs") / "microscopes" / "demo.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    content["timeouts"] = {"move_s": 2.0, "snap_s": 2.0}
    content["stage"]["max_moves_per_s"] = 1000.0
    for key, value in changes.items():
        old = content.get(key, {})
        content[key] = {**old, **value} if isinstance(value, dict) else value
    return MicroscopeConfig.model_validate(content)


def tap(core: CMMCorePlus, log: list[tuple[Any, ...]]) -> None:
    """Write every command that `core` is sent from now on into `log`, and send it all the same."""

    def tapped(name: str) -> None:
        send = getattr(core, name)

        @functools.wraps(send)
        def note(*args: Any) -> Any:
            log.append((name, *args))
            return send(*args)

        setattr(core, name, note)

    for name in COMMANDS:
        tapped(name)


class LoggingBook(MemoryBook):
    """A ledger's book that writes into the same log as the commands."""

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        super().__init__()
        self.log = log

    def write(self, exposure: Exposure) -> int:
        self.log.append(("ledger", exposure.index))
        return super().write(exposure)


@dataclass
class Rig:
    """A started microscope; `log` has what was sent since."""

    core: CMMCorePlus
    config: MicroscopeConfig
    clock: Clock
    budget: LightBudget = field(default_factory=LightBudget)
    log: list[tuple[Any, ...]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    scope: SimulatedScope | None = None
    guard: LightGuard | None = None

    def __post_init__(self) -> None:
        self.book = LoggingBook(self.log)
        self.ledger = DoseLedger(self.book)
        self.gate = Gate(
            self.config,
            self.ledger,
            self.budget,
            now=self.clock.now,
            on_refusal=self.refused.append,
        )
        self.microscope = Microscope(
            self.core, self.config, self.gate, self.ledger, self.clock, light_guard=self.guard
        )
        tap(self.core, self.log)

    def sent(self, *names: str) -> list[tuple[Any, ...]]:
        """Commands of these names, in order."""
        return [entry for entry in self.log if entry[0] in names]

    def close(self) -> None:
        self.microscope.close()
        if self.scope is not None:
            self.scope.shutdown()
        else:
            unload(self.core)


def real_core(kind: type[CMMCorePlus] | None = None) -> CMMCorePlus:
    """The stock demo configuration with a stage that is there at once."""
    from pymmcore_plus import CMMCorePlus

    core = (kind or CMMCorePlus)()
    core.loadSystemConfiguration()
    core.setProperty("XY", "Velocity", 100_000)
    core.setProperty("Camera", "PixelType", "16bit")
    return core


def real_rig(kind: type[CMMCorePlus] | None = None, *, start: bool = True, **changes: Any) -> Rig:
    """Micro-Manager's demo devices on the real clock."""
    budget = changes.pop("budget", LightBudget())
    rig = Rig(real_core(kind), config(**changes), RealClock(), budget)
    if start:
        rig.microscope.start()
        rig.log.clear()
    return rig


def sim_rig(name: str = "mitosis_night", *, side: int = 128, seed: int = 17, **changes: Any) -> Rig:
    """The simulated scope; `scenario={...}` is merged into the scenario's sections."""
    from sim.load import load_scenario
    from sim.scenario import Scenario
    from sim.scope import open_scope

    content = load_scenario(name).model_dump()
    content["camera"] |= {"height": side, "width": side}
    for key, value in changes.pop("scenario", {}).items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    budget, guard = changes.pop("budget", LightBudget()), changes.pop("guard", None)
    made = config(**changes)
    scope = open_scope(made, Scenario.model_validate(content), seed)
    rig = Rig(scope.core, made, scope.clock, budget, scope=scope, guard=guard)
    rig.microscope.start()
    rig.log.clear()
    return rig


def strike(rig: Rig, kind: str | None, count: int | None = None) -> None:
    """From now on the simulated scope has this fault and no other; None: it is repaired."""
    from sim.faults import Fault, Faults

    window = {"from_s": 0.0, "to_s": 1e6, "count": count}
    faults = [] if kind is None else [Fault.model_validate({"kind": kind, **window})]
    assert rig.scope is not None
    Faults.__init__(rig.scope._faults, faults, rig.scope.seed)


def light(channel: str = "DAPI", exposure_ms: Any = 20.0, **changes: Any) -> Light:
    """An exposure of visit 1 on A1."""
    values: dict[str, Any] = {
        "visit_id": 1,
        "index": 0,
        "purpose": Purpose.VISIT,
        "fov": "A1",
        "channel": channel,
        "exposure_ms": exposure_ms,
    }
    return Light(**(values | changes))


def visit(
    number: int = 1,
    *,
    name: str = "A1",
    x: float = 0.0,
    y: float = 0.0,
    z: float = 0.0,
    channels: tuple[str, ...] = ("DAPI", "FITC"),
    planes: tuple[float, ...] = (0.0,),
    exposure_ms: float = 20.0,
    **changes: Any,
) -> Visit:
    """A visit of channels x planes (um round z)."""
    events = tuple(
        useq.MDAEvent(
            index={"t": number - 1, "c": c, "z": i},
            x_pos=x,
            y_pos=y,
            z_pos=z + plane,
            channel={"group": "Channel", "config": channel},
            exposure=exposure_ms,
        )
        for c, channel in enumerate(channels)
        for i, plane in enumerate(planes)
    )
    values: dict[str, Any] = {
        "id": number,
        "fov": FieldOfView(name, x, y, z),
        "kind": VisitKind.BASELINE,
        "events": events,
        "due_s": 0.0,
        "t_index": number - 1,
    }
    return Visit(**(values | changes))
