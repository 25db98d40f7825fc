"""What is said to people."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_TITLE = 150
LONGEST_TEXT = 20_000


class MessageKind(StrEnum):
    """What a message is about; a target names the kinds that it wants."""

    TROUBLE = "trouble"  # something needs a person
    QUESTION = "question"  # the run waits for an answer
    EVENT = "event"  # a burst began
    MILESTONE = "milestone"  # a run began, was resumed, reached half time
    DONE = "done"  # a run ended
    SUMMARY = "summary"  # in the morning


@dataclass(frozen=True, slots=True)
class Message:
    """One message, for all who want its kind.

    Attributes
    ----------
    text : plain text; lines that begin with "- " are shown as a list where the target can.
    utc : when it happened, aware.
    run : the run it is about, by name; "" for the service itself.
    picture : a PNG to go with it; left out when it cannot be read.
    key : messages of one run with the same key are put together while they come thick and fast;
        "" for one that always stands alone.
    urgent : not held back by the rate limit or quiet hours.
    """

    kind: MessageKind
    title: str
    text: str
    utc: dt.datetime
    run: str = ""
    picture: Path | None = None
    key: str = ""
    urgent: bool = False

    def __post_init__(self) -> None:
        if self.utc.tzinfo is None:
            raise ValueError("a message's time needs a time zone")
