"""Bursts as the page shows them: a film strip each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.desk import MOST_STRIPS
from agent.report.unpack import as_text
from agent.report.words import at, duration, many

if TYPE_CHECKING:
    from agent.report.choose import Chosen
    from agent.report.desk import Desk
    from agent.report.pictures import Picture
    from agent.report.record import Burst

_LONG = 300


@dataclass(frozen=True, slots=True)
class Strip:
    """One burst. `cause` is the anchor of the decision, "" when the page does not show it."""

    anchor: str
    fov: str
    when: str
    facts: tuple[str, ...]
    ending: str
    cause: str
    pictures: tuple[Picture, ...]


def strips_of(desk: Desk, chosen: Chosen) -> tuple[Strip, ...]:
    """The bursts in time order, at most `MOST_STRIPS`."""
    on_page = {decision.visit for decision in chosen.shown}
    return tuple(
        _strip(desk, burst, on_page=burst.cause in on_page)
        for burst in desk.record.bursts[:MOST_STRIPS]
    )


def _strip(desk: Desk, burst: Burst, *, on_page: bool) -> Strip:
    made, visits = desk.burst_visits(burst), desk.strip_visits(burst)
    end_s, ending = _end(burst, desk.record.run.last_s)
    return Strip(
        anchor=f"burst-{burst.id}",
        fov=burst.fov,
        when=f"{at(burst.start_s)} to {at(end_s)}",
        facts=(
            duration(end_s - burst.start_s),
            many(len(made), "visit"),
            f"light {desk.light_of(made)}",
            *desk.optics_of(burst),
        ),
        ending=as_text(ending, _LONG),
        cause=f"decision-{burst.cause}" if on_page else "",
        pictures=desk.gallery.of_burst(visits[0], visits) if visits else (),
    )


def _end(burst: Burst, last_s: float) -> tuple[float, str]:
    if burst.ended_s is not None:
        return burst.ended_s, burst.why_ended or "ended"
    if burst.until_s <= last_s:
        return burst.until_s, "ran its full time"
    return max(last_s, burst.start_s), "still going on when the record stops"
