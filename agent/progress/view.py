"""What all views have in common: numbers under a lock, and a thread that alone writes.

A call from the run only notes numbers. A terminal that takes nothing any more (Ctrl-S, a sleeping
connection) stops the writing thread, and nothing else.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from agent.progress.state import DecisionLine, State, clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.states import Outcome, VisitState

FRAMES_PER_S = 5.0
MOST_WARNINGS = 50  # different ones shown; all are counted
MOST_WAITING = 1000  # lines waiting for a terminal that takes none; then the oldest go
PATIENCE_S = 2.0  # for the last words, at the end of a run

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
    """Keeps the numbers and runs the writing thread; subclasses say what to write."""

    def __init__(self, total_s: float, title: str, wall: Callable[[], float]) -> None:
        self.title = clean(title)
        self.lock = threading.RLock()
        self.silent = False
        self.state = State(total_s, wall)
        self._waiting: deque[tuple[str, str]] = deque(maxlen=MOST_WAITING)  # (line, style)
        self._end = threading.Event()
        self._writer = threading.Thread(target=self._write_on, name="progress", daemon=True)

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
    def changed(self, text: str) -> None:
        """Show it."""
        self._say(clean(text), "cyan")

    @safely
    def warning(self, text: str) -> None:
        """Show it once; repeats are counted."""
        text = clean(text)
        known = self.state.warnings
        if text not in known and len(known) >= MOST_WARNINGS:
            text = "further warnings; see the report"
        known[text] += 1
        if known[text] == 1:
            self._say(f"warning: {text}", "yellow")

    def finished(self, outcome: Outcome) -> None:
        """Last words; the view closes."""
        self._last_words(outcome)
        self.close()

    def close(self) -> None:
        """End the writing thread, and leave it behind where it hangs. May be called twice."""
        self._end.set()
        if self._writer.is_alive():
            self._writer.join(PATIENCE_S)
        self.silent = True

    @safely
    def _last_words(self, outcome: Outcome) -> None:
        self._settle()
        if not self._end.is_set():
            self._say(f"run {outcome}: {self.state.counts()}", "dim")

    def _say(self, line: str, style: str = "") -> None:
        self._waiting.append((line, style))

    def _write_on(self) -> None:
        try:
            self._open()
            while not self._end.wait(1 / FRAMES_PER_S):
                self._write()
            self._shut()
        except Exception:  # by contract: the view must never stop a run
            self.silent = True

    # ------------------------------------------------------------------ for subclasses

    def _moved(self) -> None:
        """The run is elsewhere; under the lock."""

    def _settle(self) -> None:
        """Nothing more will come; under the lock."""

    def _decision(self, decision: DecisionLine) -> None:
        """One more; under the lock."""
        raise NotImplementedError

    def _open(self) -> None:
        """Begin to write; in the writing thread, as the next two."""

    def _write(self) -> None:
        """Write what is waiting."""
        raise NotImplementedError

    def _shut(self) -> None:
        """Write the rest and give the stream back."""
        raise NotImplementedError
