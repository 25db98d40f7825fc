"""The completeness account balances, and never counts what is not there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_kit import frame_of, plan

from agent.account import account
from agent.journal.journal import Journal
from agent.journal.states import VisitState
from agent.schedule import Schedule, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = plan(fields=2, rounds=2)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(tmp_path, lambda: 0.0, durable=False)) as opened:
        fill(PLAN, opened.visits)
        yield opened


def make(journal: Journal, frames: int, state: VisitState, now_s: float = 0.0) -> int:
    taken = Schedule(PLAN, journal.visits).take(now_s)
    assert taken is not None
    visit, t_index = taken
    for index in range(frames):
        journal.light.frame(frame_of(visit.id, index, visit.fov, t_index))
    journal.visits.finish(visit.id, state, "", now_s)
    return visit.id


def test_a_new_run_is_all_open(journal: Journal) -> None:
    found = account(journal.database)
    assert (found.expected, found.open, found.balances) == (4, 4, False)


def test_a_visit_is_not_delivered_when_its_frames_are_missing(journal: Journal) -> None:
    """Whatever its state says: frames count, not words."""
    make(journal, 2, VisitState.DELIVERED)
    make(journal, 1, VisitState.DELIVERED)
    found = account(journal.database)
    assert (found.delivered, found.dropped) == (1, 1)
    journal.database.write("DELETE FROM frames")
    found = account(journal.database)
    assert (found.delivered, found.dropped, found.open) == (0, 2, 2)


def test_late_visits_are_among_the_delivered(journal: Journal) -> None:
    make(journal, 2, VisitState.DELIVERED)
    late = PLAN.trouble.late_after_s + 60.5
    make(journal, 2, VisitState.DELIVERED, late)  # of the second round, on both fields
    make(journal, 1, VisitState.DELIVERED, late)
    found = account(journal.database)
    assert (found.delivered, found.dropped, found.late, found.skipped) == (2, 1, 1, 1)
    assert found.balances


def test_cancelled_visits_were_never_expected(journal: Journal) -> None:
    journal.visits.skip_pending("p0", 1e9, "held")
    journal.database.write("UPDATE visits SET state='cancelled' WHERE fov='p1'")
    found = account(journal.database)
    assert (found.expected, found.skipped, found.cancelled, found.open) == (2, 2, 2, 0)
    assert found.balances


@given(
    done=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(list(VisitState))), min_size=0, max_size=12
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_became_of_the_visits_every_one_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[int, VisitState]]
) -> None:
    folder = tmp_path_factory.mktemp("account")
    with contextlib.closing(Journal(folder, lambda: 0.0, durable=False)) as journal:
        with journal.database.transaction() as db:
            for number, (frames, state) in enumerate(done):
                db.execute(
                    "INSERT INTO visits (id, fov, kind, priority, due_s, state, frames_expected)"
                    " VALUES (?, 'p0', 'baseline', 0, 0, ?, 2)",
                    (number, state),
                )
                for index in range(frames):
                    journal.light.frame(frame_of(number, index, f"v{number}", 0))
        found = account(journal.database)
    counted = found.delivered + found.skipped + found.dropped + found.open + found.cancelled
    assert counted == len(done)
    assert found.delivered == done.count((2, VisitState.DELIVERED))
    assert found.balances == all(s not in ("pending", "running") for _, s in done)
