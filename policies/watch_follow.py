"""Following: where a burst is imaged, so that the target stays in the middle of the image.

The stage moves with the object that looks most like the target, of two alike with the one nearer to
the middle. It is left alone while the object is near the middle, moves half an image at most at a
time, and never further than two images from the planned place. What is beyond that is not done, and
the decision says why; nothing is shortened.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from policies.action import Recentre

if TYPE_CHECKING:
    from policies.policy import View
    from policies.verdict import SeenObject, Verdict

DEAD_ZONE = 0.1  # of the image's edge: an object so near the middle moves nothing
LONGEST_STEP = 0.5  # of the image's edge
ALIKE = 0.1  # scores so near to each other say nothing about which is the target
REACH = 2.0  # images from the planned place, along each axis


def follow(verdict: Verdict, view: View, target: str) -> tuple[Recentre | None, str]:
    """The move that puts the target in the middle, and a phrase; neither where all is well."""
    found = _most_like(verdict, view)
    if found is None:
        return None, f"no object to follow among {len(verdict.objects)}"
    dx, dy = round(found.x_um - view.x_um, 2), round(found.y_um - view.y_um, 2)
    off = (dx - view.dx_um, dy - view.dy_um)
    edges = (view.width_um, view.height_um)
    if not min(edges) > 0:
        return None, "not followed: nobody knows how much an image covers"
    if all(abs(o) < DEAD_ZONE * edge for o, edge in zip(off, edges, strict=True)):
        return None, ""
    where = f"{target} {math.hypot(*off):.0f} um from the middle"
    if any(abs(o) > LONGEST_STEP * edge for o, edge in zip(off, edges, strict=True)):
        return None, f"{where}, not followed: further than half an image in one step"
    if any(abs(d) > REACH * edge for d, edge in zip((dx, dy), edges, strict=True)):
        return None, f"{where}, not followed: two images from the planned place is the furthest"
    return Recentre(fov=verdict.fov, dx_um=dx, dy_um=dy), f"{where}; the stage follows"


def _most_like(verdict: Verdict, view: View) -> SeenObject | None:
    """The object with the highest score; of those that come near it, the nearest to the middle.

    Where two dividing cells look alike the stage would else go to and fro between them.
    """
    x, y = view.x_um + view.dx_um, view.y_um + view.dy_um
    best = max((seen.score for seen in verdict.objects), default=0.0)
    alike = [seen for seen in verdict.objects if seen.score >= best - ALIKE]
    if not best > 0:
        return None
    return min(alike, key=lambda seen: (math.hypot(seen.x_um - x, seen.y_um - y), -seen.score))
