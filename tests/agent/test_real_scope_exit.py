"""After a run on real device adapters the interpreter ends with the program's own exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from pathlib import Path
from agent.bench.plans import busy_plan
from agent.load import load_microscope
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.scope import RealScope
from agent.session import Session
from hardware.mmconfig import find
config = load_microscope("demo").config
scope = RealScope(find(config.mm_config, beside=None))
core = scope.core  # somebody still holds on to it
plan = busy_plan(fields=2, rounds=2, interval_s=0.1)
session = Session(RunDir(Path(sys.argv[1])), plan, config, scope, Quiet(), durable=False)
session.begin()
print(session.run().outcome)
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [("session.close()", 0), ("session.close(); scope.shutdown()", 0), ("sys.exit(3)", 3)],
    ids=["closed", "twice", "left open"],
)
def test_a_run_on_real_adapters_ends_cleanly(tmp_path: Path, end: str, code: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", RUN + end, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=120,
    )
    assert run.returncode == code, run.stderr
    assert run.stdout.split() == ["complete"]
    assert "FATAL" not in run.stderr
