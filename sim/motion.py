"""Random-walk motility that stays near home: value noise in three octaves, keyed by the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.hashing import mix, mix_int

if TYPE_CHECKING:
    from sim.hashing import Keys, Reals

_OWN_PERIODS_S = np.array([2400.0, 600.0])
_OWN_SHARES = np.array([0.5, 0.12])  # amplitude of each octave, um for a motility of 1 um/h
_FLOW_PERIOD_S = 9000.0
_FLOW_SHARE = 2.2
_FLOW_UM = 160.0  # cells this far apart drift on their own
REACH = float(_OWN_SHARES.sum()) + _FLOW_SHARE  # um per um/h: no cell gets farther from home
_SALTS = np.array(
    [[mix_int(7 * axis + octave + 101) for octave in range(3)] for axis in range(2)], np.uint64
)
_CORNERS = np.array([[0, 0, 1, 1], [0, 1, 0, 1]])[..., None]
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_TO_UNIT = 2.0**-52


def walk_um(
    keys: Keys, x_um: Reals, y_um: Reals, time_s: float, motility_um_per_h: float
) -> tuple[Reals, Reals]:
    """Displacement (x, y) of cells with their home at `x_um`, `y_um`; smooth in time.

    Neighbours drift together, as in a sheet of cells, so that they seldom run into each other;
    each adds a smaller walk of its own.
    """
    own = _noise(keys[:, None, None] ^ _SALTS[:, :2], time_s / _OWN_PERIODS_S)
    total = (own * _OWN_SHARES).sum(axis=2) + _FLOW_SHARE * _flow(x_um, y_um, time_s)
    return total[:, 0] * motility_um_per_h, total[:, 1] * motility_um_per_h


def _flow(x_um: Reals, y_um: Reals, time_s: float) -> Reals:
    """Common drift in [-1, 1] at each place, (n, 2): smooth in space and time."""
    at = np.stack([x_um, y_um]) / _FLOW_UM
    knot = np.floor(at)
    f = at - knot
    f = f * f * (3 - 2 * f)
    weight = np.abs(1 - _CORNERS - f[:, None]).prod(axis=0)  # (4, n)
    corner = knot.astype(np.int64).astype(np.uint64)[:, None] + _CORNERS.astype(np.uint64)
    node = mix(corner[0] * _PRIME + corner[1])
    drift = _noise(node[..., None] ^ _SALTS[:, 2], time_s / _FLOW_PERIOD_S)
    return np.asarray((weight[..., None] * drift).sum(axis=0))


def _noise(keys: Keys, phase: Reals | float) -> Reals:
    """Value noise in [-1, 1] at `phase` (broadcast against keys), smooth in phase."""
    phase = np.atleast_1d(phase) + 1e6
    knot = np.floor(phase)
    f = phase - knot
    f = f * f * (3 - 2 * f)
    both = mix(knot.astype(np.uint64) + np.array([[1], [2]], np.uint64))  # this knot, the next
    both = both.reshape(2, *(1,) * (keys.ndim - 1), -1)
    here, there = (mix(keys ^ both) >> np.uint64(11)) * _TO_UNIT - 1.0
    return np.asarray(here + (there - here) * f)


def drift_1d(key: int, time_s: float, period_s: float) -> float:
    """One smooth random function of time in [-1, 1] for a key (focus wander, stage error)."""
    phase = time_s / period_s + 1e6
    knot = int(phase)
    f = phase - knot
    f = f * f * (3 - 2 * f)
    here = (mix_int(key ^ mix_int(knot)) >> 11) * _TO_UNIT - 1
    there = (mix_int(key ^ mix_int(knot + 1)) >> 11) * _TO_UNIT - 1
    return here + (there - here) * f
