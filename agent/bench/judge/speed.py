"""How long a verdict takes, in a process of its own: the first one, and those that follow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.worker.environment import environment, spare_threads
from sim.variety import Variety

if TYPE_CHECKING:
    from agent.bench.judge.bench import Bench

SIDE_PX, VERDICTS, FRAMES = 512, 60, 4
TIMEOUT_S = 900.0
TYPICAL = Variety(
    height=SIDE_PX,
    width=SIDE_PX,
    objectives=(("20X", 1.0),),
    channels=(("DAPI", 1.0),),
    bubble=0.0,
    sharp=1.0,
    signal_e=(200.0, 1000.0),
)


def run(bench: Bench) -> dict[str, Any]:
    """What `agent.bench.judge.stopwatch` prints of simulated 512 x 512 frames."""
    from sim.study import study_pictures

    with tempfile.TemporaryDirectory() as folder:
        pictures = list(study_pictures(bench.seed + 50, FRAMES, variety=TYPICAL))
        frames = Path(folder) / "frames.npz"
        um = pictures[0].pixel_um
        np.savez(frames, frames=np.stack([p.pixels for p in pictures]), um=um)
        weights = "" if bench.weights is None else str(bench.weights)
        verdicts = str(bench.count(VERDICTS))
        command = (sys.executable, "-m", "agent.bench.judge.stopwatch")
        started = time.time()
        done = subprocess.run(
            [*command, str(started), str(frames), weights, verdicts],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env=environment(spare_threads(), os.environ),  # as the model has it in a run
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise RuntimeError(f"the speed measurement ended with {done.returncode}: {last}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {"frame_px": SIDE_PX, **found}
