"""The queue after a change: visits that belong to no round and to no burst under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from change_kit import begun, changed, every, without
from run_kit import opened, plan

from agent.change.requeue import Requeue
from agent.journal.visits import NewVisit
from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.journal.journal import Journal
    from agent.plan import Plan

OLD = plan(fields=2, rounds=5, interval_s=60, reaction={"interval_s": 10, "duration_s": 50})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The baseline, a second look at p1 near the end, and a late visit of a burst that is over."""
    with opened(tmp_path, OLD) as session:
        begun(session)
        journal = session.journal
        with journal.database.transaction():
            burst = journal.mind.start_burst("p0", 1, 10.0, 60.0)
            visits = (
                (VisitKind.REVISIT, "p1", 250.0, None),
                (VisitKind.REACTION, "p0", 60.0, burst),
            )
            journal.visits.add(
                NewVisit(fov=fov, kind=kind, priority=1, due_s=due, frames_expected=2, burst=of)
                for kind, fov, due, of in visits
            )
        yield journal


def requeue(journal: Journal, new: Plan) -> tuple[int, int]:
    with journal.database.transaction():
        return Requeue(journal, OLD, new, 90.0, "changed").all()


def states(journal: Journal, kind: str) -> list[tuple[str, int]]:
    found = journal.database.rows(
        "SELECT state, frames_expected FROM visits WHERE kind=? ORDER BY id", kind
    )
    return [(state, frames) for state, frames in found]


def test_a_second_look_at_a_paused_field_is_cancelled(journal: Journal) -> None:
    requeue(journal, without(OLD, "p1"))
    assert states(journal, "revisit") == [("cancelled", 2)]


def test_a_second_look_after_the_new_end_is_cancelled(journal: Journal) -> None:
    requeue(journal, every(OLD, 60, 3))
    assert states(journal, "revisit") == [("cancelled", 2)]


def test_a_second_look_that_is_still_wanted_stays(journal: Journal) -> None:
    cancelled, queued = requeue(journal, every(OLD, 30, 9))
    assert states(journal, "revisit") == [("pending", 2)]
    assert (cancelled, queued) == (0, 2 * 2)


def test_a_late_visit_of_a_burst_that_is_over_has_the_frames_of_the_new_plan(
    journal: Journal,
) -> None:
    one = {"interval_s": 10, "channels": [{"config": "FITC", "exposure": 5}]}
    requeue(journal, changed(OLD, reaction=one))
    assert states(journal, "reaction") == [("pending", 1)]


def test_a_field_that_the_run_leaves_alone_gets_no_new_visits(journal: Journal) -> None:
    journal.visits.hold("p1", "position held: autofocus failed")
    _, queued = requeue(journal, every(OLD, 30, 9))
    assert queued == 2
