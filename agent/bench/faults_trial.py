"""How a fault that comes from outside of the microscope is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import NOTHING, Outside
from agent.bench.faults_rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.bench.faults_data import Cell, Row, When

    Trials = tuple[tuple[Row, "Trial"], ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a row is measured.

    Attributes
    ----------
    outside : in this rig; made anew for each cell.
    hangs : the camera hangs with the light on, so that the fault meets it there.
    quiet : it need not be noticed.
    alone : there is no service that could tell anybody; the next one does (`service_killed`).
    mend : before the run is resumed.
    plan : changes of the plan.
    after : a last look.
    """

    outside: Callable[[Rig, When], Outside] = lambda *_: NOTHING
    hangs: bool = False
    quiet: bool = False
    alone: bool = False
    mend: Callable[[Rig], None] = Rig.repair
    plan: dict[str, Any] = field(default_factory=dict)
    after: Callable[[Cell, Rig], None] = lambda *_: None
