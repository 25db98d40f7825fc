"""Wells, marked positions, plates and grids in words: everything that says where."""

from __future__ import annotations

from agent.planner.reading.grids import Grid, grid
from agent.planner.reading.numbered import Numbered, Said, numbered
from agent.planner.reading.plates import SHAPES, Plate, plate
from agent.planner.reading.wells import wells
from agent.planner.reading.wellset import Block, NoSuchWells, Wells

__all__ = [
    "SHAPES",
    "Block",
    "Grid",
    "NoSuchWells",
    "Numbered",
    "Plate",
    "Said",
    "Wells",
    "grid",
    "numbered",
    "plate",
    "wells",
]
