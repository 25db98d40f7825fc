"""Where a value comes from: words of the instruction, a document, the microscope, a default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Words:
    """Characters `start` to `end` of the instruction (or of an answer to a question)."""

    start: int
    end: int
    text: str

    def __str__(self) -> str:
        return f"“{self.text}”"


@dataclass(frozen=True, slots=True)
class Cited:
    """A passage of a document or of a past run."""

    document: str
    place: str
    text: str

    def __str__(self) -> str:
        where = f", {self.place}" if self.place else ""
        return f"{self.document}{where}: “{self.text}”"


@dataclass(frozen=True, slots=True)
class Configured:
    """A key of the microscope's file."""

    microscope: str
    key: str

    def __str__(self) -> str:
        return f"microscope {self.microscope}, {self.key}"


@dataclass(frozen=True, slots=True)
class Default:
    """A named default of this program; `why` says what it is good for."""

    name: str
    why: str

    def __str__(self) -> str:
        return f"default {self.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class Kept:
    """Was in the plan that is being changed."""

    plan: str

    def __str__(self) -> str:
        return f"as in {self.plan}"


Source: TypeAlias = Words | Cited | Configured | Default | Kept
