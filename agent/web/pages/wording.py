"""Times and states as people read them."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote

from markupsafe import Markup

from agent.report.words import at, duration
from agent.service.states import ExperimentState

_STATES = {
    ExperimentState.WAITING: "waiting",
    ExperimentState.STARTING: "being prepared",
    ExperimentState.RUNNING: "running",
    ExperimentState.PAUSED: "paused",
    ExperimentState.STOPPING: "ending after this visit",
    ExperimentState.HELD: "held",
    ExperimentState.COMPLETE: "complete",
    ExperimentState.STOPPED: "stopped",
    ExperimentState.FAILED: "failed",
    ExperimentState.WITHDRAWN: "withdrawn",
}


def state_in_words(state: ExperimentState) -> str:
    """As people say it."""
    return _STATES.get(state, str(state))


def local(utc: dt.datetime | None, now: dt.datetime | None = None) -> Markup:
    """This computer's local time, with UTC in the title. "" for none."""
    if utc is None:
        return Markup("")
    if utc.tzinfo is None:
        utc = utc.replace(tzinfo=dt.UTC)
    here = utc.astimezone()
    today = (now or dt.datetime.now(dt.UTC)).astimezone().date()
    shown = here.strftime("%H:%M:%S" if here.date() == today else "%a %d %b %H:%M")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.astimezone(dt.UTC).isoformat(timespec="seconds"),
        utc.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        shown,
    )


def moment(time_s: float | None, started_utc: str = "") -> Markup:
    """A moment of a run: hours since its start; of a real run with the time of day."""
    if time_s is None:
        return Markup("–")
    try:
        start = dt.datetime.fromisoformat(started_utc)
    except ValueError:
        return Markup('<span class="t">{}</span>').format(at(time_s))
    start = start if start.tzinfo is not None else start.replace(tzinfo=dt.UTC)
    clock = local(start + dt.timedelta(seconds=time_s))
    return Markup('<span class="t">{}</span> <span class="clock">{}</span>').format(
        at(time_s), clock
    )


def zone() -> str:
    """The zone of this computer's local times."""
    return dt.datetime.now().astimezone().strftime("%Z (UTC%z)")


def slot_in_words(slot: str) -> str:
    """A slot's name without the unit that its value has anyway: "reaction: interval"."""
    parts = (re.sub(r"_(s|ms|um|j_cm2)$", "", part).replace("_", " ") for part in slot.split("."))
    return ": ".join(parts)


def value_in_words(value: str) -> str:
    """A slot's value as it is said: "12 h" for "43200 s"."""
    seconds = re.fullmatch(r"(\d+) s", value)
    if seconds is None or int(seconds[1]) < 60 or int(seconds[1]) % 60:
        return value  # rounding would tell something else than what is done
    return duration(int(seconds[1])).removesuffix(" 0 min")


def url_part(text: object) -> str:
    """For a query or path of a URL."""
    return quote(str(text), safe="")
