"""The journal's changes: what people wanted to be different in mid-run, and the plan's versions."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import ChangeState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.journal.database import Database

UNANSWERED_S = 600.0  # a question that was put this long ago blocks nobody any more
COLUMNS = "id, utc, time_s, who, words, base, diff, plan, locks, undoes, state, why, applied_s"


class ChangeWaits(Exception):
    """Another change is asked for or confirmed already: never two at once. Carries it."""

    def __init__(self, other: ChangeRow) -> None:
        self.other = other
        super().__init__(f"change {other.id} ({other.words}) is {other.state} and not applied yet")


@dataclass(frozen=True, slots=True)
class NewChange:
    """A change to be asked for.

    Attributes
    ----------
    utc, time_s : when: aware calendar time, and run time in seconds.
    base : version of the plan that it starts from.
    diff : (key, old, new), in words with units.
    plan : the new plan, YAML.
    locks : channels whose exposure it sets.
    undoes : the change that it takes back.
    """

    utc: dt.datetime
    time_s: float
    who: str
    words: str
    base: int
    diff: tuple[tuple[str, str, str], ...]
    plan: str
    locks: tuple[str, ...] = ()
    undoes: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow(NewChange):
    """A change as the journal has it. `why` says why it was refused; times in seconds."""

    id: int = 0
    state: ChangeState = ChangeState.ASKED
    why: str = ""
    applied_s: float | None = None


class ChangeBook:
    """Changes and versions of the plan. Used by the run itself and, at the same time, by others."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ------------------------------------------------------------------ asking

    def ask(self, new: NewChange) -> int:
        """Write a change down; its id. Raises ChangeWaits while another one waits.

        One that was put to a person and never answered is given up.
        """
        with self.database.transaction():
            for other in self._rows("state IN ('asked', 'confirmed') ORDER BY id"):
                waited_s = (new.utc - other.utc).total_seconds()
                if other.state is ChangeState.CONFIRMED or waited_s < UNANSWERED_S:
                    raise ChangeWaits(other)
                self.refuse(other.id, "nobody confirmed it")
            return self._insert(new, ChangeState.ASKED, "")

    def record_refusal(self, new: NewChange, why: str) -> int:
        """Write a change down that was refused at once; its id."""
        return self._insert(new, ChangeState.REFUSED, why)

    def confirm(self, change: int) -> bool:
        """A person says yes. False when it is not waiting for that any more."""
        with self.database.transaction() as connection:
            return (
                connection.execute(
                    "UPDATE changes SET state='confirmed' WHERE id=? AND state='asked'", (change,)
                ).rowcount
                == 1
            )

    def refuse(self, change: int, why: str) -> bool:
        """It will not be done. False when it was settled before."""
        with self.database.transaction() as connection:
            return (
                connection.execute(
                    "UPDATE changes SET state='refused', why=?"
                    " WHERE id=? AND state IN ('asked', 'confirmed')",
                    (why, change),
                ).rowcount
                == 1
            )

    def refuse_waiting(self, why: str) -> None:
        """Nothing that waits will be done."""
        for change in self._rows("state IN ('asked', 'confirmed') ORDER BY id"):
            self.refuse(change.id, why)

    # ------------------------------------------------------------------ applying

    def waiting(self) -> bool:
        """Whether a confirmed change waits to be applied: one row read, asked before each visit."""
        return self.database.row("SELECT 1 FROM changes WHERE state='confirmed'") is not None

    def confirmed(self) -> ChangeRow | None:
        """The change that waits to be applied."""
        found = self._rows("state='confirmed' ORDER BY id")
        return found[0] if found else None

    def applied(self, change: ChangeRow, time_s: float) -> None:
        """Inside the transaction that applies it: the plan has a new version, the old ones stay."""
        connection = self.database.connection
        if self.database.row("SELECT 1 FROM plans") is None:
            connection.execute(
                "INSERT INTO plans SELECT 1, 0.0, NULL, value FROM run WHERE key='plan'"
            )
        connection.execute(
            "INSERT INTO plans VALUES (?,?,?,?)",
            (self.version() + 1, time_s, change.id, change.plan),
        )
        connection.execute("UPDATE run SET value=? WHERE key='plan'", (change.plan,))
        connection.execute(
            "UPDATE changes SET state='applied', applied_s=? WHERE id=?", (time_s, change.id)
        )
        if change.undoes is not None:
            connection.execute("UPDATE changes SET state='undone' WHERE id=?", (change.undoes,))

    # ------------------------------------------------------------------ looking back

    def all(self) -> tuple[ChangeRow, ...]:
        """Every change ever asked for, in order."""
        return tuple(self._rows("1 ORDER BY id"))

    def version(self) -> int:
        """The version of the plan in force; 1 is the one that the run began with."""
        row = self.database.row("SELECT max(version) FROM plans")
        return 1 if row is None or row[0] is None else int(row[0])

    def plan(self, version: int) -> str | None:
        """A version of the plan, YAML; None where there is no such version."""
        row = self.database.row("SELECT plan FROM plans WHERE version=?", version)
        if row is None and version == self.version() == 1:
            row = self.database.row("SELECT value FROM run WHERE key='plan'")
        return None if row is None else str(row[0])

    def undoable(self) -> ChangeRow | None:
        """The last change in force that was not taken back."""
        found = self._rows("state='applied' AND undoes IS NULL ORDER BY id DESC")
        return found[0] if found else None

    def locked(self) -> dict[str, ChangeRow]:
        """Channels whose exposure a person has set, until that change is undone."""
        rows = self._rows("state='applied' AND undoes IS NULL AND locks!='[]' ORDER BY id")
        return {channel: row for row in rows for channel in row.locks}

    # ------------------------------------------------------------------ inside

    def _insert(self, new: NewChange, state: ChangeState, why: str) -> int:
        diff = [{"key": key, "old": old, "new": value} for key, old, value in new.diff]
        return self.database.write(
            "INSERT INTO changes (utc, time_s, who, words, base, diff, plan, locks, undoes, state,"
            " why) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            new.utc.isoformat(timespec="seconds"),
            new.time_s,
            new.who,
            new.words,
            new.base,
            json.dumps(diff, ensure_ascii=False),
            new.plan,
            json.dumps(new.locks),
            new.undoes,
            state,
            why,
        )

    def _rows(self, where: str, *values: object) -> list[ChangeRow]:
        return [
            _row(row)
            for row in self.database.rows(f"SELECT {COLUMNS} FROM changes WHERE {where}", *values)
        ]


def _row(row: Iterable[object]) -> ChangeRow:
    id_, utc, time_s, who, words, base, diff, plan, locks, undoes, state, why, applied_s = row
    return ChangeRow(
        utc=dt.datetime.fromisoformat(str(utc)),
        time_s=float(str(time_s)),
        who=str(who),
        words=str(words),
        base=int(str(base)),
        diff=tuple((d["key"], d["old"], d["new"]) for d in json.loads(str(diff))),
        plan=str(plan),
        locks=tuple(json.loads(str(locks))),
        undoes=None if undoes is None else int(str(undoes)),
        id=int(str(id_)),
        state=ChangeState(str(state)),
        why=str(why),
        applied_s=None if applied_s is None else float(str(applied_s)),
    )
