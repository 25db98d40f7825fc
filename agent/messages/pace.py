"""When a message may go out: back-off, rate limit, storms, quiet hours. Pure functions."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.messages.config import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from agent.messages.config import QuietHours, RateConfig, RetryConfig

_STEPS = (1, 3, 6, 12, 30, 60, 90)  # 10 s, 30 s, 1 min, 2 min, 5 min, 10 min, 15 min
_MOST_DOUBLINGS = 5


def retry_after_s(attempts: int, retry: RetryConfig) -> float:
    """Wait after so many failed tries (from 1)."""
    step = _STEPS[min(max(attempts, 1), len(_STEPS)) - 1]
    return min(step * retry.first_s, retry.most_s)


def storm_window_s(level: int, coalesce_s: float) -> float:
    """How long the same thing is collected, while it goes on: longer each time, up to 32 times."""
    return coalesce_s * float(2 ** min(max(level, 0), _MOST_DOUBLINGS))


def free_at(sent: Iterable[dt.datetime], now: dt.datetime, rate: RateConfig) -> dt.datetime:
    """When the rate limit lets the next message go (`now` or later).

    A bucket of `burst` tokens that fills by `per_hour`; `sent`: times of what went out before.
    """
    every_s = 3600.0 / rate.per_hour
    tokens, last = float(rate.burst), None
    for when in sorted(when for when in sent if when <= now):
        if last is not None:
            tokens = min(float(rate.burst), tokens + (when - last).total_seconds() / every_s)
        tokens, last = max(0.0, tokens - 1.0), when
    if last is None:
        return now
    tokens += (now - last).total_seconds() / every_s
    return now + dt.timedelta(seconds=max(0.0, (1.0 - tokens) * every_s))


def quiet_until(
    now: dt.datetime, hours: QuietHours | None, zone: ZoneInfo | None
) -> dt.datetime | None:
    """The end (UTC) of the quiet hours that `now` lies in; None outside of them."""
    if hours is None:
        return None
    start, end = parse_time(hours.from_), parse_time(hours.until)
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    if start <= end:
        inside, days = start <= at < end, 0
    else:
        inside, days = at >= start or at < end, int(at >= start)
    if not inside:
        return None
    return instant(local.date() + dt.timedelta(days=days), end, zone)


def next_summary(now: dt.datetime, at: dt.time, zone: ZoneInfo | None) -> dt.datetime:
    """The first moment (UTC) after `now` at which a local clock shows `at`.

    Once a day, also when the clock is changed: a time that it leaps over falls on the same moment
    counted from before the leap (02:30 becomes 03:30), of one that it shows twice the first counts.
    """
    day = now.astimezone(zone).date() - dt.timedelta(days=1)
    while (moment := instant(day, at, zone)) <= now:
        day += dt.timedelta(days=1)
    return moment


def missed_summary(
    last: dt.datetime | None, now: dt.datetime, at: dt.time, zone: ZoneInfo | None, grace_s: float
) -> bool:
    """Whether a summary fell due since `last` (the one before) and is not too old to be sent."""
    day = now.astimezone(zone).date() + dt.timedelta(days=1)
    while (moment := instant(day, at, zone)) > now:
        day -= dt.timedelta(days=1)
    recent = (now - moment).total_seconds() <= grace_s
    return recent and (last is None or last < moment)


def instant(day: dt.date, at: dt.time, zone: ZoneInfo | None) -> dt.datetime:
    """The moment (UTC) at which a local clock shows `at` on `day`; None: this machine's zone."""
    naive = dt.datetime.combine(day, at)
    local = naive if zone is None else naive.replace(tzinfo=zone)
    return local.astimezone(dt.UTC)
