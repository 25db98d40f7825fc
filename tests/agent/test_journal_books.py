"""The journal's books: what is written comes back, and counts what it should."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import frame_of, plan, verdict

from agent.journal.journal import Journal
from agent.journal.states import VerdictState, VisitState
from agent.schedule import Schedule, fill
from hardware.data import Dose, Exposure, FrameKey, Purpose
from policies.action import Burst, Decision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = plan(fields=2, rounds=3)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with contextlib.closing(Journal(tmp_path, lambda: 7.0, durable=False)) as opened:
        fill(PLAN, opened.visits)
        yield opened


def light(fov: str = "p0", irradiance: float | None = 0.5, time_s: float = 1.0) -> Exposure:
    return Exposure(1, 0, Purpose.VISIT, fov, "DAPI", 20.0, irradiance, time_s, 1, 2, 3, "20X")


def start(journal: Journal, now_s: float = 0.0) -> tuple[int, str, int]:
    taken = Schedule(PLAN, journal.visits).take(now_s)
    assert taken is not None
    return taken[0].id, taken[0].fov, taken[1]


# ---------------------------------------------------------------------- light


def test_the_ledger_sums_by_field_and_does_not_guess_what_was_not_calibrated(
    journal: Journal,
) -> None:
    for exposure in (light(), light(), light("p1"), light("p1", None)):
        journal.light.write(exposure)
    totals = journal.light.totals()
    assert (totals["p0"].seconds, totals["p0"].exposures) == (0.04, 2)
    assert totals["p0"].j_cm2 == pytest.approx(0.02)
    assert totals["p1"] == Dose(0.04, None, 2)


def test_light_that_was_announced_counts_but_only_light_that_fell_reaches_the_specimen(
    journal: Journal,
) -> None:
    first = journal.light.write(light(time_s=1.0))
    journal.light.done(first)
    journal.light.write(light(time_s=2.0))
    assert journal.light.totals()["p0"].exposures == 2
    assert journal.light.finished_exposures() == [light(time_s=1.0)]


def test_the_end_of_an_exposure_and_its_frame_are_committed_together(
    journal: Journal, tmp_path: Path
) -> None:
    """Between them a kill would leave light that fell for a frame that is not there."""

    def seen() -> tuple[int, int]:
        with contextlib.closing(sqlite3.connect(journal.database.path)) as other:
            (done,) = other.execute("SELECT sum(done) FROM exposures").fetchone()
            (frames,) = other.execute("SELECT count(*) FROM frames").fetchone()
            return done, frames

    visit, fov, t_index = start(journal)
    exposure = journal.light.write(light())
    journal.light.done(exposure)
    assert seen() == (0, 0)
    journal.light.frame(frame_of(visit, 0, fov, t_index))
    assert seen() == (1, 1)


def test_a_frame_is_written_once_and_a_place_in_the_store_given_once(journal: Journal) -> None:
    visit, fov, t_index = start(journal)
    journal.light.frame(frame_of(visit, 0, fov, t_index))
    same_frame, same_place = frame_of(visit, 0, fov, 9), frame_of(99, 0, fov, t_index)
    for again in (same_frame, same_place):
        with pytest.raises(sqlite3.IntegrityError):
            journal.light.frame(again)
    assert journal.visits.frames_stored(visit) == (1, 1)


# ---------------------------------------------------------------------- mind


def test_a_visit_has_one_verdict_and_one_decision_ever(journal: Journal) -> None:
    journal.mind.write_verdict(VerdictState.GIVEN, 3.0, verdict(1, "p0", 0.9))
    with pytest.raises(sqlite3.IntegrityError):
        journal.mind.write_verdict(VerdictState.GIVEN, 4.0, verdict(1, "p0", 0.1))
    kept = journal.mind.verdict(1)
    assert kept is not None and (kept.ready_s, kept.verdict.p_target) == (3.0, 0.9)

    decision = Decision(visit_id=1, policy="a", actions=(Burst(fov="p0"),), reason="r", cites=(1,))
    for attempt in (False, True):
        refused = pytest.raises(sqlite3.IntegrityError) if attempt else contextlib.nullcontext()
        with refused, journal.database.transaction():
            journal.mind.write_decision(decision, 5.0, ["done"], "{}")
    assert journal.database.row("SELECT count(*) FROM decisions") == (1,)


def test_a_burst_runs_until_it_is_ended_or_its_time_is_over(journal: Journal) -> None:
    with journal.database.transaction():
        one = journal.mind.start_burst("p0", 1, 10.0, 100.0)
        journal.mind.start_burst("p1", 2, 20.0, 50.0)
    assert set(journal.mind.bursts(49.9)) == {"p0", "p1"}
    assert set(journal.mind.bursts(50.0)) == {"p0"}
    with journal.database.transaction():
        journal.mind.end_burst(one, 60.0, "gone")
    assert journal.mind.bursts(61.0) == {}


# ---------------------------------------------------------------------- visits


def states(journal: Journal) -> dict[str, int]:
    return dict(journal.database.rows("SELECT state, count(*) FROM visits GROUP BY state"))


def test_a_held_field_has_no_visit_left(journal: Journal) -> None:
    running, fov, _ = start(journal)
    journal.visits.hold(fov, "held")
    assert journal.visits.held(fov) and not journal.visits.held("p1")
    assert states(journal) == {"running": 1, "skipped": 2, "pending": 3}
    kept = journal.visits.get(running)
    assert kept is not None and kept.state is VisitState.RUNNING


def test_frames_that_the_store_lost_are_not_delivered(journal: Journal) -> None:
    for _ in range(2):
        visit, fov, t_index = start(journal)
        for index in range(2):
            journal.light.frame(frame_of(visit, index, fov, t_index))
        journal.visits.finish(visit, VisitState.DELIVERED, "", 1.0)
    journal.visits.lost([FrameKey("p0", 0, 1, 0)])
    assert states(journal) == {"delivered": 1, "dropped": 1, "pending": 4}
    assert journal.database.rows("SELECT fov, c FROM frames ORDER BY fov, c") == [
        ("p0", 0),
        ("p1", 0),
        ("p1", 1),
    ]


@pytest.mark.parametrize(
    ("frames", "before_s", "state"),
    [
        pytest.param(0, 1e9, "pending", id="nothing was taken: it may start anew"),
        pytest.param(1, 1e9, "dropped", id="an old half: dropped"),
        pytest.param(1, 0.0, "running", id="a half that is fresh: goes on"),
        pytest.param(2, 1e9, "running", id="whole, only not marked so: goes on"),
    ],
)
def test_a_visit_that_was_under_way_when_the_outage_began(
    journal: Journal, frames: int, before_s: float, state: str
) -> None:
    visit, fov, t_index = start(journal, 5.0)
    for index in range(frames):
        journal.light.frame(frame_of(visit, index, fov, t_index))
    journal.visits.put_back(before_s)
    row: Any = journal.visits.get(visit)
    assert row.state == state
    assert (row.t_index is None) == (state == "pending")
    again = start(journal, 5.0)
    assert again[0] == visit or again[1] != fov or again[2] == t_index + 1


def test_journal_keys_can_be_replaced_and_errors_are_one_line(journal: Journal) -> None:
    journal.records.set(outcome="running", plan="p")
    journal.records.set(outcome="complete")
    assert journal.records.get("outcome") == "complete" and journal.records.get("plan") == "p"
    assert journal.records.get("nothing") is None
    journal.records.error("camera", ValueError("no\n  image\n"), 3)
    assert journal.database.rows("SELECT time_s, visit, place, kind, message FROM errors") == [
        (7.0, 3, "camera", "ValueError", "no image")
    ]


def test_an_exposure_is_over_only_together_with_its_frame(journal: Journal) -> None:
    """Another thread's commit in between must not make a killed run's exposure look finished."""
    row = journal.light.write(light())
    journal.light.done(row)
    journal.records.note("other thread", "commits on the same connection")
    assert journal.light.finished_exposures() == []
    journal.light.focus_step(1, 0, 0.0, 1.0)
    assert journal.light.finished_exposures() == [light()]
