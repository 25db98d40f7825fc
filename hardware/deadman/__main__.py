"""`python -m hardware.deadman`."""

from hardware.deadman.main import run

run()
