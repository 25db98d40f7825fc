"""Somebody moved the stage: how the instrument differs from how the program left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.data.microscope_config import StageLimits
    from hardware.microscope import InstrumentState

TWO_READINGS = 2.0  # each of them may be off by the tolerance


def differences(
    left: InstrumentState, found: InstrumentState, limits: StageLimits
) -> tuple[str, ...]:
    """In words, with units: where `found` is not as it was `left`. () where nothing was touched.

    Positions may differ by twice the configured tolerance: a stage that settles, or reads a little
    differently, was touched by nobody.
    """
    xy_um, z_um = TWO_READINGS * limits.tolerance_xy_um, TWO_READINGS * limits.tolerance_z_um
    axes = (
        ("stage x", left.x_um, found.x_um, xy_um, 1),
        ("stage y", left.y_um, found.y_um, xy_um, 1),
        ("focus z", left.z_um, found.z_um, z_um, 2),
    )
    said = [
        f"{name} {_um(before, digits)} -> {_um(now, digits)} um"
        for name, before, now, tolerance, digits in axes
        if not abs(now - before) <= tolerance  # NaN is where nobody left it
    ]
    said += [
        f"{name} {before or 'unknown'} -> {now or 'unknown'}"
        for name, before, now in (
            ("objective", left.objective, found.objective),
            ("channel", left.channel, found.channel),
        )
        if before != now
    ]
    said += [f"shutter {name} open" for name in found.open_shutters]
    return tuple(said)


def astray(
    target: tuple[float, float], found: InstrumentState, limits: StageLimits
) -> tuple[str, ...]:
    """How a stage that was sent to `target` (x, y in um) has left it since: drift, or a hand."""
    xy_um = TWO_READINGS * limits.tolerance_xy_um
    return tuple(
        f"stage {name} {_um(wanted, 1)} -> {_um(now, 1)} um during the visit"
        for name, wanted, now in (("x", target[0], found.x_um), ("y", target[1], found.y_um))
        if not abs(now - wanted) <= xy_um
    )


def _um(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"  # never "-0.0"
