"""Numbers in words a biologist reads in the morning. Pure; units always said."""

from __future__ import annotations

import datetime as dt

J_CM2 = "J/cm²"
EXPOSURE_S = "s of exposure"
_UP_TO_SIX = ("no", "one", "two", "three", "four", "five", "six")
_SMALL = (*_UP_TO_SIX, "seven", "eight", "nine", "ten", "eleven", "twelve")


def duration(seconds: float | None) -> str:
    """``6 h 0 min``, ``4 min 20 s``, ``12 s``."""
    if seconds is None:
        return "unknown"
    total = max(0, round(seconds))
    if total >= 3570:  # 59.5 min
        minutes = round(total / 60)
        return f"{minutes // 60:,} h {minutes % 60} min"
    if total >= 600:
        return f"{round(total / 60)} min"
    if total >= 60:
        minutes, rest = divmod(total, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{total} s" if seconds >= 1 or seconds <= 0 else f"{seconds:.1f} s"


def at(seconds: float) -> str:
    """A moment of the run: ``2:14:05``, hours since its start."""
    total = max(0, int(seconds))
    return f"{total // 3600}:{total // 60 % 60:02d}:{total % 60:02d}"


def clock(started_utc: str, seconds: float) -> str:
    """The same moment on this machine's wall clock, or "" when the start is not known."""
    try:
        start = dt.datetime.fromisoformat(started_utc)
    except ValueError:
        return ""
    if start.tzinfo is None:
        start = start.replace(tzinfo=dt.UTC)
    return (start + dt.timedelta(seconds=seconds)).astimezone().strftime("%H:%M")


def day(started_utc: str) -> str:
    """The start as a date with the time and its zone, or the text as it stands."""
    try:
        start = dt.datetime.fromisoformat(started_utc)
    except ValueError:
        return started_utc
    if start.tzinfo is None:
        start = start.replace(tzinfo=dt.UTC)
    return start.astimezone().strftime("%A %d %B %Y, %H:%M %Z").replace(" 0", " ")


def many(n: int, noun: str, plural: str = "") -> str:
    """``1 visit``, ``1,234 visits``, ``no visits``."""
    if n == 1:
        return f"1 {noun}"
    return f"{f'{n:,}' if n else 'no'} {plural or noun + 's'}"


def spelled(n: int) -> str:
    """Small numbers as words: ``nine``; larger ones in digits."""
    return _SMALL[n] if 0 <= n < len(_SMALL) else f"{n:,}"


def figure(value: float | None) -> str:
    """Three significant digits, no exponent for everyday sizes."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def percent(share: float | None) -> str:
    """``18 %``; below 10 % with one decimal."""
    if share is None:
        return "–"
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 or value == 0 else f"{value:.1f} %"


def amount(value: float | None, unit: str) -> str:
    """A figure with its unit."""
    return "unknown" if value is None else f"{figure(value)} {unit}"
