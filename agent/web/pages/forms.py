"""What the page's forms send. Text only; what a command may be, `agent.live.command` says."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.live.command import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from agent.live.command import LiveCommand

MOST_FIELDS = 100
_NUMBERS = {"exposure_ms": 1.0, "visit": 1.0, "ask": 1.0, "delay_s": 1.0}
_TEXTS = ("command", "why", "fov", "channel")


async def form_of(request: Request) -> dict[str, str]:
    """The texts of a form, without space around them; a file is none."""
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        return {key: value.strip() for key, value in form.items() if isinstance(value, str)}


def command_of(form: Mapping[str, str]) -> LiveCommand:
    """A live command from a form's fields; empty ones count as left out.

    `delay_min` is in minutes. Raises ValueError in one line.
    """
    said: dict[str, object] = {key: form[key] for key in _TEXTS if form.get(key)}
    for key in _NUMBERS:
        if form.get(key):
            said[key] = _number(key, form[key])
    if form.get("delay_min"):
        said["delay_s"] = 60.0 * _number("delay_min", form["delay_min"])
    if form.get("attended"):
        said["attended"] = form["attended"] == "1"
    return parse(said)


def start_of(text: str) -> dt.datetime | None:
    """A time as browsers send it (local time of this computer), in UTC; None for an empty one.

    Raises ValueError in one line.
    """
    if not text:
        return None
    try:
        there = dt.datetime.fromisoformat(text)
        return there.astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("the start is no time; write 2026-03-01T20:00, or leave it out") from None


def _number(key: str, text: str) -> float | int:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{key}: {text[:40]!r} is no number") from None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
