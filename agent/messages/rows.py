"""Rows of the outbox as data, and the queries that find them."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.messages.delivery import Delivery, DeliveryState
from agent.messages.message import MessageKind

if TYPE_CHECKING:
    import sqlite3

    from agent.messages.message import Message

DELIVERY = """
SELECT d.id, d.message, d.target, d.state, d.attempts, m.kind, m.run, m.utc, m.title, m.text,
       m.picture, m.urgent, m.times, m.last_utc, m.last_text, m.level, m.since_utc, d.next_utc,
       d.created_utc, d.sent_utc, d.error, d.perhaps
FROM deliveries d JOIN messages m ON m.id = d.message
"""


@dataclass(frozen=True, slots=True)
class Before:
    """The latest message of a key."""

    id: int
    waits: bool  # nobody has it yet
    level: int
    since_utc: dt.datetime
    quiet_utc: dt.datetime
    targets: tuple[str, ...]


def latest_of_key(db: sqlite3.Connection, message: Message) -> Before | None:
    """The latest message of the same run and key."""
    row = db.execute(
        "SELECT id, level, since_utc, quiet_utc FROM messages WHERE run=? AND key=?"
        " ORDER BY id DESC LIMIT 1",
        (message.run, message.key),
    ).fetchone()
    if row is None:
        return None
    ways = db.execute(
        "SELECT target, state, perhaps FROM deliveries WHERE message=?", (row[0],)
    ).fetchall()
    fresh = all(state == DeliveryState.QUEUED and not perhaps for _, state, perhaps in ways)
    return Before(
        id=row[0],
        waits=fresh,
        level=row[1],
        since_utc=time_of(row[2]),
        quiet_utc=time_of(row[3]),
        targets=tuple(target for target, _, _ in ways),
    )


def join(db: sqlite3.Connection, before: Before, message: Message, text: str) -> None:
    """Count `message` in the one that waits already."""
    db.execute(
        "UPDATE messages SET times=times+1, last_utc=max(last_utc, ?),"
        " last_text=CASE WHEN text=? THEN '' ELSE ? END, urgent=max(urgent, ?) WHERE id=?",
        (text_of(message.utc), text, text, int(message.urgent), before.id),
    )


def first_due(db: sqlite3.Connection, target: str, now: dt.datetime) -> tuple[int, int, int] | None:
    """The next delivery for a target: whether urgent, whether free of the rate limit, its id."""
    row: tuple[int, int, int] | None = db.execute(
        "SELECT m.urgent, d.free, d.id FROM deliveries d JOIN messages m ON m.id=d.message"
        " WHERE d.target=? AND d.state='queued' AND d.next_utc<=?"
        " ORDER BY m.urgent DESC, d.free DESC, d.id LIMIT 1",
        (target, text_of(now)),
    ).fetchone()
    return row


def one_delivery(db: sqlite3.Connection, id_: int) -> Delivery:
    """One delivery."""
    return delivery_of(db.execute(f"{DELIVERY} WHERE d.id=?", (id_,)).fetchone())


def delivery_of(row: tuple[object, ...]) -> Delivery:
    """A row of the query `DELIVERY`."""
    values = list(row)
    values[3], values[5] = DeliveryState(str(row[3])), MessageKind(str(row[5]))
    values[11], values[21] = bool(row[11]), bool(row[21])
    for place in (7, 13, 16, 17, 18):
        values[place] = time_of(str(row[place]))
    values[19] = None if row[19] is None else time_of(str(row[19]))
    return Delivery(*values)  # type: ignore[arg-type]


def file_name(db: sqlite3.Connection) -> str:
    """A name of this file, made once: two files give no two messages the same mark."""
    row = db.execute("SELECT value FROM facts WHERE key='name'").fetchone()
    if row is None:
        row = (secrets.token_hex(3),)
        db.execute("INSERT INTO facts VALUES ('name', ?)", row)
    name: str = row[0]
    return name


def text_of(when: dt.datetime) -> str:
    """As it stands in the file."""
    return when.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def time_of(text: str) -> dt.datetime:
    """And back."""
    return dt.datetime.fromisoformat(text)


def maybe_time(text: str | None) -> dt.datetime | None:
    """And back, where there is one."""
    return None if text is None else time_of(text)
