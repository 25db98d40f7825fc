"""Where a baseline goes: its positions, grids and well plates as one flat list of named places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import useq
from useq import Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from useq._position import PositionBase

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A field of view as written: `key` is where; a coordinate (um) that nobody gave is None."""

    key: str
    name: str
    x_um: float | None
    y_um: float | None
    z_um: float | None


def places(baseline: useq.MDASequence) -> tuple[Place, ...]:
    """Positions x grid points, in the order in which useq visits them.

    Places differ from useq in one thing: where useq fills in 0 for a coordinate that the plan does
    not give, the place has None.
    """
    stops = _stops(baseline)
    grid = baseline.grid_plan
    if grid is None:
        return stops
    points = list(enumerate(grid))
    order = baseline.axis_order
    grid_first = Axis.GRID in order and order.index(Axis.GRID) < order.index(Axis.POSITION)
    if grid_first:
        return tuple(_on_grid(stop, grid, n, point) for n, point in points for stop in stops)
    return tuple(_on_grid(stop, grid, n, point) for stop in stops for n, point in points)


def unique_names(wanted: Sequence[str]) -> list[str]:
    """File-system safe and unique (ignoring case) names, as near to the wanted ones as can be."""
    taken: set[str] = set()
    result = []
    for name in wanted:
        base = safe_name(name)
        unique, number = base, 2
        while unique.casefold() in taken:
            unique, number = f"{base}_{number}", number + 1
        taken.add(unique.casefold())
        result.append(unique)
    return result


def safe_name(name: str) -> str:
    """The name with every character that a file system may refuse replaced by ``_``."""
    safe = _UNSAFE.sub("_", name).strip("._")[:_LONGEST].rstrip("._") or "p"
    return f"{safe}_" if _RESERVED.fullmatch(safe) else safe


def _stops(baseline: useq.MDASequence) -> tuple[Place, ...]:
    plate = isinstance(baseline.stage_positions, useq.WellPlatePlan)
    has_z = not plate or _plate_gives_z(baseline.stage_positions)
    absolute_z = _middle_of_absolute_planes(baseline)
    stops = []
    for number, position in enumerate(baseline.stage_positions):
        key = "baseline.stage_positions" + ("" if plate else f"[{number}]")
        z_um = absolute_z if absolute_z is not None else position.z if has_z else None
        stops.append(Place(key, position.name or f"p{number:03d}", position.x, position.y, z_um))
    if not stops and baseline.grid_plan is not None:
        stops.append(Place("baseline.stage_positions", "p000", None, None, absolute_z))
    return tuple(stops)


def _plate_gives_z(plan: object) -> bool:
    """Whether a well plate plan states z: useq fills in 0 where it does not."""
    points = plan.well_points_plan if isinstance(plan, useq.WellPlatePlan) else None
    return isinstance(points, useq.RelativePosition) and "z" in points.model_fields_set


def _middle_of_absolute_planes(baseline: useq.MDASequence) -> float | None:
    plan = baseline.z_plan
    if plan is None or plan.is_relative or Axis.Z not in baseline.axis_order:
        return None
    planes = sorted(plan)
    return planes[len(planes) // 2] if planes else None


def _on_grid(
    stop: Place,
    grid: useq.MultiPointPlan,
    number: int,
    point: PositionBase,
) -> Place:
    name = f"{stop.name}_{point.name or f'{number:04d}'}"
    if not grid.is_relative:
        return Place(stop.key, name, point.x, point.y, stop.z_um)
    x_um = None if stop.x_um is None else (point.x or 0.0) + stop.x_um
    y_um = None if stop.y_um is None else (point.y or 0.0) + stop.y_um
    return Place(stop.key, name, x_um, y_um, stop.z_um)
