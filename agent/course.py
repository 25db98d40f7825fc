"""Acting on the course of a run: fields left, a burst moved or ended, the plan's own end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.action import Keep, Recentre

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.journal.journal import Journal
    from hardware.data import FieldOfView, Refusal
    from policies.action import Stop

FULFILLED = "fulfilled"  # run key: the plan ended the run, and after what


class Course:
    """Changes what is queued, inside the actor's transaction; answers what became of it.

    `outside` is the gate's refusal of a stage position (um), None inside the limits.
    """

    def __init__(
        self,
        journal: Journal,
        fovs: Mapping[str, FieldOfView],
        outside: Callable[[float, float], Refusal | None],
    ) -> None:
        self._journal = journal
        self._fovs = fovs
        self._outside = outside

    def change(self, action: Recentre | Keep | Stop, why: str, now_s: float) -> str:
        """One action; `why` is the reason of its decision."""
        if isinstance(action, Recentre):
            return self._recentre(action, now_s)
        if isinstance(action, Keep):
            return self._keep(action, why, now_s)
        if not action.reached:
            return "run ends after the visit under way"
        return self._fulfil(f"ended by the plan {action.reached}", now_s)

    def end_burst(self, fov: str, why: str, now_s: float) -> str:
        """A burst's visits that are pending are no longer wanted."""
        burst = self._journal.mind.bursts(now_s).get(fov)
        if burst is None:
            return "not done: no burst is running there"
        cancelled = self._journal.visits.cancel_burst(burst.id, why)
        self._journal.mind.end_burst(burst.id, now_s, why)
        return f"back to the baseline; {cancelled} visits cancelled"

    def _recentre(self, action: Recentre, now_s: float) -> str:
        burst = self._journal.mind.bursts(now_s).get(action.fov)
        if burst is None:
            return "not done: no burst is running there"
        planned = self._fovs[action.fov]
        refusal = self._outside(planned.x_um + action.dx_um, planned.y_um + action.dy_um)
        if refusal is not None:
            return f"not done: {refusal}"
        moved = self._journal.course.recentre(burst.id, action.dx_um, action.dy_um)
        if not moved:
            return "not done: no visit of the burst is left"
        place = f"x {action.dx_um:+.1f}, y {action.dy_um:+.1f} um from the planned place"
        return f"{moved} visits at {place}"

    def _keep(self, action: Keep, why: str, now_s: float) -> str:
        others = [name for name in self._fovs if name not in action.fovs]
        for fov in self._journal.mind.bursts(now_s):
            if fov in others:
                self.end_burst(fov, why, now_s)
        skipped = self._journal.course.keep(action.fovs, action.why)
        return f"{len(others)} of {len(self._fovs)} fields left alone; {skipped} visits skipped"

    def _fulfil(self, why: str, now_s: float) -> str:
        """Nothing that is pending is wanted any more, and the actor adds nothing from now on."""
        for fov in self._journal.mind.bursts(now_s):
            self.end_burst(fov, why, now_s)
        cancelled = self._journal.course.cancel_pending(why)
        self._journal.records.set(**{FULFILLED: why})
        return f"{why}; {cancelled} visits cancelled"
