"""Physical limits below the editable ones. No YAML, command line or model can widen them.

They are no substitute for the limits of a microscope's YAML, which are narrower: they stop what no
light microscope does on purpose (a unit mistaken for another, a number that ran away).
"""

from __future__ import annotations

from typing import Final

MAX_ABS_XY_UM: Final = 200_000.0
"""Largest |x| and |y|, um: 20 cm; stage inserts for multi-well plates are 16 cm long."""

MAX_ABS_Z_UM: Final = 25_000.0
"""Largest |z|, um: 25 mm; focus drives of inverted stands travel about 10 mm."""

MAX_EXPOSURE_MS: Final = 60_000.0
"""Longest single exposure, ms: one minute; longer light is a shutter that was left open."""

MAX_EXPOSURE_J_CM2: Final = 100.0
"""Largest irradiance x time of one exposure, J/cm^2: live cells suffer from a few J/cm^2 of blue
light on (Wäldchen et al., Scientific Reports 5, 15348, 2015)."""

MAX_MOVES_PER_S: Final = 100.0
"""Most stage moves in any one second: a loop that ran away, not an experiment."""
