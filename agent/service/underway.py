"""The runner under way and what it has said so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.child import Child


@dataclass(slots=True)
class UnderWay:
    """One runner, from its start until its end is written down. Moments: monotonic, in s.

    Attributes
    ----------
    comparing : it compares instrument and journal, and images nothing.
    running : it has begun to image.
    left_on : shutters that it could not close; None: it has not said.
    refused, differences : why it ended, as it has said.
    moved_s : when it last did anything.
    conditions : what is wrong, by what it is about.
    resumes : how often it went on after a pause.
    still, told_slow, told_light : told that it hangs, that it loads, that the lamp may be on.
    told_who : its journal knows whether somebody is there.
    given_up : it hung for so long that it was killed.
    """

    experiment: int
    child: Child
    run: Path
    comparing: bool = False
    running: bool = False
    left_on: tuple[str, ...] | None = None
    refused: list[str] = field(default_factory=list)
    differences: tuple[str, ...] = ()
    began_s: float = field(default_factory=time.monotonic)
    moved_s: float = field(default_factory=time.monotonic)
    looked_s: float = 0.0
    conditions: dict[str, str] = field(default_factory=dict)
    resumes: int = 0
    still: bool = False
    told_slow: bool = False
    told_light: bool = False
    told_who: bool = False
    given_up: bool = False
