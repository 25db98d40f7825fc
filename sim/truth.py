"""Ground truth for scoring a rehearsal. The agent never sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sim.cells import END
from sim.world import Rect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from hardware.data import FieldOfView
    from sim.world import World

MARGIN_UM = 6.0  # a centre nearer to the edge of the field than this is not wholly in view


@dataclass(frozen=True, slots=True)
class TrueMitosis:
    """One division as it happened in a field of view. Times in s: each phase's start, and the end.

    `scored` is false for a division that a watcher may react to but is not asked to catch: its
    centre leaves the field or is at the very edge, it began before the run or outlasts it, or
    the cell dies on the way (then `end_s` is its death).
    """

    fov: str
    cell: str
    prophase_s: float
    metaphase_s: float
    anaphase_s: float
    telophase_s: float
    end_s: float
    x_um: float
    y_um: float
    scored: bool


def true_mitoses(
    world: World, fovs: Sequence[FieldOfView], objective: str, until_s: float
) -> tuple[TrueMitosis, ...]:
    """Divisions in view of `fovs` before `until_s`, by field and time of metaphase."""
    found = [m for fov in fovs for m in _in_field(world, fov, objective, until_s)]
    return tuple(found)


def _in_field(
    world: World, fov: FieldOfView, objective: str, until_s: float
) -> Iterator[TrueMitosis]:
    rect = Rect.around(fov.x_um, fov.y_um, *world.field_um(objective))
    rows = world.mitoses(rect, until_s)
    order = rows["starts"][:, 1].argsort(kind="stable")
    for n in order:
        one = rows[n : n + 1]
        starts = [float(start) for start in one["starts"][0]]
        death = float(one["death"][0])
        end = min(starts[END], death)
        if end < 0 or starts[0] >= until_s:
            continue
        first, last = max(starts[1], 0.0), min(end, until_s)
        x, y = _centre(world, one, min(first, last))
        later = _centre(world, one, last)
        wholly = _inside(rect.grown(-MARGIN_UM), (x, y), later)
        if not wholly and not _inside(rect.grown(MARGIN_UM), (x, y)):
            continue
        yield TrueMitosis(
            fov=fov.name,
            cell=f"{int(one['key'][0]):016x}",
            prophase_s=starts[0],
            metaphase_s=starts[1],
            anaphase_s=starts[2],
            telophase_s=starts[3],
            end_s=end,
            x_um=x,
            y_um=y,
            scored=wholly and starts[1] >= 0 and starts[END] <= until_s and starts[END] < death,
        )


def _centre(world: World, one: np.ndarray, time_s: float) -> tuple[float, float]:
    x, y = world.place(one, time_s)
    return float(x[0]), float(y[0])


def _inside(rect: Rect, *points: tuple[float, float]) -> bool:
    return all(rect.x0 <= x < rect.x1 and rect.y0 <= y < rect.y1 for x, y in points)
