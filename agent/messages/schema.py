"""Tables of the outbox. Times are ISO 8601 in UTC, all of one width, so that they sort as text."""

from __future__ import annotations

VERSION = 1

DDL = f"""
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    utc TEXT NOT NULL,                       -- when it (first) happened
    kind TEXT NOT NULL,                      -- MessageKind
    run TEXT NOT NULL, key TEXT NOT NULL,
    title TEXT NOT NULL, text TEXT NOT NULL, -- redacted
    picture TEXT NOT NULL DEFAULT '',
    urgent INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,        -- so often did it happen
    last_utc TEXT NOT NULL,                  -- and the last time then
    last_text TEXT NOT NULL DEFAULT '',      -- what was said then, where that differs
    level INTEGER NOT NULL DEFAULT 0,        -- how many messages of this storm came before
    since_utc TEXT NOT NULL,                 -- when the storm began
    quiet_utc TEXT NOT NULL                  -- until then the same key waits for company
);
CREATE INDEX IF NOT EXISTS messages_key ON messages (run, key, id);
CREATE TABLE IF NOT EXISTS deliveries (      -- one message to one target
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages (id),
    target TEXT NOT NULL,                    -- by name, or the plan's address; '': nobody wants it
    state TEXT NOT NULL,                     -- DeliveryState
    attempts INTEGER NOT NULL DEFAULT 0,
    created_utc TEXT NOT NULL, next_utc TEXT NOT NULL,
    hold TEXT NOT NULL DEFAULT '',           -- Hold: why it waits though nothing has failed
    sent_utc TEXT, error TEXT NOT NULL DEFAULT '',
    perhaps INTEGER NOT NULL DEFAULT 0,      -- 1: an earlier try may have arrived
    inside INTEGER,                          -- the message that it was put into
    free INTEGER NOT NULL DEFAULT 0          -- 1: not counted by the rate limit
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, target, next_utc);
CREATE INDEX IF NOT EXISTS deliveries_message ON deliveries (message);
CREATE TABLE IF NOT EXISTS targets (
    name TEXT PRIMARY KEY,
    last_sent_utc TEXT, failing_utc TEXT,    -- since when no try has arrived; NULL: all is well
    error TEXT NOT NULL DEFAULT '',
    told INTEGER NOT NULL DEFAULT 0,         -- the other targets know that this one fails
    holding_utc TEXT                         -- since when the rate limit holds messages back
);
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version={VERSION};
"""
