"""What the service wants people to hear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """What a person should hear. `kind`: trouble, question, event, milestone or done."""

    kind: str
    experiment: int
    title: str
    text: str
    key: str
