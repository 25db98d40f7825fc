"""`microscout bench faults`: every fault in every state of a run, and what became of the run.

Each cell is a run of its own in a process of its own, with a lamp in another one. Nothing in the
table is assumed: what was not measured says why.
"""

from __future__ import annotations

import dataclasses
import json as jsonlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from agent.bench.faults_data import CHECKS, Cell, Mark, Row, When
from agent.bench.machine import machine
from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Measure = Callable[[Any, Row, When], Cell]

AT_ONCE = 6  # most of a cell's time is waiting


def catalogue() -> dict[str, tuple[Row, Measure]]:
    """Every fault by its name, and what measures it."""
    from agent.bench.faults_outside import TRIALS, measure_outside
    from agent.bench.faults_rows import DEVICES, measure_device
    from agent.bench.faults_service import SERVICE, measure_service

    found: dict[str, tuple[Row, Measure]] = {row.name: (row, measure_device) for row in DEVICES}
    found |= {row.name: (row, measure_outside) for row, _ in TRIALS}
    return found | {row.name: (row, measure_service) for row in SERVICE}


def chosen(only: str | None) -> dict[str, tuple[Row, Measure]]:
    """Faults whose name is, or begins with, one of the comma-separated names; all where None."""
    every = catalogue()
    if only is None:
        return every
    names = [name.strip() for name in only.split(",") if name.strip()]
    found = {n: row for n, row in every.items() if any(n.startswith(name) for name in names)}
    if not found:
        known = ", ".join(every)
        raise config_error("--only", f"no fault is called {only!r}", f"one of: {known}")
    return found


def measure_all(
    rows: Mapping[str, tuple[Row, Measure]],
    states: Iterable[When] = tuple(When),
    at_once: int = AT_ONCE,
    done: Callable[[Cell], None] = lambda _: None,
) -> list[Cell]:
    """Every cell, in the order of the table."""
    from agent.bench.faults_runner import context
    from agent.bench.faults_service import SERVICE

    made = context(services=any(row.name in rows for row in SERVICE))
    states = tuple(states)

    def one(job: tuple[Row, Measure, When]) -> Cell:
        row, measure, when = job
        if when in row.skip:
            return Cell(row.name, when, reason=row.skip[when])
        began = time.monotonic()
        try:
            cell = measure(made, row, when)
        except Exception as error:  # the bench itself failed; the table says so
            text = f"{type(error).__name__}: {error}"
            cell = Cell(row.name, when, truth=Mark.NO, became="not measured", note=text[:300])
        cell.took_s = round(time.monotonic() - began, 1)
        done(cell)
        return cell

    jobs = [(row, measure, when) for row, measure in rows.values() for when in states]
    with ThreadPoolExecutor(at_once) as pool:
        # the longest first, so that none of them is waited for alone at the end
        under_way = {
            (job[0].name, job[2]): pool.submit(one, job)
            for job in sorted(jobs, key=lambda job: not job[0].long)
        }
        return [under_way[row.name, when].result() for row, _, when in jobs]


def as_json(
    rows: Mapping[str, tuple[Row, Measure]], cells: list[Cell], took_s: float, at_once: int
) -> dict[str, Any]:
    """What `--json` prints; `agent.bench.faults_page` makes docs/faults.md of it."""
    measured = [cell for cell in cells if not cell.reason]
    return {
        "machine": machine(),
        "took_s": round(took_s),
        "at_once": at_once,
        "faults": len(rows),
        "cells": len(cells),
        "measured": len(measured),
        "good": sum(cell.good for cell in measured),
        "checks": {
            check: {
                mark.value: sum(getattr(cell, check) is mark for cell in measured) for mark in Mark
            }
            for check in CHECKS
        },
        "rows": [
            dataclasses.asdict(row) | {"cells": [_cell(c) for c in cells if c.fault == row.name]}
            for row, _ in rows.values()
        ],
    }


def unexpected(rows: Mapping[str, tuple[Row, Measure]], cells: list[Cell]) -> list[Cell]:
    """Cells that are not as they should be, in rows for which no limit is known."""
    return [cell for cell in cells if not cell.good and not rows[cell.fault][0].limit]


def bench_faults(only: str | None, at_once: int, *, json: bool) -> int:
    """Print the table; exit code 1 where a cell is not as it should be and no limit is known."""
    rows = chosen(only)
    began = time.monotonic()
    cells = measure_all(rows, at_once=at_once, done=lambda _: None if json else _say(_))
    took_s = time.monotonic() - began
    result = as_json(rows, cells, took_s, at_once)
    if json:
        print(jsonlib.dumps(result))
    else:
        good, n = result["good"], result["measured"]
        print(f"{good} of {n} cells as they should be; {took_s:.0f} s")
    return 1 if unexpected(rows, cells) else 0


def _say(cell: Cell) -> None:
    text = "as it should be" if cell.good else f"NOT as it should be: {', '.join(cell.wrong)}"
    note = f" ({cell.note.strip()})" if cell.note else ""
    print(f"{cell.fault}, {cell.when}: {cell.became}; {text}{note}", flush=True)


def _cell(cell: Cell) -> dict[str, Any]:
    return dataclasses.asdict(cell) | {"good": cell.good}
