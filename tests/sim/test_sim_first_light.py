"""The first exposure is as short as any other: a dead-man waits for none."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from agent.load import load_microscope
from sim.load import load_scenario
from sim.scope import open_scope
scope = open_scope(load_microscope("demo").config, load_scenario("mitosis_night"), 1)
scope.core.setConfig("Channel", "DAPI")
before = set(sys.modules)
scope.core.snapImage()
print(sorted(set(sys.modules) - before))
scope.shutdown()
"""


def test_nothing_is_imported_while_the_first_light_is_on() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=120
    )
    assert said.stdout.strip() == "[]"
