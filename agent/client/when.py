"""`--at`: a moment in local time, as people write it."""

from __future__ import annotations

import datetime as dt
import re

from agent.finding import config_error, short

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def moment(said: str, now: dt.datetime) -> dt.datetime:
    """`22:30` (the next one), or ISO 8601; without a zone: local. In UTC. Raises ConfigError.

    `now` is aware, in local time.
    """
    clock = _CLOCK.fullmatch(said.strip())
    if clock:
        wall = now.replace(tzinfo=None, second=0, microsecond=0)
        wall = wall.replace(hour=int(clock[1]), minute=int(clock[2]))
        if wall.astimezone() <= now:
            wall += dt.timedelta(days=1)
        return wall.astimezone(dt.UTC)
    try:
        return dt.datetime.fromisoformat(said.strip()).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        remedy = "write 22:30, or 2026-03-01 22:30"
        raise config_error("--at", f"{short(said)} is no time", remedy) from None
