"""When cells divide and die: drawn at birth, stretched and cut short by light."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.cells import END, ROW
from sim.hashing import mix, mix_int, uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.cells import Rows
    from sim.hashing import Keys, Reals
    from sim.scenario import Damage, Mitosis, Scenario, Specimen

HOUR = 3600.0
DAUGHTER_UM = 8.0  # distance of each daughter from the plane of division at its end
PARTING_UM = 4.5  # how far each moves on from there, by and by
DYING_S = (1200.0, 3600.0)  # from the lethal dose to rounding up


def normal(keys: Keys, salt: int) -> Reals:
    """Standard normal, one per key (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(keys, salt)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(keys, salt + 1_000_003)))


def durations_s(keys: Keys, mitosis: Mitosis) -> Reals:
    """Length of prophase, metaphase, anaphase, telophase of each cell, (n, 4)."""
    mean = 60.0 * np.array(
        [mitosis.prophase_min, mitosis.metaphase_min, mitosis.anaphase_min, mitosis.telophase_min]
    )
    spread = np.stack([normal(keys, 11 + phase) for phase in range(4)], axis=1)
    return mean * np.clip(1.0 + mitosis.variation * spread, 0.4, 1.8)


def plan_divisions(rows: Rows, ends_s: Reals, mitosis: Mitosis) -> None:
    """Write `starts` so that telophase ends at `ends_s` (in place)."""
    lengths = durations_s(rows["key"], mitosis)
    rows["starts"][:, END] = ends_s
    rows["starts"][:, :END] = ends_s[:, None] - np.cumsum(lengths[:, ::-1], axis=1)[:, ::-1]


def dress(rows: Rows, damage: Damage) -> None:
    """Give new rows everything about them that only depends on their key (in place)."""
    keys = rows["key"]
    rows["axis"] = np.pi * uniform(keys, 1)
    rows["angle"] = np.pi * uniform(keys, 2)
    rows["size"] = np.clip(1.0 + 0.09 * normal(keys, 3), 0.78, 1.25)
    rows["aspect"] = 1.08 + 0.35 * uniform(keys, 4)
    rows["bright"] = np.clip(1.0 + 0.16 * normal(keys, 5), 0.6, 1.5)
    rows["height"] = 0.5 * normal(keys, 6)
    rows["lethal"] = damage.lethal_j_cm2 * np.exp(damage.lethal_variation * normal(keys, 7))


def natural_deaths(keys: Keys, from_s: Reals, specimen: Specimen) -> Reals:
    """Time of death without any light: exponential from `from_s`."""
    if specimen.deaths_per_1000_cells_h == 0:
        return np.full(len(keys), np.inf)
    mean_s = 1000.0 / specimen.deaths_per_1000_cells_h * HOUR
    return np.asarray(from_s - mean_s * np.log1p(-uniform(keys, 8)))


def daughters(mother: Rows, at_x: float, at_y: float, scenario: Scenario) -> Rows:
    """The two cells that `mother` (one row) becomes at the end of telophase, (2,)."""
    specimen = scenario.specimen
    one = mother[0]
    born = float(one["starts"][END])
    rows = np.zeros(2, ROW)
    rows["key"] = daughter_keys(mother["key"])
    rows["mother"] = one["key"]
    side = np.array([1.0, -1.0])
    rows["x"] = at_x + side * DAUGHTER_UM * np.cos(one["axis"])
    rows["y"] = at_y + side * DAUGHTER_UM * np.sin(one["axis"])
    rows["px"] = side * PARTING_UM * np.cos(one["axis"])
    rows["py"] = side * PARTING_UM * np.sin(one["axis"])
    rows["born"] = born
    dress(rows, scenario.damage)
    rows["angle"] = one["axis"] + np.pi / 2 + 0.6 * (uniform(rows["key"], 12) - 0.5)
    for inherited in ("bright", "size", "toxic", "chromatin", "cytoplasm"):
        rows[inherited] = one[inherited]
    rows["generation"] = one["generation"] + 1
    rows["death"] = natural_deaths(rows["key"], rows["born"], specimen)
    if rows["generation"][0] < specimen.generations:
        cycle = specimen.cycle_h * HOUR * np.clip(1 + 0.1 * normal(rows["key"], 9), 0.7, 1.3)
        slow = 1.0 + rows["toxic"] / scenario.damage.slowing_j_cm2
        plan_divisions(rows, rows["born"] + cycle * slow, specimen.mitosis)
    else:
        rows["starts"] = np.inf
    return rows


def daughter_keys(key: Keys) -> Keys:
    """Keys of both daughters of one mother, (2,)."""
    return mix(np.concatenate([key ^ np.uint64(mix_int(1)), key ^ np.uint64(mix_int(2))]))


def irradiate(rows: Rows, lit: NDArray[np.bool_], dose: float, time_s: float, d: Damage) -> None:
    """Let toxic light act on the rows in `lit` (in place): slow down, or kill."""
    before = rows["toxic"][lit]
    after = before + dose
    rows["toxic"][lit] = after
    stretch = (d.slowing_j_cm2 + after) / (d.slowing_j_cm2 + before)
    starts = rows["starts"][lit]
    ahead = np.maximum(starts - time_s, 0.0)
    with np.errstate(invalid="ignore"):
        rows["starts"][lit] = np.where(ahead > 0, time_s + ahead * stretch[:, None], starts)
    lethal = rows["lethal"][lit]
    killed = (before < lethal) & (after >= lethal)
    if killed.any():
        which = np.flatnonzero(lit)[killed]
        first, last = DYING_S
        delay = first + (last - first) * uniform(rows["key"][which], 10)
        rows["death"][which] = np.minimum(rows["death"][which], time_s + delay)
