"""What `tell` is told to: an experiment of the service, or the run in a directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Target:
    """`run` for a directory; else an experiment, None for the current one."""

    id: int | None = None
    run: Path | None = None
    words: str | None = None


def target_of(first: str | None, second: str | None, *, whole: bool) -> Target:
    """From one or two words of the command line. `whole`: no words are expected (--undo, ...).

    A number is an experiment; `./7` is a directory of that name. A single word group is what to
    change in the current experiment, unless it is a directory.
    """
    if first is None:
        return Target()
    if first.isascii() and first.isdecimal():
        return Target(id=int(first), words=second)
    if second is not None or whole or Path(first).is_dir():
        return Target(run=Path(first), words=second)
    return Target(words=first)
