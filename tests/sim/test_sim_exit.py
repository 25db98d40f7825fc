"""The interpreter ends cleanly after a rehearsal, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
START = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from sim_kit import demo, scenario
from sim.scope import open_scope
scope = open_scope(demo(), scenario(side=64), 17)
core = scope.core
core.snapImage()
core.startSequenceAcquisition(3, 0, True)
"""


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("scope.shutdown()", 0),
        ("scope.shutdown(); scope.shutdown()", 0),
        ("del core; scope.shutdown(); del scope", 0),
        ("", 0),  # shutdown forgotten
        ("raise SystemExit(3)", 3),
    ],
)
def test_exit_code_is_the_programs_own(end: str, code: int) -> None:
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    run = subprocess.run(
        [sys.executable, "-c", START + end], capture_output=True, text=True, check=False, env=env
    )
    assert run.returncode == code, run.stderr
