"""A plan that begins at a set time: refused when it is over, else waited for with the light off."""

from __future__ import annotations

import datetime as dt
import sys
import time
from typing import TYPE_CHECKING

from agent.commands.interrupt import Interrupted
from agent.finding import config_error, line_of
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.load import LoadedPlan
    from agent.session import Session

PAST_S = 60.0  # a start so long ago is a mistake; one not so long ago is now
SAY_EVERY_S = 3600.0
NAP_S = 0.5  # short, so that Ctrl-C and a changed wall clock are noticed


def moment(start_at: dt.datetime) -> dt.datetime:
    """A plan's start with its zone: times without one are this machine's."""
    return start_at.astimezone()


def appointment(loaded: LoadedPlan, now: dt.datetime) -> dt.datetime | None:
    """When a run of this plan begins; None: now. ConfigError when that time is over."""
    if loaded.plan.start_at is None:
        return None
    start = moment(loaded.plan.start_at)
    if (now - start).total_seconds() > PAST_S:
        message = f"{spoken(start)} is over: it is {spoken(now.astimezone())}"
        remedy = "give a time to come, or leave it out to begin at once"
        line = line_of("start_at", loaded.lines)
        raise config_error(loaded.path, message, remedy, key="start_at", line=line)
    return start if start > now else None


def wait(
    session: Session,
    start: dt.datetime,
    *,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    nap: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until the calendar says `start`; nothing is imaged, the light is off before and after.

    By the calendar, so that a machine that was asleep or set right begins in time. Raises
    Interrupted, and InstrumentFault when the objective is another one afterwards.
    """
    said: dt.datetime | None = None
    try:
        while (left_s := (start - now()).total_seconds()) > 0:
            if said is None or (now() - said).total_seconds() >= SAY_EVERY_S:
                said = now()
                _say(f"waiting until {spoken(start)} ({_span(left_s)}), light off")
            nap(min(NAP_S, left_s))
    except Interrupted as why:
        raise Interrupted(f"{why}; not begun, nothing was written") from None
    left_on = session.microscope.light_off()
    if left_on:
        message = f"could NOT switch off: {', '.join(left_on)}; not begun"
        raise InstrumentFault(FaultKind.DEVICE, message)
    in_place = session.microscope.read().objective
    if in_place != session.home:
        message = f"objective {in_place or 'unknown'} in place, it was {session.home or 'unknown'}"
        raise InstrumentFault(
            FaultKind.DEVICE, f"{message} when the wait began; not begun. Start it again."
        )


def at_once(loaded: LoadedPlan, what: str) -> None:
    """Say that a rehearsal (or a replay) does not wait."""
    if loaded.plan.start_at is not None:
        start = spoken(moment(loaded.plan.start_at))
        _say(f"note: a {what} starts at once; a run would wait until {start}")


def spoken(time_: dt.datetime) -> str:
    """``Wednesday 2026-11-25 22:00 CET``."""
    return time_.strftime("%A %Y-%m-%d %H:%M %Z").strip()


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, minutes = divmod(minutes, 60)
    return f"in {hours} h {minutes} min" if hours else f"in {minutes} min"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
