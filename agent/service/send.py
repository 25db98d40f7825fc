"""Live commands into a run's journal, where the run finds them at its next visit boundary."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from agent.journal.database import Database
from agent.journal.journal import FILE_NAME
from agent.journal.live import LiveBook
from agent.journal.states import CommandState
from agent.resume import last_time_s

if TYPE_CHECKING:
    from pathlib import Path

    from agent.live.command import LiveCommand
    from agent.service.states import Door


def send(run: Path, command: LiveCommand, who: str, door: Door, *, done: str = "") -> int:
    """Write a command down; its number. `done`: what became of it, where it is over already.

    Raises QueueFull, ConfigError, sqlite3.Error.
    """
    with contextlib.closing(Database(run / FILE_NAME, durable=True, guest=True)) as database:
        book, time_s = LiveBook(database), last_time_s(database)
        number = book.send(command.model_dump_json(), who, door, time_s)
        if done:
            book.settle(number, CommandState.DONE, done, time_s)
        return number


def refuse_waiting(run: Path, why: str) -> None:
    """Commands that nobody has carried out are none for a run that is resumed hours later.

    Raises ConfigError, sqlite3.Error.
    """
    with contextlib.closing(Database(run / FILE_NAME, durable=True, guest=True)) as database:
        book, time_s = LiveBook(database), last_time_s(database)
        for row in book.to_apply():
            book.settle(row.id, CommandState.REFUSED, why, time_s)
