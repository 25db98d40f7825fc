"""Who reads an instruction: the embedded rules, or a chat model with these behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from agent.planner.chat import Told, draft_of
from agent.planner.understand import understand

if TYPE_CHECKING:
    import datetime as dt

    from agent.planner.chat_quotes import Read
    from agent.planner.draft import Draft
    from hardware.data import MicroscopeConfig


class Reader(Protocol):
    """Asks once, and makes a draft of what it was told as often as it is needed."""

    def ask(self, instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Told:
        """What a model says; empty where none is asked."""

    def draft(
        self, instruction: str, told: Told, config: MicroscopeConfig, now: dt.datetime
    ) -> Draft:
        """The draft; the same for the same words."""


class EmbeddedReader:
    """Asks nobody. A conversation that a chat model began is gone on with all the same."""

    def __init__(self, read: Read = understand) -> None:
        self._read = read

    def ask(self, instruction: str, config: MicroscopeConfig, now: dt.datetime) -> Told:
        """Nothing."""
        return Told()

    def draft(
        self, instruction: str, told: Told, config: MicroscopeConfig, now: dt.datetime
    ) -> Draft:
        """What the rules say, and what a model said before."""
        return draft_of(instruction, told, config, now, self._read)
