"""A run's progress as news for the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.live.became import Became
from agent.progress import Quiet

if TYPE_CHECKING:
    from agent.journal.states import Outcome
    from agent.runner.line import News


class Told(Quiet):
    """Tells decisions that act and warnings; the rest is in the journal, for who wants to look."""

    def __init__(self, news: News) -> None:
        self._news = news

    def decided(self, time_s: float, fov: str, reason: str, actions: tuple[str, ...]) -> None:
        """A decision that acts."""
        if actions:
            text = f"{reason} -> {'; '.join(actions)}"
            became = [
                {"kind": action.kind, "question": action.question}
                for action in actions
                if isinstance(action, Became)
            ]
            self._news.tell("decided", fov=fov, time_s=time_s, text=text, became=became)

    def changed(self, text: str) -> None:
        """What a person wanted was done, or refused."""
        self._news.tell("changed", text=text)

    def warning(self, text: str) -> None:
        """Something a person should know."""
        self._news.tell("warning", text=text)

    def finished(self, outcome: Outcome) -> None:
        """The run has ended."""
        self._news.tell("state", state=f"ended: {outcome}")
