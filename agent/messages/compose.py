"""Messages about one run, from its journal. They never raise: better a poor message than none."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.journal.states import Outcome
from agent.messages.attention import attention
from agent.messages.message import Message, MessageKind
from agent.messages.picture import picture_of
from agent.report.headline import headline, provenance, unfinished
from agent.report.light import light_of
from agent.report.planfacts import plan_facts
from agent.report.read import read_run
from agent.report.unpack import as_text
from agent.report.words import at, duration, many

if TYPE_CHECKING:
    from pathlib import Path

    from agent.report.record import Burst, Record

_MOST_BURSTS = 6
_ENDINGS = {
    Outcome.COMPLETE: "Complete",
    Outcome.STOPPED: "Stopped before its end",
    Outcome.FAILED: "Failed",
    Outcome.RUNNING: "Interrupted",
}


def done_message(
    run_dir: Path,
    *,
    now: dt.datetime,
    pictures: Path | None = None,
    link: str = "",
    said: str = "",
) -> Message:
    """The end of a run: the report's summary in words, what needs attention, and a picture.

    A run that failed or was interrupted is trouble; all but a complete one whose account balances
    is urgent. `pictures`: the folder for the picture, None for none; `link`: where the report is.
    `said`: why it came to an end that its journal may not know, where that is trouble.
    """
    run = run_dir.name
    try:
        record = read_run(run_dir)
        parts, needs = _done_parts(record), _needs(record)
        ending = _ENDINGS[record.run.outcome]
        failed = record.run.outcome in (Outcome.FAILED, Outcome.RUNNING)
        urgent = record.run.outcome is not Outcome.COMPLETE or "does NOT balance" in needs
        picture = None if pictures is None else picture_of(record, pictures / f"{run}-done.png")
    except Exception as error:  # of a torn journal: the end itself is news enough
        parts, needs = [f"Its journal cannot be read: {type(error).__name__}: {error}"], ""
        ending, failed, urgent, picture = "Ended", True, True, None
    report = run_dir / "report.html"
    where = link or (str(report) if report.is_file() else "")
    if said and not any(said in part for part in (*parts, needs)):
        parts, failed, urgent = [said, *parts], True, True
    text = [*parts, needs, f"Report: {where}" if where else f"Its folder: {run_dir}"]
    return Message(
        kind=MessageKind.TROUBLE if failed else MessageKind.DONE,
        title=f"{ending}: {run}",
        text="\n\n".join(part for part in text if part),
        utc=now,
        run=run,
        picture=picture,
        urgent=urgent,
    )


def event_message(
    run_dir: Path, burst: int, *, now: dt.datetime, pictures: Path | None = None
) -> Message:
    """A burst began: where, why, how long, with the frames there are."""
    run = run_dir.name
    title, text, picture = f"A burst began: {run}", f"Burst {burst}.", None
    try:
        record = read_run(run_dir)
        found = next((b for b in record.bursts if b.id == burst), None)
        if found is not None:
            title = f"Burst in {found.fov}: {run}"
            text = _burst_began(record, found)
        if pictures is not None:
            picture = picture_of(record, pictures / f"{run}-burst-{burst}.png", burst)
    except Exception as error:
        text += f" Its journal cannot be read: {type(error).__name__}: {error}"
    return Message(MessageKind.EVENT, title, text, now, run, picture, key=f"event {burst}")


def trouble_message(
    title: str,
    what: str,
    *,
    now: dt.datetime,
    key: str,
    run: str = "",
    remedy: str = "",
    light: str = "",
) -> Message:
    """Something needs a person. `light`: how the light stands, in words; `key`: kind of trouble."""
    parts = [what, f"Light: {light}." if light else "", f"What to do: {remedy}" if remedy else ""]
    text = "\n".join(part for part in parts if part)
    return Message(MessageKind.TROUBLE, title, text, now, run, key=key, urgent=True)


def question_message(
    run: str,
    action: str,
    reason: str,
    *,
    ask: int,
    default: str,
    expires: dt.datetime,
    now: dt.datetime,
    link: str = "",
    zone: dt.tzinfo | None = None,
) -> Message:
    """The run wants something and waits for an answer; all in words. `expires`: aware."""
    until = expires.astimezone(zone)
    lines = [
        f"It wants to: {action}",
        f"Why: {reason}",
        f"Without an answer until {until:%H:%M}: {default}",
        f"Answer: {link}" if link else "Answer on the service's page, or with microscout approve.",
    ]
    title = f"A question of {run}"
    text = "\n".join(lines)
    return Message(MessageKind.QUESTION, title, text, now, run, key=f"ask {ask}", urgent=True)


def milestone_message(run: str, what: str, text: str, *, now: dt.datetime) -> Message:
    """The run began, was resumed, is half way."""
    return Message(MessageKind.MILESTONE, f"{what}: {run}", text, now, run, key=f"milestone {what}")


# ---------------------------------------------------------------------- words


def _done_parts(record: Record) -> list[str]:
    facts = plan_facts(record.run.plan)
    bursts = [f"- {_burst_line(record, burst)}" for burst in record.bursts[:_MOST_BURSTS]]
    if len(record.bursts) > _MOST_BURSTS:
        bursts.append(f"- and {many(len(record.bursts) - _MOST_BURSTS, 'other burst')}")
    return [
        provenance(record),
        facts.goal,
        headline(record),
        unfinished(record),
        "\n".join(["Bursts, by the time since the start:", *bursts]) if bursts else "",
    ]


def _needs(record: Record) -> str:
    lines = attention(record, light_of(record, plan_facts(record.run.plan)))
    if not lines:
        return "Nothing needs attention."
    return "\n".join(["What needs attention:", *(f"- {line}" for line in lines)])


def _burst_line(record: Record, burst: Burst) -> str:
    end_s = burst.ended_s or min(burst.until_s, max(record.run.last_s, burst.start_s))
    why = f"; {as_text(burst.why_ended, 120)}" if burst.why_ended else ""
    return f"{burst.fov} at {at(burst.start_s)} for {duration(end_s - burst.start_s)}{why}"


def _burst_began(record: Record, burst: Burst) -> str:
    why = next((d.reason for d in record.decisions if d.visit == burst.cause), "")
    planned = duration(burst.until_s - burst.start_s)
    began = f"Field {burst.fov} is imaged fast since {at(burst.start_s)}, for {planned} at most."
    parts = [provenance(record), began, f"Why: {as_text(why, 300)}" if why else ""]
    return "\n".join(part for part in parts if part)
