"""The sample: a pure function of seed, time and the light received, built where it is looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.cells import END, METAPHASE, PROPHASE, Phase, Table, phases, present
from sim.fate import daughters, irradiate
from sim.motion import REACH, walk_um
from sim.tiles import seed_tile, tiles_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hardware.data import Exposure
    from sim.cells import Rows
    from sim.hashing import Reals
    from sim.scenario import Scenario

_EDGE_UM = 45.0  # half a large cell, and how far a dividing one moves
_PARTING_S = 3600.0
_SNAP_UM = 16.0
_SPILL_UM = 10.0  # the field diaphragm is a little wider than the camera


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in the sample (um)."""

    x0: float
    y0: float
    x1: float
    y1: float

    @staticmethod
    def around(x: float, y: float, width: float, height: float) -> Rect:
        """The rectangle with this centre."""
        return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)

    def grown(self, by: float) -> Rect:
        """The same with `by` more on every side."""
        return Rect(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def snapped(self, to: float) -> Rect:
        """The next larger rectangle on a grid."""
        return Rect(
            math.floor(self.x0 / to) * to,
            math.floor(self.y0 / to) * to,
            math.ceil(self.x1 / to) * to,
            math.ceil(self.y1 / to) * to,
        )

    def holds(self, x: Reals, y: Reals) -> NDArray[np.bool_]:
        """Which points lie inside."""
        return (self.x0 <= x) & (x < self.x1) & (self.y0 <= y) & (y < self.y1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a rectangle at one moment, ordered by key: every array is (n, ...).

    `progress` is how far the cell is in its phase of mitosis, 0 to 1; for interphase and dead
    cells the time since birth or death in hours.
    """

    rows: Rows
    x: Reals
    y: Reals
    phase: NDArray[np.int64]
    progress: Reals


class World:
    """The sample. `field_um` is (width, height) of the camera's field for each objective preset.

    Time may not run backwards between exposures; looking never changes anything.
    """

    def __init__(self, scenario: Scenario, seed: int, field_um: Mapping[str, tuple[float, float]]):
        self._scenario = scenario
        self._seed = seed
        self._field_um = dict(field_um)
        self._table = Table()
        self._tiles: set[tuple[int, int]] = set()
        self._regions: dict[Rect, NDArray[np.int64]] = {}
        self._next_division = math.inf
        self._reach = REACH * scenario.specimen.motility_um_per_h

    @property
    def scenario(self) -> Scenario:
        """What the world was made from."""
        return self._scenario

    def field_um(self, objective: str) -> tuple[float, float]:
        """(width, height) of the camera's field with this objective preset."""
        return self._field_um[objective]

    def look(self, rect: Rect, time_s: float) -> Seen:
        """Cells and debris in or near `rect` (a cell's width around it) at `time_s`."""
        near = self._near(rect, time_s)
        rows = self._table.rows[near]
        rows = rows[present(rows, time_s)]
        x, y = self._places(rows, time_s)
        here = rect.grown(_EDGE_UM).holds(x, y)
        rows, x, y = rows[here], x[here], y[here]
        phase = phases(rows, time_s)
        return Seen(rows, x, y, phase, _progress(rows, phase, time_s))

    def receive(self, exposure: Exposure) -> None:
        """Let one exposure act on the cells: damage and bleaching."""
        stain = self._scenario.stain(exposure.channel)
        irradiance = exposure.irradiance_w_cm2 or stain.irradiance_w_cm2
        dose = irradiance * exposure.seconds
        time_s = round(exposure.time_s * 1e6) / 1e6
        if exposure.objective not in self._field_um:
            return
        width, height = self._field_um[exposure.objective]
        rect = Rect.around(exposure.x_um, exposure.y_um, width, height).grown(_SPILL_UM)
        near = self._near(rect, time_s)
        rows = self._table.rows[near]
        x, y = self._places(rows, time_s)
        lit = rect.holds(x, y) & present(rows, time_s) & ~rows["debris"]
        if not lit.any():
            return
        irradiate(rows, lit, dose * stain.toxicity, time_s, self._scenario.damage)
        if stain.shows != "transmitted":
            rows[stain.shows][lit] += dose
        self._table.rows[near] = rows

    def mitoses(self, rect: Rect, until_s: float) -> Rows:
        """Every cell with its home near `rect` that divides (or starts to) before `until_s`."""
        near = self._near(rect, until_s)
        rows = self._table.rows[near]
        starts = rows["starts"]
        return rows[(starts[:, PROPHASE] < until_s) & (starts[:, METAPHASE] < rows["death"])]

    def place(self, rows: Rows, time_s: float) -> tuple[Reals, Reals]:
        """Where the centres of these cells are at `time_s` (um)."""
        return self._places(rows, time_s)

    def _places(self, rows: Rows, time_s: float) -> tuple[Reals, Reals]:
        dx, dy = self._walk(rows, time_s)
        still = rows["debris"]
        parted = 1 - np.exp(np.minimum(rows["born"] - time_s, 0.0) / _PARTING_S)
        x = rows["x"] + rows["px"] * parted + np.where(still, 0.0, dx - rows["wx"])
        y = rows["y"] + rows["py"] * parted + np.where(still, 0.0, dy - rows["wy"])
        return x, y

    def _walk(self, rows: Rows, time_s: float) -> tuple[Reals, Reals]:
        motility = self._scenario.specimen.motility_um_per_h
        return walk_um(rows["key"], rows["x"], rows["y"], time_s, motility)

    def _near(self, rect: Rect, time_s: float) -> NDArray[np.int64]:
        """Indices of the rows that may be in or near `rect`, in order of their keys."""
        wide = rect.grown(_EDGE_UM + 2 * self._reach)
        self._fill(wide)
        self._divide(time_s)
        wide = wide.snapped(_SNAP_UM)
        known = self._regions.get(wide)
        if known is None:
            rows = self._table.rows
            known = np.flatnonzero(wide.holds(rows["x"], rows["y"]))
            known = known[np.argsort(rows["key"][known])]
            if len(self._regions) >= 256:
                self._regions.clear()
            self._regions[wide] = known
        return known

    def _fill(self, rect: Rect) -> None:
        for tile in tiles_over(rect.x0, rect.y0, rect.x1, rect.y1):
            if tile not in self._tiles:
                self._tiles.add(tile)
                self._add(seed_tile(self._scenario, self._seed, *tile))

    def _add(self, rows: Rows) -> None:
        if len(rows):
            self._table.add(rows)
            self._regions.clear()
            self._next_division = min(self._next_division, float(rows["starts"][:, END].min()))

    def _divide(self, time_s: float) -> None:
        """Put daughters in place of every cell whose telophase has ended."""
        while self._next_division <= time_s:
            rows = self._table.rows
            open_ = ~rows["divided"] & (rows["death"] > rows["starts"][:, END])
            due = np.flatnonzero(open_ & (rows["starts"][:, END] <= time_s))
            for index in due:
                self._split(int(index))
            rows = self._table.rows
            open_ = ~rows["divided"] & (rows["death"] > rows["starts"][:, END])
            ends = rows["starts"][:, END][open_]
            self._next_division = float(ends.min()) if len(ends) else math.inf

    def _split(self, index: int) -> None:
        rows = self._table.rows
        rows["divided"][index] = True
        mother = rows[index : index + 1]
        end = float(mother["starts"][0, END])
        x, y = self._places(mother, end)
        both = daughters(mother, float(x[0]), float(y[0]), self._scenario)
        both["wx"], both["wy"] = self._walk(both, end)
        self._add(both)


def _progress(rows: Rows, phase: NDArray[np.int64], time_s: float) -> Reals:
    dead = phase == Phase.DEAD
    mitotic = (phase >= Phase.PROPHASE) & (phase <= Phase.TELOPHASE)
    progress = (time_s - rows["born"]) / 3600.0
    progress[dead] = (time_s - rows["death"][dead]) / 3600.0
    index = np.flatnonzero(mitotic)
    start = rows["starts"][index, phase[index] - 1]
    stop = rows["starts"][index, phase[index]]
    progress[index] = (time_s - start) / (stop - start)
    return progress
