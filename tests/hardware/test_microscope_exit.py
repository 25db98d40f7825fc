"""The interpreter ends with the program's own exit code, devices loaded or not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REAL = """
from hardware.microscope import load_core, unload
from hardware.mmconfig import find
core = load_core(find("MMConfig_demo.cfg", beside=None))
for i in range(100):  # events enough to be on their way when the interpreter ends
    core.setProperty("Camera", "Gain", i % 3)
    core.setConfig("Channel", ["DAPI", "FITC"][i % 2])
"""
SIM = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from hardware.microscope import unload
from rig import light, sim_rig
rig = sim_rig(side=64)
core = rig.core
rig.microscope.set_channel("DAPI")
rig.microscope.snap(light())
list(rig.microscope.snap_stack([light(), light()], [0.0, 1.0]))
"""
HANGING = """
import threading, time
from hardware.microscope import loading
loading.UNLOAD_S = 0.2
core.setExposure(5000)
threading.Thread(target=core.snapImage, daemon=True).start()
time.sleep(0.2)
"""


def exit_code(program: str) -> tuple[int, str]:
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=env,
        timeout=60,
    )
    return run.returncode, run.stderr


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (REAL + "unload(core)", 0),
        (REAL + "unload(core); unload(core); del core", 0),
        (REAL, 0),  # unload forgotten: three times, it was a matter of chance
        (REAL, 0),
        (REAL, 0),
        (REAL + "raise SystemExit(3)", 3),
        (REAL + HANGING + "unload(core)", 0),
        (SIM + "unload(core)", 0),
        (SIM + "rig.close()", 0),
        (SIM, 0),
    ],
)
def test_exit_code_is_the_programs_own(program: str, code: int) -> None:
    found, stderr = exit_code(program)
    assert found == code, stderr
    assert "FATAL" not in stderr
    assert code or not stderr


def test_a_configuration_that_does_not_load_is_one_line_and_a_clean_end() -> None:
    program = f"""
from pathlib import Path
from hardware.microscope import load_core
load_core(Path({str(HERE / "nowhere.cfg")!r}))
"""
    found, stderr = exit_code(program)
    assert found == 1
    last = stderr.strip().splitlines()[-1]
    assert last.startswith("hardware.fault.InstrumentFault: ")
    assert "nowhere.cfg" in last
