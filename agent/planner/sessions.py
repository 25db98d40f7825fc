"""Conversations with the planner, kept in the user's data folder: a question may wait for days."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langgraph.checkpoint.sqlite import SqliteSaver

    from agent.planner.graph import PlannerState

FILE_NAME = "conversations.sqlite"
VARIABLE = "MICROSCOUT_DATA"
KEPT = 100  # conversations that are over
BUSY_S = 10.0  # another process may be writing
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for another


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation.

    Attributes
    ----------
    thread : its id.
    state : its words and answers, as checkpointed.
    asks : slots that are asked about; empty where nothing is.
    confirm : whether its plan waits for a confirmation.
    """

    thread: str
    state: PlannerState
    asks: tuple[str, ...] = ()
    confirm: bool = False

    @property
    def open(self) -> bool:
        """Whether it waits for anything."""
        return self.confirm or bool(self.asks)


def data_folder() -> Path:
    """The user's data folder: MICROSCOUT_DATA, or the system's place for such things."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("microscout", appauthor=False)


@contextlib.contextmanager
def conversations(folder: Path | None = None) -> Iterator[SqliteSaver]:
    """The kept conversations, for a PlannerGraph. Only the user may read the file.

    Raises ConfigError where the folder or the file cannot be used.
    """
    from langgraph.checkpoint.sqlite import SqliteSaver

    path = (folder or data_folder()) / FILE_NAME
    remedy = f"name another folder in {VARIABLE}, or move the file away"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise config_error(path, f"cannot be used ({_why(error)})", remedy) from None
    with contextlib.closing(connection):
        saver = SqliteSaver(connection)
        try:
            saver.setup()
        except sqlite3.Error as error:
            raise config_error(path, f"cannot be used ({_why(error)})", remedy) from None
        yield saver


def new_thread() -> str:
    """An id for a conversation, short enough to be typed."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def all_conversations(saver: SqliteSaver) -> list[Conversation]:
    """The kept ones, latest first."""
    threads = dict.fromkeys(
        str(found.config["configurable"]["thread_id"]) for found in saver.list(None)
    )
    return [kept for thread in threads if (kept := conversation(saver, thread)) is not None]


def conversation(saver: SqliteSaver, thread: str) -> Conversation | None:
    """One of them; None for an unknown id. Needs no microscope and asks nobody."""
    found = saver.get_tuple({"configurable": {"thread_id": thread}})
    if found is None:
        return None
    values = found.checkpoint["channel_values"]
    waiting = [
        interrupt.value
        for _, channel, written in found.pending_writes or ()
        if channel == "__interrupt__"
        for interrupt in written
    ]
    asked = next((value for value in waiting if isinstance(value, dict)), {})
    state: PlannerState = {  # type: ignore[assignment]
        key: values[key] for key in _kept() if key in values
    }
    slots = tuple(str(question["slot"]) for question in asked.get("questions", ()))
    return Conversation(thread, state, slots, bool(asked.get("confirm")))


def forget(saver: SqliteSaver, thread: str) -> bool:
    """Delete a conversation; whether there was one. No run and no plan is touched."""
    if conversation(saver, thread) is None:
        return False
    saver.delete_thread(thread)
    return True


def tidy(saver: SqliteSaver, keep: int = KEPT) -> int:
    """Forget conversations that are over, but for the last `keep`; how many were forgotten."""
    over = [found.thread for found in all_conversations(saver) if not found.open]
    for thread in over[keep:]:
        saver.delete_thread(thread)
    return len(over[keep:])


def _kept() -> tuple[str, ...]:
    from agent.planner.graph import PlannerState

    return tuple(PlannerState.__annotations__)


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
