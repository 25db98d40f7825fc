"""What an act came to, told on the next page that the person sees."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.service.states import Level

if TYPE_CHECKING:
    from agent.service.views import RefusalView

MOST = 200


@dataclass(frozen=True, slots=True)
class Note:
    """One line, and more below it."""

    text: str
    level: Level = Level.GOOD
    lines: tuple[str, ...] = ()


class Notes:
    """At most one for each session; that of the session that waits longest goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: OrderedDict[str, Note] = OrderedDict()

    def put(self, session: str, note: Note) -> None:
        """For the next page of a session; programs, which have none, are answered at once."""
        if not session:
            return
        with self._lock:
            self._waiting[session] = note
            self._waiting.move_to_end(session)
            while len(self._waiting) > MOST:
                self._waiting.popitem(last=False)

    def take(self, session: str) -> Note | None:
        """Tell it once."""
        with self._lock:
            return self._waiting.pop(session, None)


def refused(*refusals: RefusalView, what: str = "") -> Note:
    """Nothing was done, and why."""
    lines = tuple(f"{r.what}: {r.limit}. {r.remedy}" for r in refusals)
    return Note(f"{what or 'Refused'}. Nothing was sent.", Level.WARNING, lines)
