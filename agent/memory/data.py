"""What the memory hands out: documents, hits, past runs. All frozen; all text is data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import datetime as dt

T = TypeVar("T")


class DocumentKind(StrEnum):
    """What was learned."""

    PROTOCOL = "protocol"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document's text: characters `start` to `end` of it.

    Attributes
    ----------
    place : where a person finds it: "line 12", "page 2", "Imaging, line 12".
    heading : the headings above it, joined by " > "; "" where there are none.
    suspicious : why it reads like an instruction to this program; "" where it does not.
    """

    text: str
    start: int
    end: int
    place: str
    heading: str = ""
    suspicious: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A learned document with its passages, whose offsets count in `text`."""

    name: str
    kind: DocumentKind
    title: str
    source: str
    sha256: str
    learned: dt.datetime  # UTC
    text: str
    passages: tuple[Passage, ...]

    @property
    def suspicious(self) -> str:
        """The first suspicious passage's place and reason; "" when there is none."""
        for passage in self.passages:
            if passage.suspicious:
                return f"{passage.place}: {passage.suspicious}"
        return ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `learn --list`."""

    name: str
    kind: DocumentKind
    title: str
    source: str
    learned: dt.datetime  # UTC
    passages: int
    suspicious: int  # how many of them


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `score` is for comparing hits of one search."""

    document: str
    place: str
    passage: Passage
    score: float
    kind: DocumentKind = DocumentKind.PROTOCOL

    @property
    def text(self) -> str:
        """The passage's text."""
        return self.passage.text

    @property
    def suspicious(self) -> str:
        """Why the passage reads like an instruction to this program; "" where it does not."""
        return self.passage.suspicious

    def __str__(self) -> str:
        from agent.finding import one_line

        where = f", {self.place}" if self.place else ""
        warning = f" [note: {self.suspicious}; taken as text only]" if self.suspicious else ""
        return one_line(f"{self.document}{where}: “{self.text}”") + warning


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that was learned. `plan` is the journal's plan text, unchanged."""

    name: str
    started: dt.datetime  # UTC
    kind: str  # run, rehearse, replay
    outcome: str  # Outcome
    goal: str
    plan: str
    path: str
    headline: str = ""

    def __str__(self) -> str:
        from agent.finding import one_line

        local = self.started.astimezone()
        what = f": {self.goal}" if self.goal else ""
        when = f"{self.kind}, {local:%a} {local.day} {local:%b %Y %H:%M}"
        return one_line(f"{self.name} ({when}){what}")


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[T]):
    """More than one could be meant: a question, never a guess. Best or newest first."""

    choices: tuple[T, ...]
    why: str
