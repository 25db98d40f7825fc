"""Faults that come from outside of the microscope: people, the computer, the model, processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import measure, run_with_fault
from agent.bench.faults_computer import COMPUTER
from agent.bench.faults_data import Mark, When
from agent.bench.faults_processes import PROCESSES
from agent.bench.faults_rig import plan
from agent.bench.faults_rows import measured

if TYPE_CHECKING:
    from agent.bench.faults_data import Cell, Row
    from agent.bench.faults_rig import Rig

TRIALS = COMPUTER + PROCESSES
_BY_NAME = {row.name: trial for row, trial in TRIALS}


def measure_outside(context: Any, row: Row, when: When) -> Cell:
    """A fault from outside."""
    trial = _BY_NAME[row.name]

    def faults(from_s: float, to_s: float) -> list[dict[str, Any]]:
        if not trial.hangs:
            return []
        return [{"kind": "camera_hangs", "from_s": from_s, "to_s": to_s}]

    def mend(rig: Rig) -> None:
        for job in rig.at_mending:
            job()
        trial.mend(rig)

    def work(cell: Cell, rig: Rig) -> Cell:
        try:
            outside = trial.outside(rig, when)
            struck = run_with_fault(rig, when, faults, outside)
        finally:
            for job in rig.at_mending:
                job()
        over = when is When.IDLE and outside.undo is not None  # before anything met it
        measure(cell, rig, struck, row.word, quiet=trial.quiet or over, mend=mend)
        if trial.alone:
            cell.message = Mark.NONE
        trial.after(cell, rig)
        return cell

    return measured(context, row, when, plan() | trial.plan, work)
