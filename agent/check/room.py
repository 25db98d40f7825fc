"""Whether the frames fit on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.estimate import estimate
from agent.finding import Finding, Level
from hardware.disk import GB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope


def findings(scope: Scope) -> Iterator[Finding]:
    """Baseline frames, uncompressed, against the free space and the plan's own budget."""
    facts, frame = scope.facts, scope.frame
    if facts is None or frame is None:
        return  # the camera's size is known only once it is loaded: the disk guard looks then
    takes = estimate(scope.plan, scope.config, frame_bytes=frame.bytes)
    needed = takes.disk_bytes or 0
    what = f"the baseline's {takes.frames:,} frames take up to {needed / GB:.3g} GB"
    budget_gb = scope.plan.budget.disk_gb
    if budget_gb is not None and needed > budget_gb * GB:
        message = f"{budget_gb:g} GB, but {what}"
        remedy = f"give {needed / GB * 1.01:.3g} GB, or take fewer frames"
        yield scope.in_plan(Level.ERROR, "budget.disk_gb", message, remedy)
    if facts.free_bytes is not None and needed > facts.free_bytes:
        message = f"{what}, but {facts.free_bytes / GB:.3g} GB are free"
        remedy = "free some space, write elsewhere (--out), or take fewer frames"
        yield scope.in_plan(Level.ERROR, "baseline", message, remedy)
