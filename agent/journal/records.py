"""The journal's plain records: run keys, notes, refusals, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.database import Database
    from hardware.data import Refusal


class RecordBook:
    """Everything that happened and is not a frame, a verdict or a decision."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def set(self, **values: str) -> None:
        """Run keys (plan, microscope, outcome, ...), replaced where they exist."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO run VALUES (?,?) ON CONFLICT (key) DO UPDATE SET value=excluded.value",
                list(values.items()),
            )

    def get(self, key: str) -> str | None:
        """A run key's value."""
        row = self._database.row("SELECT value FROM run WHERE key=?", key)
        return None if row is None else str(row[0])

    def note(self, kind: str, text: str) -> None:
        """A start, a resume, a difference found, a stop."""
        self._database.write(
            "INSERT INTO notes (time_s, kind, text) VALUES (?,?,?)", self._now(), kind, text
        )

    def refusal(self, refusal: Refusal, door: str, visit_id: int | None = None) -> None:
        """What the gate refused, and who had asked."""
        self._database.write(
            "INSERT INTO refusals (time_s, visit, door, rule, what, bound, remedy)"
            " VALUES (?,?,?,?,?,?,?)",
            self._now(),
            visit_id,
            door,
            refusal.rule,
            refusal.what,
            refusal.limit,
            refusal.remedy,
        )

    def error(self, place: str, error: BaseException, visit_id: int | None = None) -> None:
        """An error, in one line."""
        kind = getattr(error, "kind", type(error).__name__)
        self._database.write(
            "INSERT INTO errors (time_s, visit, place, kind, message) VALUES (?,?,?,?,?)",
            self._now(),
            visit_id,
            place,
            str(kind),
            " ".join(str(error).split())[:500],
        )
