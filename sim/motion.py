"""Random-walk motility that stays near home: value noise in three octaves, keyed by the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.hashing import mix, mix_int

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.hashing import Keys, Reals

PERIODS_S = np.array([9000.0, 2400.0, 600.0])
SHARES = np.array([2.2, 0.5, 0.1])  # amplitude of each octave for a motility of 1 um/h
REACH = float(SHARES.sum())  # um per um/h: no cell is ever farther from home
_SALTS = np.array([[mix_int(7 * axis + octave + 101) for octave in range(3)] for axis in range(2)])
_TO_UNIT = 2.0**-52


def walk_um(keys: Keys, time_s: float, motility_um_per_h: float) -> tuple[Reals, Reals]:
    """Displacement (x, y) of each key at `time_s`, smooth in time, at most REACH x motility."""
    phase = time_s / PERIODS_S + 1e6
    knot = np.floor(phase)
    f = phase - knot
    f = f * f * (3 - 2 * f)
    salted = keys[:, None, None] ^ _SALTS.astype(np.uint64)
    here = _value(salted, knot)
    there = _value(salted, knot + 1)
    xy = ((here + (there - here) * f) * SHARES).sum(axis=2) * motility_um_per_h
    return xy[:, 0], xy[:, 1]


def _value(keys: NDArray[np.uint64], knot: NDArray[np.float64]) -> NDArray[np.float64]:
    hashed = mix(keys ^ mix(knot.astype(np.uint64) + np.uint64(1)))
    return (hashed >> np.uint64(11)) * _TO_UNIT - 1.0


def drift_1d(key: int, time_s: float, period_s: float) -> float:
    """One smooth random function of time in [-1, 1] for a key (focus wander, stage error)."""
    phase = time_s / period_s + 1e6
    knot = int(phase)
    f = phase - knot
    f = f * f * (3 - 2 * f)
    here = (mix_int(key ^ mix_int(knot)) >> 11) * _TO_UNIT - 1
    there = (mix_int(key ^ mix_int(knot + 1)) >> 11) * _TO_UNIT - 1
    return here + (there - here) * f
