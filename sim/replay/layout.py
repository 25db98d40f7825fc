"""Where recorded images lie on the stage."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hardware.data import FieldOfView
from sim.replay.errors import ReplayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import StageLimits

GAPS = (1.25, 1.05)  # distance of neighbours in field sizes; the second where the first is too wide


def side_by_side(
    names: Sequence[str], width_um: float, height_um: float, stage: StageLimits, z_um: float
) -> tuple[FieldOfView, ...]:
    """Fields of view on a grid round the middle of the stage, none overlapping another.

    ReplayError where the stage is too small for all.
    """
    for gap in GAPS:
        fovs = _grid(names, width_um * gap, height_um * gap, stage, z_um)
        if all(_within(fov, stage) for fov in fovs):
            return fovs
    raise ReplayError(
        f"{len(names)} fields of {width_um:g} x {height_um:g} um do not fit on a stage with "
        f"x {_range(stage.x_um)} and y {_range(stage.y_um)} um. Use --limit."
    )


def tiles(
    name: str, rows: int, columns: int, width_um: float, height_um: float, stage: StageLimits,
    z_um: float,
) -> tuple[FieldOfView, ...]:  # fmt: skip
    """Adjacent fields of view that cover a mosaic in the middle of the stage, row by row."""
    names = [f"{name}_r{r}c{c}" for r in range(rows) for c in range(columns)]
    fovs = _grid(names, width_um, height_um, stage, z_um, columns)
    if not all(_within(fov, stage) for fov in fovs):
        raise ReplayError(
            f"{name}: a mosaic of {columns * width_um:g} x {rows * height_um:g} um is larger than "
            f"the stage (x {_range(stage.x_um)}, y {_range(stage.y_um)} um). "
            "Crop it, or widen the limits in the microscope's YAML."
        )
    return fovs


def middle(stage: StageLimits) -> tuple[float, float]:
    """(x, y) in the middle of the stage's limits, um."""
    return sum(stage.x_um) / 2, sum(stage.y_um) / 2


def _grid(
    names: Sequence[str],
    step_x: float,
    step_y: float,
    stage: StageLimits,
    z_um: float,
    columns: int | None = None,
) -> tuple[FieldOfView, ...]:
    columns = columns or math.ceil(math.sqrt(len(names)))
    rows = math.ceil(len(names) / columns)
    x0, y0 = middle(stage)
    return tuple(
        FieldOfView(
            name,
            round(x0 + (n % columns - (columns - 1) / 2) * step_x, 4),
            round(y0 + (n // columns - (rows - 1) / 2) * step_y, 4),
            z_um,
        )
        for n, name in enumerate(names)
    )


def _within(fov: FieldOfView, stage: StageLimits) -> bool:
    (x0, x1), (y0, y1) = stage.x_um, stage.y_um
    return x0 <= fov.x_um <= x1 and y0 <= fov.y_um <= y1


def _range(limits: tuple[float, float]) -> str:
    return f"{limits[0]:g} to {limits[1]:g}"
