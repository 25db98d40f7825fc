"""What is wrong with a plan or a microscope file, where, and what to do about it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 400


class Level(StrEnum):
    """How bad. `run` and `rehearse` refuse on errors only."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for a person.

    Attributes
    ----------
    file : the file it is about, as it was named.
    key : dotted path in that file (``baseline.channels[0].exposure``), "" for the whole file.
    message : what is wrong, with value and unit.
    remedy : what a person can do about it.
    line : in `file`, counting from 1; None when not known.
    """

    file: str
    key: str
    level: Level
    message: str
    remedy: str
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = [place, self.key, f"{self.message}; {self.remedy}" if self.remedy else self.message]
        return one_line(": ".join(part for part in parts if part))


class ConfigError(Exception):
    """A file cannot be used. `findings` has one entry per fault; the text has one line for each."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def config_error(
    file: object, message: str, remedy: str, *, key: str = "", line: int | None = None
) -> ConfigError:
    """A ConfigError with one finding."""
    return ConfigError([Finding(str(file), key, Level.ERROR, message, remedy, line)])


def join(key: str, step: str | int) -> str:
    """The dotted key one step below `key`: ``a.b``, ``a[0]``."""
    if isinstance(step, int):
        return f"{key}[{step}]"
    return f"{key}.{step}" if key else step


def parent(key: str) -> str:
    """The dotted key one step above `key`, "" above the top."""
    return key[: max(key.rfind("."), key.rfind("["), 0)]


def line_of(key: str, lines: Mapping[str, int]) -> int | None:
    """The line of a dotted key, or of the nearest key above it that the file has."""
    while key and key not in lines:
        key = parent(key)
    return lines.get(key)


def one_line(text: str) -> str:
    """`text` on one line, without control characters, at most 400 characters long."""
    flat = " ".join(text.split())
    clean = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in flat)
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 3]}..."


def nearest(word: str, known: Sequence[str]) -> str:
    """A remedy that names the known word most like `word`, or all of them."""
    folded = {name.casefold(): name for name in reversed(known)}
    match = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.55)
    if match:
        return f"did you mean {folded[match[0]]}?"
    if not known:
        return "there are none"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"known: {shown}"


def short(value: object) -> str:
    """A value as it is quoted in a message."""
    text = repr(value) if isinstance(value, str) else str(value)
    return one_line(text if len(text) <= 60 else f"{text[:57]}...")
