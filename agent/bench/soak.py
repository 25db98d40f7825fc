"""`microscout bench soak`: memory over tens of thousands of visits in one run."""

from __future__ import annotations

import gc
import json as jsonlib
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from agent.bench.machine import machine
from agent.bench.plans import busy_plan
from agent.load import load_microscope
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.session import Session
from sim.load import load_scenario
from sim.scope import open_scope

FIELDS = 20
INTERVAL_S = 60.0
WARM_UP = 0.1  # share of the visits after which memory is first looked at
CAMERA_PX = 64  # small frames: what grows with visits shows, what grows with pixels does not


class _Memory(Quiet):
    """Notes resident memory (MiB) every few hundred visits."""

    def __init__(self, visits: int) -> None:
        self.samples: list[tuple[int, float]] = []
        self._every = max(1, visits // 100)
        self._seen = 0
        self._process = psutil.Process()

    def visit_finished(self, *_: Any) -> None:
        """Called by the pump after each visit."""
        self._seen += 1
        if self._seen % self._every == 0:
            gc.collect()
            self.samples.append((self._seen, self._process.memory_info().rss / 2**20))


def bench_soak(visits: int, *, json: bool) -> int:
    """Print first and last memory and the growth; exit code 0 when it is under 5 %."""
    microscope = load_microscope("demo")
    scenario = load_scenario("empty")
    small = scenario.camera.model_copy(update={"height": CAMERA_PX, "width": CAMERA_PX})
    scenario = scenario.model_copy(update={"camera": small})
    plan = busy_plan(
        fields=FIELDS, rounds=max(1, visits // FIELDS), interval_s=INTERVAL_S, watch=True
    )
    memory = _Memory(visits)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scope = open_scope(microscope.config, scenario, seed=1)
        session = Session(
            RunDir(Path(folder)), plan, microscope.config, scope, memory, durable=False
        )
        session.begin()
        ending = session.run()
        session.close()
    first = next(mib for n, mib in memory.samples if n >= WARM_UP * visits)
    last = memory.samples[-1][1]
    growth = last / first - 1
    result = {
        "machine": machine(),
        "outcome": str(ending.outcome),
        "visits": FIELDS * max(1, visits // FIELDS),
        "wall_s": round(time.perf_counter() - started, 1),
        "mib_after_warm_up": round(first, 1),
        "mib_at_the_end": round(last, 1),
        "mib_highest": round(max(mib for _, mib in memory.samples), 1),
        "growth": round(growth, 4),
    }
    print(jsonlib.dumps(result) if json else jsonlib.dumps(result, indent=2))
    return 0 if growth < 0.05 and ending.error is None else 1
