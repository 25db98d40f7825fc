"""Recorded images as a microscope. `open_replay` is in `sim.replay.scope` (it loads devices)."""

from sim.replay.catalogue import Catalogue, scan
from sim.replay.errors import ReplayError

__all__ = ["Catalogue", "ReplayError", "scan"]
