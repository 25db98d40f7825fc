"""What waits to be sent, and what became of everything before: the record of who was told what.

A message is written down before anything is sent. It arrives at least once: what was under way when
the program died is sent again after the restart, with the same mark in it ("message 3f9a1c-17") and
a word that it may be the second time. What was sent is never sent again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.messages.delivery import Delivery, DeliveryState, Hold, TargetHealth
from agent.messages.holding import digest, hold_back, sent_lately
from agent.messages.message import LONGEST_TEXT, LONGEST_TITLE
from agent.messages.pace import free_at, quiet_until, retry_after_s, storm_window_s
from agent.messages.redact import KNOWN
from agent.messages.rows import (
    DELIVERY,
    delivery_of,
    file_name,
    first_due,
    join,
    latest_of_key,
    maybe_time,
    one_delivery,
    text_of,
    time_of,
)
from agent.messages.store import Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from pathlib import Path

    from agent.messages.config import MessagesConfig
    from agent.messages.message import Message

KEEP_DAYS = 90


@dataclass(frozen=True, slots=True)
class Posted:
    """A message in the outbox. `joined`: it became part of one that waits there already."""

    message: int
    joined: bool
    targets: tuple[str, ...]


class Outbox:
    """Used by all threads. One sender at a time may work on a file; others may put into it."""

    def __init__(self, path: Path, config: MessagesConfig) -> None:
        self._config = config
        self.store = Store(path)
        self.name = self.store.do(file_name)

    # ------------------------------------------------------------------ writing down

    def put(self, message: Message, targets: Iterable[str], now: dt.datetime) -> Posted:
        """Write a message down for these targets; committed when it returns."""
        wanted = tuple(dict.fromkeys(targets))
        title = KNOWN(" ".join(message.title.split()))[:LONGEST_TITLE]
        text = KNOWN(message.text.strip())[:LONGEST_TEXT]

        def work(db: sqlite3.Connection) -> Posted:
            before = latest_of_key(db, message) if message.key else None
            if before is not None and before.waits:
                join(db, before, message, text)
                return Posted(before.id, True, before.targets)
            level, due, hold, since = 0, now, Hold.NO, message.utc
            if before is not None and now < before.quiet_utc:
                level, due, hold = before.level + 1, before.quiet_utc, Hold.STORM
                since = before.since_utc
            quiet = None if message.urgent else self._quiet(now)
            if quiet is not None and quiet > due:
                due, hold = quiet, Hold.QUIET
            window_s = storm_window_s(level, self._config.coalesce_s)
            id_ = db.execute(
                "INSERT INTO messages (utc, kind, run, key, title, text, picture, urgent,"
                " last_utc, level, since_utc, quiet_utc) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    text_of(message.utc),
                    message.kind,
                    message.run,
                    message.key,
                    title,
                    text,
                    "" if message.picture is None else str(message.picture),
                    int(message.urgent),
                    text_of(message.utc),
                    level,
                    text_of(since),
                    text_of(due + dt.timedelta(seconds=window_s)),
                ),
            ).lastrowid
            for target in wanted or ("",):
                state = DeliveryState.QUEUED if target else DeliveryState.SUPPRESSED
                db.execute(
                    "INSERT INTO deliveries (message, target, state, created_utc, next_utc, hold)"
                    " VALUES (?,?,?,?,?,?)",
                    (id_, target, state, text_of(now), text_of(due), hold),
                )
            return Posted(id_ or 0, False, wanted)

        return self.store.do(work)

    # ------------------------------------------------------------------ sending

    def recover(self, now: dt.datetime) -> int:
        """At the start: what was under way when the program died goes back into the queue."""

        def work(db: sqlite3.Connection) -> int:
            old = text_of(now - dt.timedelta(days=KEEP_DAYS))
            done = "SELECT id FROM messages WHERE utc < ? AND id NOT IN (SELECT message FROM"
            done += " deliveries WHERE state IN ('queued', 'sending'))"
            db.execute(f"DELETE FROM deliveries WHERE message IN ({done})", (old,))
            db.execute(
                "DELETE FROM messages WHERE id NOT IN (SELECT message FROM deliveries) AND utc < ?",
                (old,),
            )
            return db.execute(
                "UPDATE deliveries SET state='queued', perhaps=1, next_utc=? WHERE state='sending'",
                (text_of(now),),
            ).rowcount

        return self.store.do(work)

    def due_targets(self, now: dt.datetime) -> list[str]:
        """Targets for which something may be sent now."""
        rows = self.store.rows(
            "SELECT DISTINCT target FROM deliveries WHERE state='queued' AND next_utc<=?"
            " ORDER BY target",
            text_of(now),
        )
        return [row[0] for row in rows]

    def next_due(self) -> dt.datetime | None:
        """When the next one falls due."""
        value = self.store.rows("SELECT min(next_utc) FROM deliveries WHERE state='queued'")[0][0]
        return None if value is None else time_of(value)

    def claim(self, target: str, now: dt.datetime) -> Delivery | None:
        """The next one for a target, marked as being sent; None where none may go now.

        Urgent ones first, and never held. Where the rate limit holds some, one notice says so; when
        it lets go, three and more become one message.
        """

        def work(db: sqlite3.Connection) -> Delivery | None:
            due = first_due(db, target, now)
            if due is None:
                return None
            urgent, free, number = due
            id_: int | None = number
            if not urgent and not free:
                at = free_at(sent_lately(db, target, now), now, self._config.rate)
                if at > now:
                    id_ = hold_back(db, target, now, at, self._config)
                else:
                    id_ = digest(db, target, now, self._config.zone) or id_
            if id_ is None:
                return None
            db.execute(
                "UPDATE deliveries SET state='sending', attempts=attempts+1, hold='' WHERE id=?",
                (id_,),
            )
            return one_delivery(db, id_)

        return self.store.do(work)

    def sent(self, delivery: int, now: dt.datetime) -> bool:
        """It arrived. False where that was known before (or it is no longer wanted)."""

        def work(db: sqlite3.Connection) -> bool:
            changed = db.execute(
                "UPDATE deliveries SET state='sent', sent_utc=?, error='', perhaps=0"
                " WHERE id=? AND state IN ('sending', 'queued', 'failed')",
                (text_of(now), delivery),
            ).rowcount
            (target,) = db.execute(
                "SELECT target FROM deliveries WHERE id=?", (delivery,)
            ).fetchone()
            db.execute(
                "INSERT INTO targets (name, last_sent_utc) VALUES (?,?) ON CONFLICT (name) DO"
                " UPDATE SET last_sent_utc=excluded.last_sent_utc, failing_utc=NULL, error='',"
                " told=0",
                (target, text_of(now)),
            )
            db.execute(  # the server is back: what failed before need not wait any longer
                "UPDATE deliveries SET next_utc=? WHERE target=? AND state='queued'"
                " AND attempts>0 AND hold=''",
                (text_of(now), target),
            )
            return bool(changed)

        return self.store.do(work)

    def failed(
        self, delivery: int, error: str, now: dt.datetime, *, attempt: int, perhaps: bool = False
    ) -> DeliveryState:
        """Try number `attempt` did not arrive (or, with `perhaps`, nobody knows).

        Again later, or given up. What an older try says after it was given up changes nothing.
        """
        error, retry = KNOWN(error)[:500], self._config.retry

        def work(db: sqlite3.Connection) -> DeliveryState:
            row = db.execute(
                "SELECT state, target, attempts, created_utc FROM deliveries WHERE id=?",
                (delivery,),
            ).fetchone()
            if row[0] != DeliveryState.SENDING or row[2] != attempt:
                return DeliveryState(row[0])
            again = now + dt.timedelta(seconds=retry_after_s(row[2], retry))
            end = time_of(row[3]) + dt.timedelta(seconds=retry.give_up_s)
            state = DeliveryState.QUEUED if again <= end else DeliveryState.FAILED
            db.execute(
                "UPDATE deliveries SET state=?, next_utc=?, error=?, perhaps=max(perhaps, ?)"
                " WHERE id=?",
                (state, text_of(again), error, int(perhaps), delivery),
            )
            db.execute(
                "INSERT INTO targets (name, failing_utc, error) VALUES (?,?,?) ON CONFLICT (name)"
                " DO UPDATE SET failing_utc=coalesce(failing_utc, excluded.failing_utc),"
                " error=excluded.error",
                (row[1], text_of(now), error),
            )
            return state

        return self.store.do(work)

    def due_at_once(self, now: dt.datetime, *, storms: bool) -> None:
        """No waiting any more: the clock was set back, or (with `storms` only) the program ends."""
        which = "hold='storm'" if storms else "hold IN ('', 'storm')"
        self.store.do(
            lambda db: db.execute(
                f"UPDATE deliveries SET next_utc=? WHERE state='queued' AND next_utc>? AND {which}",
                (text_of(now), text_of(now)),
            )
        )

    # ------------------------------------------------------------------ reading

    def latest(self, limit: int = 100, run: str | None = None) -> list[Delivery]:
        """The latest deliveries, latest first, of one run or of all."""
        rows = self.store.rows(
            f"{DELIVERY} WHERE ? IS NULL OR m.run=? ORDER BY d.id DESC LIMIT ?", run, run, limit
        )
        return [delivery_of(row) for row in rows]

    def waiting(self) -> int:
        """How many deliveries are on their way."""
        found: int = self.store.rows(
            "SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending')"
        )[0][0]
        return found

    def health(self) -> list[TargetHealth]:
        """How every target does that ever had a message."""
        rows = self.store.rows(
            "SELECT d.target, sum(d.state IN ('queued', 'sending')), t.failing_utc,"
            " coalesce(t.error, ''), t.last_sent_utc FROM deliveries d LEFT JOIN targets t"
            " ON t.name=d.target WHERE d.target!='' GROUP BY d.target ORDER BY d.target"
        )
        return [
            TargetHealth(row[0], row[1], maybe_time(row[2]), row[3], maybe_time(row[4]))
            for row in rows
        ]

    def tell_others(self, before: dt.datetime) -> list[TargetHealth]:
        """Targets that fail since before then, once each: the other ones should hear of it."""

        def work(db: sqlite3.Connection) -> list[TargetHealth]:
            rows = db.execute(
                "UPDATE targets SET told=1 WHERE told=0 AND failing_utc<=?"
                " RETURNING name, failing_utc, error, last_sent_utc",
                (text_of(before),),
            ).fetchall()
            return [TargetHealth(r[0], 0, time_of(r[1]), r[2], maybe_time(r[3])) for r in rows]

        return self.store.do(work)

    def fact(self, key: str, value: str | None = None) -> str | None:
        """Read a small fact, or write it down."""
        if value is None:
            rows = self.store.rows("SELECT value FROM facts WHERE key=?", key)
            return rows[0][0] if rows else None
        self.store.do(
            lambda db: db.execute("INSERT OR REPLACE INTO facts VALUES (?,?)", (key, value))
        )
        return value

    def mark(self, delivery: Delivery) -> str:
        """The same at every try to send it: by this a receiver knows a message that came twice."""
        return f"{self.name}-{delivery.id}"

    def close(self) -> None:
        """May be called twice."""
        self.store.close()

    # ------------------------------------------------------------------ inside

    def _quiet(self, now: dt.datetime) -> dt.datetime | None:
        return quiet_until(now, self._config.quiet_hours, self._config.zone)
