"""The journal's live side: commands of people, questions to them, and what they have set."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import AskState, CommandState

if TYPE_CHECKING:
    from agent.journal.database import Database

MOST_WAITING = 200  # a flooded queue is refused, not kept


class QueueFull(Exception):
    """So many commands wait already that no other one is taken; one line."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A live command. `command` is JSON; times: aware calendar time, run time in seconds."""

    id: int
    utc: dt.datetime
    time_s: float
    who: str
    door: str
    command: str
    state: CommandState
    why: str
    applied_s: float | None


@dataclass(frozen=True, slots=True)
class NewAsk:
    """An action that waits for a person. `action` is JSON; run times in seconds."""

    visit: int
    fov: str
    action: str
    reason: str
    consequence: str
    fallback: str
    asked_s: float
    expires_s: float


@dataclass(frozen=True, slots=True)
class AskRow(NewAsk):
    """A question as the journal has it."""

    id: int = 0
    state: AskState = AskState.ASKED
    who: str = ""
    why: str = ""
    settled_s: float | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """What a person has set. `time_s`: run time at which it was set."""

    kind: str
    name: str
    value: str
    who: str
    time_s: float


_COMMAND = "id, utc, time_s, who, door, command, state, why, applied_s"
_ASK_NAMES = tuple(AskRow.__dataclass_fields__)
_ASK = ", ".join(_ASK_NAMES)


class LiveBook:
    """Used by the run, and at the same time by the service (a guest of the journal)."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ------------------------------------------------------------------ commands

    def send(self, command: str, who: str, door: str, time_s: float) -> int:
        """Write a command (JSON) down for the next visit boundary; its number.

        Raises QueueFull.
        """
        with self.database.transaction() as connection:
            n = connection.execute(
                "SELECT count(*) FROM commands WHERE state='waiting'"
            ).fetchone()[0]
            if n >= MOST_WAITING:
                raise QueueFull(f"{n} commands wait already; none is taken until some are done")
            cursor = connection.execute(
                "INSERT INTO commands (utc, time_s, who, door, command, state)"
                " VALUES (?,?,?,?,?,'waiting')",
                (_utc(), time_s, who, door, command),
            )
            return cursor.lastrowid or 0

    def waiting(self) -> bool:
        """Whether a command or an approved question waits: asked before each visit."""
        return (
            self.database.row(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM commands WHERE state='waiting')"
                " OR EXISTS (SELECT 1 FROM asks WHERE state='asked')"
            )
            is not None
        )

    def to_apply(self) -> list[CommandRow]:
        """Commands that wait, in the order in which they were sent."""
        return self._commands("state='waiting' ORDER BY id")

    def settle(self, command: int, state: CommandState, why: str, now_s: float) -> None:
        """Say what became of a command."""
        self.database.write(
            "UPDATE commands SET state=?, why=?, applied_s=? WHERE id=?", state, why, now_s, command
        )

    def commands(self, limit: int = 500) -> list[CommandRow]:
        """The latest commands, latest first."""
        return self._commands("1 ORDER BY id DESC LIMIT ?", limit)

    # ------------------------------------------------------------------ asks

    def ask(self, new: NewAsk) -> int:
        """Write a question down; its number."""
        return self.database.write(
            "INSERT INTO asks (visit, fov, action, reason, consequence, fallback, asked_s,"
            " expires_s, state) VALUES (?,?,?,?,?,?,?,?,'asked')",
            new.visit,
            new.fov,
            new.action,
            new.reason,
            new.consequence,
            new.fallback,
            new.asked_s,
            new.expires_s,
        )

    def open_asks(self) -> list[AskRow]:
        """Questions nobody has answered yet, oldest first."""
        return self._asks("state='asked' ORDER BY id")

    def asks(self, limit: int = 500) -> list[AskRow]:
        """The latest questions, latest first."""
        return self._asks("1 ORDER BY id DESC LIMIT ?", limit)

    def settle_ask(self, ask: int, state: AskState, who: str, why: str, now_s: float) -> bool:
        """Answer a question that is open. False when it was settled before."""
        with self.database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE asks SET state=?, who=?, why=?, settled_s=?"
                " WHERE id=? AND state IN ('asked', 'approved')",
                (state, who, why, now_s, ask),
            )
            return cursor.rowcount == 1

    # ------------------------------------------------------------------ locks

    def lock(self, kind: str, name: str, value: str, who: str, now_s: float) -> None:
        """A person sets something; it replaces what a person had set there before."""
        self.database.write(
            "INSERT OR REPLACE INTO locks VALUES (?,?,?,?,?)", kind, name, value, who, now_s
        )

    def release(self, kind: str, name: str) -> bool:
        """A person releases it; whether it was set."""
        with self.database.transaction() as connection:
            cursor = connection.execute("DELETE FROM locks WHERE kind=? AND name=?", (kind, name))
            return cursor.rowcount == 1

    def locks(self, kind: str | None = None) -> list[Lock]:
        """What people have set (of one kind)."""
        columns = "SELECT kind, name, value, who, time_s FROM locks"
        if kind is None:
            rows = self.database.rows(f"{columns} ORDER BY kind, name")
        else:
            rows = self.database.rows(f"{columns} WHERE kind=? ORDER BY kind, name", kind)
        return [Lock(*row) for row in rows]

    def locked(self, kind: str, name: str = "") -> Lock | None:
        """One of them."""
        return next((lock for lock in self.locks(kind) if lock.name == name), None)

    # ------------------------------------------------------------------ inside

    def _commands(self, where: str, *values: object) -> list[CommandRow]:
        return [
            CommandRow(
                id=row[0],
                utc=dt.datetime.fromisoformat(row[1]),
                time_s=row[2],
                who=row[3],
                door=row[4],
                command=row[5],
                state=CommandState(row[6]),
                why=row[7],
                applied_s=row[8],
            )
            for row in self.database.rows(f"SELECT {_COMMAND} FROM commands WHERE {where}", *values)
        ]

    def _asks(self, where: str, *values: object) -> list[AskRow]:
        rows = self.database.rows(f"SELECT {_ASK} FROM asks WHERE {where}", *values)
        return [AskRow(**dict(zip(_ASK_NAMES, row, strict=True))) for row in rows]


def _utc() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
