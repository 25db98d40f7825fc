"""One run laid out for writing: its record, light and pictures, with what belongs together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.gallery import FRAMES_IN_STRIP, open_gallery, spread
from agent.report.light import cost_of
from agent.report.words import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.choose import Chosen
    from agent.report.frames import ReadFrame
    from agent.report.gallery import Gallery
    from agent.report.light import Light
    from agent.report.planfacts import PlanFacts
    from agent.report.record import Burst, Record, VisitRow

MOST_STRIPS = 40


@dataclass(frozen=True, slots=True)
class Desk:
    """`started`: decision (visit) -> burst; `caused`: decision (visit) -> visits it asked for."""

    record: Record
    light: Light
    gallery: Gallery
    started: Mapping[int, Burst]
    caused: Mapping[int, Sequence[VisitRow]]
    own: Mapping[int, Sequence[VisitRow]]  # burst -> its visits

    def burst_visits(self, burst: Burst) -> tuple[int, ...]:
        """The visits of a burst that were made."""
        return tuple(v.id for v in self.own.get(burst.id, ()) if v.started_s is not None)

    def strip_visits(self, burst: Burst) -> list[int]:
        """The visit that caused a burst and the burst's own, as many as a film strip shows."""
        return spread((burst.cause, *self.burst_visits(burst)), FRAMES_IN_STRIP)

    def light_of(self, visits: tuple[int, ...]) -> str:
        """What these visits cost, with its unit."""
        return amount(cost_of(self.record, visits), self.light.unit)


def lay_out(
    record: Record, light: Light, chosen: Chosen, plan: PlanFacts, read_frame: ReadFrame
) -> Desk:
    """Gather what the decisions and film strips need; the journal is read once more for it."""
    caused: dict[int, list[VisitRow]] = defaultdict(list)
    own: dict[int, list[VisitRow]] = defaultdict(list)
    for visit in record.visits:
        if visit.cause is not None:
            caused[visit.cause].append(visit)
        if visit.burst is not None:
            own[visit.burst].append(visit)
    wanted = {visit for decision in chosen.shown for visit in (decision.visit, *decision.cites)}
    for burst in record.bursts[:MOST_STRIPS]:
        made = [v.id for v in own.get(burst.id, ()) if v.started_s is not None]
        wanted.update(spread((burst.cause, *made), FRAMES_IN_STRIP))
    return Desk(
        record=record,
        light=light,
        gallery=open_gallery(record, read_frame, sorted(wanted), plan.channel, plan.enter),
        started={burst.cause: burst for burst in record.bursts},
        caused=caused,
        own=own,
    )
