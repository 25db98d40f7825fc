"""What a run tells about itself while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from agent.journal.states import Outcome, VisitState


class Progress(Protocol):
    """What a run tells about itself. All methods: from any thread, cheap, never raising."""

    def visit_started(self, visit_id: int, fov: str, kind: str, time_s: float) -> None:
        """A visit begins."""

    def visit_finished(
        self, visit_id: int, fov: str, state: VisitState, why: str, time_s: float
    ) -> None:
        """A visit has ended; `why` is "" when it was delivered."""

    def decided(self, time_s: float, fov: str, reason: str, actions: tuple[str, ...]) -> None:
        """A decision; `actions` in words, empty for "carry on"."""

    def dose(self, max_fov: float, total: float, unit: str) -> None:
        """Light so far: of the busiest field, and of all fields."""

    def changed(self, text: str) -> None:
        """What a person wanted was done, or refused."""

    def warning(self, text: str) -> None:
        """Something a person should know."""

    def finished(self, outcome: Outcome) -> None:
        """The run has ended; the view closes."""


class Quiet:
    """Says nothing."""

    def visit_started(self, visit_id: int, fov: str, kind: str, time_s: float) -> None:
        """Say nothing."""

    def visit_finished(
        self, visit_id: int, fov: str, state: VisitState, why: str, time_s: float
    ) -> None:
        """Say nothing."""

    def decided(self, time_s: float, fov: str, reason: str, actions: tuple[str, ...]) -> None:
        """Say nothing."""

    def dose(self, max_fov: float, total: float, unit: str) -> None:
        """Say nothing."""

    def changed(self, text: str) -> None:
        """Say nothing."""

    def warning(self, text: str) -> None:
        """Say nothing."""

    def finished(self, outcome: Outcome) -> None:
        """Say nothing."""
