"""What all views have in common: numbers under a lock, and a failure that stays inside."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from agent.progress.state import DecisionLine, State, clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.states import VisitState

MOST_WARNINGS = 50  # different ones shown; all are counted

V = TypeVar("V", bound="View")
P = ParamSpec("P")


def safely(method: Callable[Concatenate[V, P], None]) -> Callable[Concatenate[V, P], None]:
    """Under the view's lock; a failure silences the view."""

    @functools.wraps(method)
    def wrapped(self: V, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.silent:
            return
        try:
            with self.lock:
                method(self, *args, **kwargs)
        except Exception:  # by contract: the view must never stop a run
            self.silent = True

    return wrapped


class View:
    """Keeps the numbers; what to do with news is left to the subclass."""

    def __init__(self, total_s: float, title: str, wall: Callable[[], float]) -> None:
        self.title = clean(title)
        self.lock = threading.RLock()
        self.silent = False
        self.state = State(total_s, wall)

    @safely
    def visit_started(self, visit_id: int, fov: str, kind: str, time_s: float) -> None:
        """Note where the run is."""
        self.state.at(time_s)
        self.state.doing = clean(f"{fov}, {kind} (visit {visit_id:,})")
        self._moved()

    @safely
    def visit_finished(
        self, visit_id: int, fov: str, state: VisitState, why: str, time_s: float
    ) -> None:
        """Count it."""
        self.state.at(time_s)
        self.state.states[str(state)] += 1
        self.state.doing = f"waiting; last {clean(fov)}"
        self._moved()

    @safely
    def decided(self, time_s: float, fov: str, reason: str, actions: tuple[str, ...]) -> None:
        """Show it; one that acted stays on record."""
        self.state.at(time_s)
        self.state.acted += bool(actions)
        self._decision(DecisionLine(time_s, fov, reason, actions))

    @safely
    def dose(self, max_fov: float, total: float, unit: str) -> None:
        """Note the light."""
        what = " of exposure" if unit == "s" else ""
        self.state.light = (
            f"busiest field {max_fov:.3g} {unit}{what}, all fields {total:.3g} {unit}{what}"
        )

    @safely
    def warning(self, text: str) -> None:
        """Show it once; repeats are counted."""
        text = clean(text)
        known = self.state.warnings
        if text not in known and len(known) >= MOST_WARNINGS:
            text = "further warnings; see the report"
        known[text] += 1
        if known[text] == 1:
            self._warned(text)

    def _moved(self) -> None:
        pass

    def _decision(self, decision: DecisionLine) -> None:
        raise NotImplementedError

    def _warned(self, text: str) -> None:
        raise NotImplementedError
