"""Random numbers that are a function of what they are for: no state, no order of calls.

splitmix64's finalizer (Steele, Lea & Flood, OOPSLA 2014) over keys and salts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Keys = NDArray[np.uint64]
    Reals = NDArray[np.float64]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_M1 = 0xBF58476D1CE4E5B9
_M2 = 0x94D049BB133111EB
_TO_UNIT = 2.0**-53
_S30, _S27, _S31, _S11 = (np.uint64(n) for n in (30, 27, 31, 11))
_N1, _N2 = np.uint64(_M1), np.uint64(_M2)


def mix_int(value: int) -> int:
    """Hash one integer to 64 bits."""
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _M1) & _MASK
    value = ((value ^ (value >> 27)) * _M2) & _MASK
    return value ^ (value >> 31)


def key_of(*parts: int) -> int:
    """A 64-bit key from integers (any sign, order matters)."""
    key = 0
    for part in parts:
        key = mix_int(key ^ mix_int(part & _MASK))
    return key


def uniform_of(*parts: int) -> float:
    """A number in [0, 1) from integers."""
    return (key_of(*parts) >> 11) * _TO_UNIT


def mix(keys: Keys) -> Keys:
    """`mix_int` without the added constant, for arrays (wraps silently, as it should)."""
    keys = (keys ^ (keys >> _S30)) * _N1
    keys = (keys ^ (keys >> _S27)) * _N2
    return keys ^ (keys >> _S31)


def uniform(keys: Keys, salt: int) -> Reals:
    """Numbers in [0, 1), one per key; another salt gives other numbers."""
    return np.asarray((mix(keys ^ np.uint64(mix_int(salt))) >> _S11) * _TO_UNIT, np.float64)
