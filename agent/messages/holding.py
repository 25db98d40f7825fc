"""What the rate limit and quiet hours hold back: one notice, then all of it in one message."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.messages.message import MessageKind
from agent.messages.rows import text_of, time_of

if TYPE_CHECKING:
    import sqlite3
    from zoneinfo import ZoneInfo

    from agent.messages.config import MessagesConfig

_DIGEST_FROM = 3  # so many that were held back become one
_DIGEST_LINES = 40
_NOTICE_EVERY = dt.timedelta(hours=1)


def sent_lately(db: sqlite3.Connection, target: str, now: dt.datetime) -> list[dt.datetime]:
    """When the target got messages that count, in the last day."""
    rows = db.execute(
        "SELECT d.sent_utc FROM deliveries d JOIN messages m ON m.id=d.message"
        " WHERE d.target=? AND d.state='sent' AND d.sent_utc>=? AND m.urgent=0 AND d.free=0",
        (target, text_of(now - dt.timedelta(days=1))),
    )
    return [time_of(row[0]) for row in rows]


def hold_back(
    db: sqlite3.Connection,
    target: str,
    now: dt.datetime,
    until: dt.datetime,
    config: MessagesConfig,
) -> int | None:
    """Hold what is due and not urgent until then.

    The delivery of a notice that says so, at most once an hour; else None.
    """
    db.execute(
        "UPDATE deliveries SET hold='rate', next_utc=? WHERE target=? AND state='queued'"
        " AND next_utc<=? AND free=0 AND message IN (SELECT id FROM messages WHERE urgent=0)",
        (text_of(until), target, text_of(now)),
    )
    row = db.execute("SELECT holding_utc FROM targets WHERE name=?", (target,)).fetchone()
    if row is not None and row[0] is not None and time_of(row[0]) > now - _NOTICE_EVERY:
        return None
    db.execute(
        "INSERT INTO targets (name, holding_utc) VALUES (?,?) ON CONFLICT (name)"
        " DO UPDATE SET holding_utc=excluded.holding_utc",
        (target, text_of(now)),
    )
    local = until.astimezone(config.zone).strftime("%H:%M")
    text = (
        f"There are more than {config.rate.per_hour:g} an hour. What is not urgent is held back and"
        f" comes together from about {local} on; urgent ones still come at once. All of them are on"
        " the service's page."
    )
    said = (MessageKind.TROUBLE, "More messages are held back", text)
    return _insert(db, said, target, now, free=True)


def digest(
    db: sqlite3.Connection, target: str, now: dt.datetime, zone: ZoneInfo | None
) -> int | None:
    """What was held back, as one message; None where it is too little for that."""
    held = db.execute(
        "SELECT d.id, m.kind, m.title, m.utc, m.times FROM deliveries d JOIN messages m"
        " ON m.id=d.message WHERE d.target=? AND d.state='queued' AND d.next_utc<=?"
        " AND d.hold IN ('rate', 'quiet') AND m.urgent=0 AND d.attempts=0 ORDER BY d.id",
        (target, text_of(now)),
    ).fetchall()
    if len(held) < _DIGEST_FROM:
        return None
    lines = [
        f"- {time_of(utc).astimezone(zone):%H:%M} {kind}: {title}"
        + (f" ({times} times)" if times > 1 else "")
        for _, kind, title, utc, times in held[:_DIGEST_LINES]
    ]
    if len(held) > _DIGEST_LINES:
        lines.append(f"- and {len(held) - _DIGEST_LINES} more; the service's page has all of them")
    kinds = {row[1] for row in held}
    kind = next(k for k in MessageKind if k in kinds)
    title = f"{len(held)} messages that were held back"
    id_ = _insert(db, (kind, title, "\n".join(lines)), target, now, free=False)
    inside = db.execute("SELECT message FROM deliveries WHERE id=?", (id_,)).fetchone()[0]
    db.executemany(
        "UPDATE deliveries SET state='coalesced', inside=? WHERE id=?",
        [(inside, row[0]) for row in held],
    )
    return id_


def _insert(
    db: sqlite3.Connection,
    said: tuple[MessageKind, str, str],
    target: str,
    now: dt.datetime,
    *,
    free: bool,
) -> int:
    """A message of the outbox's own to one target; the delivery's number."""
    utc = text_of(now)
    message = db.execute(
        "INSERT INTO messages (utc, kind, run, key, title, text, urgent, last_utc, since_utc,"
        " quiet_utc) VALUES (?,?,'','',?,?,0,?,?,?)",
        (utc, *said, utc, utc, utc),
    ).lastrowid
    return (
        db.execute(
            "INSERT INTO deliveries (message, target, state, created_utc, next_utc, free)"
            " VALUES (?,?,'queued',?,?,?)",
            (message, target, utc, utc, int(free)),
        ).lastrowid
        or 0
    )
