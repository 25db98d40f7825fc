"""The morning summary: what ran since the last one, in numbers from the journals."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import Outcome, VisitState
from agent.messages.attention import attention
from agent.messages.message import Message, MessageKind
from agent.messages.picture import picture_of
from agent.report.headline import provenance
from agent.report.light import cost_of, light_of
from agent.report.planfacts import plan_facts
from agent.report.read import read_run
from agent.report.record import ReportError
from agent.report.unpack import as_text
from agent.report.words import amount, at, duration, many

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from agent.report.light import Light
    from agent.report.record import Burst, Record

_MOST_BURSTS = 8


@dataclass(frozen=True, slots=True)
class Night:
    """One run in the time of the summary. `lines`: what is said of it."""

    run: str
    visits: int
    bursts: int
    attention: tuple[str, ...]
    lines: tuple[str, ...]
    record: Record | None


def morning_summary(
    runs: Sequence[Path],
    since: dt.datetime,
    now: dt.datetime,
    *,
    zone: ZoneInfo | None = None,
    needs: Sequence[str] = (),
    pictures: Path | None = None,
) -> Message | None:
    """What ran between two moments (aware): visits, bursts, light, what needs attention.

    `runs`: run directories; those in which nothing happened are left out. `needs`: what else needs
    somebody (open questions, problems of the service). None where there is nothing to be said.
    """
    nights = [night for run in runs if (night := night_of(run, since, now, zone)) is not None]
    if not nights and not needs:
        return None
    wrong = [*needs, *(f"{n.run}: {line}" for n in nights for line in n.attention)]
    parts = [] if nights else ["Nothing ran."]
    parts += [
        "\n".join((f"{night.run}:", *(f"- {line}" for line in night.lines))) for night in nights
    ]
    if wrong:
        parts.append("\n".join(["What needs attention:", *(f"- {line}" for line in wrong)]))
    else:
        parts.append("Nothing needs attention.")
    return Message(
        kind=MessageKind.SUMMARY,
        title=_title(nights, len(wrong)),
        text="\n\n".join(parts),
        utc=now,
        run=nights[0].run if len(nights) == 1 else "",
        picture=_picture(nights, pictures, now),
    )


def night_of(
    run_dir: Path, since: dt.datetime, now: dt.datetime, zone: ZoneInfo | None = None
) -> Night | None:
    """One run between two moments; None where nothing of it lies between them."""
    run = run_dir.name
    try:
        record = read_run(run_dir)
    except ReportError as error:
        line = as_text(str(error), 300)
        return Night(run, 0, 0, (line,), ("its journal cannot be read",), None)
    start = _started(record)
    if start is None or start > now:
        return None
    if record.run.simulated:  # its hours are not those of the clock on the wall
        since_s = 0.0 if start >= since else float("inf")
    else:
        since_s = (since - start).total_seconds()
    if record.run.last_s < since_s:
        return None
    made = [
        v for v in record.visits if v.started_s is not None and v.started_s >= max(since_s, 0.0)
    ]
    delivered = sum(v.state == VisitState.DELIVERED for v in made)
    bursts = [burst for burst in record.bursts if burst.start_s >= since_s]
    light = light_of(record, plan_facts(record.run.plan))
    lines = [
        provenance(record),
        _state(record, start, zone),
        many(delivered, "visit") + " delivered",
        _bursts(bursts, record, start, zone),
        _light(record, light, tuple(v.id for v in made)),
    ]
    return Night(
        run=run,
        visits=delivered,
        bursts=len(bursts),
        attention=tuple(attention(record, light, max(since_s, 0.0))),
        lines=tuple(line for line in lines if line),
        record=record,
    )


def _title(nights: Sequence[Night], wrong: int) -> str:
    visits, bursts = sum(n.visits for n in nights), sum(n.bursts for n in nights)
    ran = f"{many(visits, 'visit')}, {many(bursts, 'burst')}" if nights else "nothing ran"
    if len(nights) > 1:
        ran = f"{many(len(nights), 'run')}, {ran}"
    state = "all is well"
    if wrong:
        state = "1 thing needs attention" if wrong == 1 else f"{wrong} things need attention"
    return f"The night: {ran}; {state}"


def _state(record: Record, start: dt.datetime, zone: ZoneInfo | None) -> str:
    began = f"began {start.astimezone(zone):%a %H:%M}"
    last = _when(record, record.run.last_s, start, zone)
    why = as_text(record.run.summary.get("why"), 160)
    because = f" ({why})" if why else ""
    match record.run.outcome:
        case Outcome.RUNNING:
            lasted = duration(record.run.last_s)
            return f"{began}, goes on or was interrupted; last sign of life {last}, after {lasted}"
        case Outcome.COMPLETE:
            return f"{began}, complete {last}{because}"
        case Outcome.STOPPED:
            return f"{began}, stopped before its end {last}{because}"
        case Outcome.FAILED:
            return f"{began}, FAILED {last}{because}"


def _bursts(
    bursts: Sequence[Burst], record: Record, start: dt.datetime, zone: ZoneInfo | None
) -> str:
    if not bursts:
        return "no bursts"
    said = [f"{b.fov} {_when(record, b.start_s, start, zone)}" for b in bursts[:_MOST_BURSTS]]
    if len(bursts) > _MOST_BURSTS:
        said.append(f"and {len(bursts) - _MOST_BURSTS} more")
    return f"{many(len(bursts), 'burst')}: {', '.join(said)}"


def _light(record: Record, light: Light, visits: tuple[int, ...]) -> str:
    if light.busiest is None:
        return "light: none"
    spent = amount(cost_of(record, visits), light.unit)
    fov, most = light.busiest
    limit = f" of {amount(light.budget_per_field, light.unit)}" if light.budget_per_field else ""
    said = f"light: {spent} over all fields in this time; the busiest field, {fov}, has had"
    return f"{said} {amount(most, light.unit)}{limit} since the run began"


def _when(record: Record, seconds: float, start: dt.datetime, zone: ZoneInfo | None) -> str:
    """A moment of the run on the wall clock; of a simulated one in its own time."""
    if record.run.simulated:
        return f"at {at(seconds)}"
    return f"at {(start + dt.timedelta(seconds=seconds)).astimezone(zone):%H:%M}"


def _started(record: Record) -> dt.datetime | None:
    try:
        start = dt.datetime.fromisoformat(record.run.started_utc)
    except ValueError:
        return None
    return start if start.tzinfo is not None else start.replace(tzinfo=dt.UTC)


def _picture(nights: Sequence[Night], pictures: Path | None, now: dt.datetime) -> Path | None:
    """Of the run with most bursts, then most visits."""
    seen = [night for night in nights if night.record is not None]
    if pictures is None or not seen:
        return None
    best = max(seen, key=lambda night: (night.bursts, night.visits))
    assert best.record is not None
    return picture_of(best.record, pictures / f"{best.run}-{now:%Y%m%d}.png")
