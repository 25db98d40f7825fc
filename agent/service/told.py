"""What the service wants people to hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.queue import Queue


@dataclass(frozen=True, slots=True)
class Told:
    """What a person should hear. `kind`: trouble, question, event, milestone or done."""

    kind: str
    experiment: int
    title: str
    text: str
    key: str


class Say:
    """Tells of an experiment by its name. `tell` answers False where it could not even keep it."""

    def __init__(self, queue: Queue, tell: Callable[[Told], bool | None]) -> None:
        self._queue = queue
        self._tell = tell

    def __call__(self, kind: str, experiment: int, title: str, text: str, key: str) -> bool:
        """Tell it; whether it is on its way. `key` is completed with the experiment's number."""
        one = self._queue.get(experiment)
        name = f"{one.name} (experiment {experiment})" if one else f"experiment {experiment}"
        told = Told(kind, experiment, f"{name}: {title}", text, f"{experiment} {key}")
        return self._tell(told) is not False
