"""From a clock time as said to a date and time, seen from now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.planner.reading.clock_words import Clock, Day, Time


def resolve(clock: Clock, now: datetime) -> tuple[datetime, datetime | None] | None:
    """When it is, the next one that fits, and the second reading of an ambiguous one.

    None for a date that no calendar has.
    """
    if clock.time is None:
        day = _date(clock.day, now, (0, 0)) if clock.day else None
        return (day, None) if day else None
    hour, days = _hour(clock.time, clock.day)
    first = _on(clock, hour, days, now)
    if first is None:
        return None
    second = None
    if clock.ambiguous and not clock.time.named and clock.time.hour <= 12:
        second = _on(clock, (hour + 12) % 24, days, now)
    return first, second


def _hour(time: Time, day: Day | None) -> tuple[int, int]:
    """Hour of 24 and days to add (24:00, one hour after midnight of "tonight")."""
    hour, days = time.hour, 0
    evening = day is not None and day.evening
    if hour == 24:
        return 0, 1
    if time.named:
        return hour, 1 if hour == 0 and day is not None else 0
    if time.half == "am" and hour == 12:
        hour = 0
    elif time.half == "pm" and hour < 12:
        hour += 12
    elif time.half == "night":
        hour = hour % 12 if hour in (12, *range(6)) else hour + 12 if hour < 12 else hour
    elif not time.half and evening and 5 < hour < 12:
        hour += 12
    if evening and hour <= 5:
        days = 1
    return hour, days


def _on(clock: Clock, hour: int, days: int, now: datetime) -> datetime | None:
    time = clock.time
    minute = time.minute if time else 0
    second = time.second if time else 0
    if clock.day is None:
        today = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return today if today > now else today + timedelta(days=1)
    day = _date(clock.day, now, (hour, minute))
    return day and day.replace(hour=hour, minute=minute, second=second) + timedelta(days=days)


def _date(day: Day, now: datetime, time: tuple[int, int]) -> datetime | None:
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if day.offset is not None:
        return today + timedelta(days=day.offset)
    if day.weekday is not None:
        ahead = (day.weekday - now.weekday()) % 7
        if ahead == 0 and time <= (now.hour, now.minute):
            ahead = 7
        return today + timedelta(days=ahead)
    year, month, number = day.date or (0, 0, 0)
    try:
        found = today.replace(year=year or now.year, month=month, day=number)
        if not year and found < today:
            found = found.replace(year=now.year + 1)
    except ValueError:
        return None
    return found
