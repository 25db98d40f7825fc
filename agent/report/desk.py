"""One run laid out for writing: its record, light and pictures, with what belongs together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VisitState
from agent.report.gallery import FRAMES_IN_STRIP, open_gallery, spread
from agent.report.light import cost_of
from agent.report.words import amount, many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.report.choose import Chosen
    from agent.report.frames import ReadFrame
    from agent.report.gallery import Gallery
    from agent.report.light import Light
    from agent.report.planfacts import PlanFacts
    from agent.report.record import Burst, Record, VisitRow

MOST_STRIPS = 40
_WITH_FRAMES = frozenset({VisitState.DELIVERED, VisitState.DROPPED, VisitState.RUNNING})


@dataclass(frozen=True, slots=True)
class Desk:
    """`started`: (decision's visit, field) -> burst; `caused`: decision's visit -> its visits."""

    record: Record
    light: Light
    gallery: Gallery
    started: Mapping[tuple[int, str], Burst]
    caused: Mapping[int, Sequence[VisitRow]]
    own: Mapping[int, Sequence[VisitRow]]  # burst -> its visits
    looks: Mapping[tuple[int, str], tuple[int, ...]]  # see `evidence`

    def evidence(self, decision_visit: int, fov: str) -> tuple[int, ...]:
        """The looks at a field that a decision rests on, the latest first.

        A decision may speak of another field than the one just visited (a burst that waited in
        line); then what it cites of that field counts.
        """
        return self.looks.get((decision_visit, fov), ())

    def burst_visits(self, burst: Burst) -> tuple[int, ...]:
        """The visits of a burst that were made."""
        return _made(burst, self.own)

    def strip_visits(self, burst: Burst) -> list[int]:
        """The look that started a burst and its own visits, as many as a film strip shows."""
        return _strip(burst, self.looks, self.own)

    def optics_of(self, burst: Burst) -> tuple[str, ...]:
        """Objective and planes of a burst whose frames are an image of their own."""
        for visit in self.burst_visits(burst):
            shots = self.gallery.shots.get(visit, ())
            if shots and shots[0].image != shots[0].fov:
                planes = len({shot.z for shot in shots})
                words = (shots[0].objective, many(planes, "plane"), f"image {shots[0].image}")
                return tuple(word for word in words if word)
        return ()

    def light_of(self, visits: tuple[int, ...]) -> str:
        """What these visits cost, with its unit."""
        return amount(cost_of(self.record, visits), self.light.unit)


def lay_out(
    record: Record, light: Light, chosen: Chosen, plan: PlanFacts, read_frame: ReadFrame
) -> Desk:
    """Gather what the decisions and film strips need; the journal is read once more for it."""
    visits = {visit.id: visit for visit in record.visits}
    caused: dict[int, list[VisitRow]] = defaultdict(list)
    own: dict[int, list[VisitRow]] = defaultdict(list)
    for visit in record.visits:
        if visit.cause is not None:
            caused[visit.cause].append(visit)
        if visit.burst is not None:
            own[visit.burst].append(visit)
    looks = _looks(record, visits)
    wanted = {v for decision in chosen.shown for v in (decision.visit, *decision.cites)}
    for burst in record.bursts[:MOST_STRIPS]:
        wanted.update(_strip(burst, looks, own))
    return Desk(
        record=record,
        light=light,
        gallery=open_gallery(record, read_frame, sorted(wanted), plan.channel, plan.enter),
        started={(burst.cause, burst.fov): burst for burst in record.bursts},
        caused=caused,
        own=own,
        looks=looks,
    )


def _made(burst: Burst, own: Mapping[int, Sequence[VisitRow]]) -> tuple[int, ...]:
    return tuple(v.id for v in own.get(burst.id, ()) if v.state in _WITH_FRAMES)


def _strip(
    burst: Burst,
    looks: Mapping[tuple[int, str], tuple[int, ...]],
    own: Mapping[int, Sequence[VisitRow]],
) -> list[int]:
    first = looks.get((burst.cause, burst.fov), ())[:1]
    return spread((*first, *_made(burst, own)), FRAMES_IN_STRIP)


def _looks(
    record: Record, visits: Mapping[int, VisitRow]
) -> dict[tuple[int, str], tuple[int, ...]]:
    looks: dict[tuple[int, str], tuple[int, ...]] = {}
    for decision in record.decisions:
        by_fov: dict[str, list[VisitRow]] = defaultdict(list)
        for cite in {decision.visit, *decision.cites}:
            if cite in visits:
                by_fov[visits[cite].fov].append(visits[cite])
        for fov, rows in by_fov.items():
            rows.sort(key=lambda v: (v.id == decision.visit, v.started_s or 0.0), reverse=True)
            looks[decision.visit, fov] = tuple(row.id for row in rows)
    return looks
