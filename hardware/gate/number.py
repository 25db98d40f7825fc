"""What counts as a number at the gate, and how the gate writes one."""

from __future__ import annotations

import math
from numbers import Real

from hardware.data import Refusal, Rule

EPSILON = 1e-9
"""Relative slack of comparisons of sums and differences.

A budget of exactly N exposures must allow N: adding N <= 10^6 doubles is wrong by at most
N x 2^-53, about 1e-10 of the sum. Positions and exposures are compared without slack.
"""


def at_most(value: float, limit: float) -> bool:
    """`value <= limit` up to rounding; False if either is NaN."""
    return value <= limit * (1 + EPSILON)


def read(name: str, value: object, unit: str) -> float | Refusal:
    """`value` as a float if it is a finite real number (numpy's too), else a refusal.

    A bool or a string is never a number here, whatever Python would make of it.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    return Refusal(
        rule=Rule.NOT_A_NUMBER,
        what=f"{name} = {value!r}",
        limit=f"a finite number in {unit}",
        remedy=f"Give {name} as a plain number.",
    )


def text(value: object) -> str:
    """The shortest text that means exactly `value`, without a needless ``.0``."""
    number = read("", value, "")
    if isinstance(number, Refusal):
        return repr(value)
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def about(value: float) -> str:
    """A sum or difference in six digits."""
    return f"{value:.6g}"
