"""The journal of one run: its books over one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.journal.changes import ChangeBook
from agent.journal.course import CourseBook
from agent.journal.database import Database
from agent.journal.light import LightBook
from agent.journal.live import LiveBook
from agent.journal.mind import MindBook
from agent.journal.records import RecordBook
from agent.journal.visits import VisitBook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_NAME = "journal.sqlite"


class Journal:
    """Opens `journal.sqlite` in a run directory; `now` gives run time in seconds."""

    def __init__(self, run_dir: Path, now: Callable[[], float], *, durable: bool) -> None:
        self.database = Database(run_dir / FILE_NAME, durable=durable)
        self.visits = VisitBook(self.database)
        self.course = CourseBook(self.database)
        self.light = LightBook(self.database, now)
        self.mind = MindBook(self.database)
        self.records = RecordBook(self.database, now)
        self.changes = ChangeBook(self.database)
        self.live = LiveBook(self.database)

    def close(self) -> None:
        """Commit and close."""
        self.database.close()
