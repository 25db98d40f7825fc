"""Seeding: the cells and the debris of one square of the sample, a function of seed and place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.cells import ROW
from sim.fate import HOUR, dress, natural_deaths, plan_divisions
from sim.hashing import key_of, uniform
from sim.scenario import Dish

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.cells import Rows
    from sim.hashing import Reals
    from sim.scenario import Plate, Scenario

TILE_UM = 256.0
_SITES = 7  # per side; a site holds one cell or none
_JITTER = 0.24  # of a site: nuclei of neighbours seldom touch
_PATCH_UM = 400.0  # size of dense and sparse regions


def seed_tile(scenario: Scenario, seed: int, i: int, j: int) -> Rows:
    """Cells and debris whose home is in tile (i, j), at the start of the run."""
    return np.concatenate([_cells(scenario, seed, i, j), _debris(scenario, seed, i, j)])


def _cells(scenario: Scenario, seed: int, i: int, j: int) -> Rows:
    specimen = scenario.specimen
    rng = np.random.Generator(np.random.Philox(key_of(seed, i, j, 1)))
    pitch = TILE_UM / _SITES
    site = np.stack(np.meshgrid(np.arange(_SITES), np.arange(_SITES)), axis=-1).reshape(-1, 2)
    place = (
        np.array([i, j]) * TILE_UM
        + (site + 0.5 + rng.uniform(-_JITTER, _JITTER, site.shape)) * pitch
    )
    share = specimen.density_per_mm2 * 1e-6 * pitch**2
    patchy = 1.0 + specimen.clumping * _patches(seed, place)
    taken = (rng.random(len(site)) < share * patchy) & inside(scenario.specimen.geometry, place)
    rows = np.zeros(int(taken.sum()), ROW)
    rows["key"] = rng.integers(1, 2**63, len(site), dtype=np.uint64)[taken]
    rows["x"], rows["y"] = place[taken].T
    dress(rows, scenario.damage)
    _fates(rows, scenario)
    return rows


def _fates(rows: Rows, scenario: Scenario) -> None:
    specimen = scenario.specimen
    keys = rows["key"]
    cycle = specimen.cycle_h * HOUR
    ends = cycle * uniform(keys, 20)
    rows["born"] = ends - cycle
    plan_divisions(rows, ends, specimen.mitosis)
    rows["starts"][uniform(keys, 21) >= specimen.cycling] = np.inf
    rows["death"] = natural_deaths(keys, np.zeros(len(rows)), specimen)
    rows["death"][uniform(keys, 22) < specimen.dead] = -HOUR


def _debris(scenario: Scenario, seed: int, i: int, j: int) -> Rows:
    rng = np.random.Generator(np.random.Philox(key_of(seed, i, j, 2)))
    count = rng.poisson(scenario.specimen.debris_per_mm2 * TILE_UM**2 * 1e-6)
    rows = np.zeros(count, ROW)
    place = (np.array([i, j]) + rng.random((count, 2))) * TILE_UM
    rows["key"] = rng.integers(1, 2**63, count, dtype=np.uint64)
    rows["x"], rows["y"] = place.T
    dress(rows, scenario.damage)
    rows["size"] = rng.uniform(0.5, 1.4, count)
    rows["bright"] = np.exp(rng.normal(0.3, 0.5, count))
    rows["born"] = -np.inf
    rows["starts"] = np.inf
    rows["death"] = np.inf
    rows["lethal"] = np.inf
    rows["debris"] = True
    return rows[inside(scenario.specimen.geometry, place)]


def _patches(seed: int, place: Reals) -> Reals:
    """Smooth noise in [-1, 1] over the sample, (n,)."""
    at = place / _PATCH_UM
    knot = np.floor(at)
    f = at - knot
    f = f * f * (3 - 2 * f)
    total = np.zeros(len(place))
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - f[:, 0]) * np.abs(1 - dy - f[:, 1])
            cell = (knot + np.array([dx, dy])).astype(np.int64).astype(np.uint64)
            keys = cell[:, 0] * np.uint64(0x9E3779B97F4A7C15) + cell[:, 1]
            total += weight * (2 * uniform(keys, key_of(seed, 3)) - 1)
    return total


def inside(geometry: Dish | Plate, place: Reals) -> NDArray[np.bool_]:
    """Which places (n, 2) in um lie on the bottom of the dish or of a well."""
    if isinstance(geometry, Dish):
        return np.asarray(np.hypot(*place.T) < geometry.diameter_mm * 500.0, np.bool_)
    pitch = geometry.pitch_mm * 1e3
    well = np.rint(place / pitch)
    known = (well >= 0).all(axis=1) & (well < (geometry.columns, geometry.rows)).all(axis=1)
    near = np.hypot(*(place - well * pitch).T) < geometry.well_diameter_mm * 500.0
    return np.asarray(known & near, np.bool_)


def tiles_over(x0: float, y0: float, x1: float, y1: float) -> list[tuple[int, int]]:
    """Tiles that overlap a rectangle (um)."""
    columns = range(math.floor(x0 / TILE_UM), math.floor(x1 / TILE_UM) + 1)
    rows = range(math.floor(y0 / TILE_UM), math.floor(y1 / TILE_UM) + 1)
    return [(i, j) for i in columns for j in rows]
