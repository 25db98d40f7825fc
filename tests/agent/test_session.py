"""One run from its first light-off to its last: what cannot begin, and what cannot go on."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import (
    Judge,
    always,
    assert_sound,
    ends,
    moody,
    one,
    open_shutters,
    opened,
    plan,
    resumed,
    rows,
    whole,
)

from agent.journal.records import RecordBook
from agent.journal.states import Outcome
from agent.journal.visits import VisitBook
from agent.session import Session
from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope import Microscope
from hardware.store import ImageStore, StoreError

if TYPE_CHECKING:
    from pathlib import Path

FIXED = plan(rounds=2)


def states(run: Path) -> dict[str, int]:
    return dict(rows(run, "SELECT state, count(*) FROM visits GROUP BY state"))


def test_a_run_begins_with_the_light_off_and_moves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path / "run", FIXED) as session:
        session.scope.core.setShutterOpen(True)
        session.scope.core.setXYPosition(50.0, 60.0)
        before_s = session.clock.now()
        state = session.begin()
        assert (round(state.x_um), round(state.y_um), state.open_shutters) == (50, 60, ())
        assert session.clock.now() == before_s, "something moved"
    assert states(tmp_path / "run") == {"pending": 4}
    assert one(tmp_path / "run", "SELECT count(*) FROM exposures") == 0
    assert "open shutters: none" in one(tmp_path / "run", "SELECT text FROM notes")


@pytest.mark.parametrize("broken", [(Microscope, "read"), (VisitBook, "add")], ids=str)
def test_a_run_that_could_not_begin_does_not_look_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: tuple[type, str]
) -> None:
    """Half begun, it has no visits; a resume that found none would call it complete."""

    def fails(*_: Any) -> None:
        raise InstrumentFault(FaultKind.DEVICE, "the stage does not answer")

    run = tmp_path / "run"
    with monkeypatch.context() as patch, opened(run, FIXED) as session:
        patch.setattr(*broken, fails)
        with pytest.raises(InstrumentFault, match="does not answer"):
            session.begin()
    assert rows(run, "SELECT value FROM run WHERE key='outcome'") == []
    assert resumed(run, FIXED).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 4}


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ("hardware.store.ImageStore._prepare", StoreError("images: the disk is full")),
        (
            "hardware.microscope.Microscope.image_format",
            InstrumentFault(FaultKind.DEVICE, "camera: 4 components per pixel"),
        ),
        ("agent.session.make_judge", ValueError("judge 'oracle' is unknown")),
    ],
    ids=["store", "camera", "judge"],
)
def test_a_run_that_cannot_be_put_together_fails_in_the_dark_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise error

    run = tmp_path / "run"
    before = set(threading.enumerate())
    with monkeypatch.context() as patch, opened(run, FIXED) as session:
        session.begin()
        patch.setattr(where, fails)
        ending = ends(session)
        started = {thread.name for thread in set(threading.enumerate()) - before}
        assert started.isdisjoint({"pump", "loop", "writer", "judge"})
    assert (ending.outcome, ending.why, ending.error) == (Outcome.FAILED, str(error), error)
    assert one(run, "SELECT value FROM run WHERE key='outcome'") == "failed"
    assert states(run) == {"pending": 4}
    assert resumed(run, FIXED).outcome is Outcome.COMPLETE


def test_an_acquisition_that_ends_by_itself_is_not_taken_for_a_complete_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MDARunner says COMPLETED after a cancel; we ask whether the plan is done."""
    run = tmp_path / "run"
    with opened(run, FIXED) as session:
        session.begin()
        monkeypatch.setattr(session.scope.core.mda, "run", lambda *_: None)
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "before the plan did" in ending.why
    assert resumed(run, FIXED).outcome is Outcome.COMPLETE


def test_a_shutter_that_stays_open_is_told_and_makes_the_run_a_failed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with opened(run, FIXED) as session:
        session.begin()
        really_off = session.microscope.light_off
        monkeypatch.setattr(
            session.microscope, "light_off", lambda: (*really_off(), "White Light Shutter")
        )
        ending = session.run()
    assert ending.outcome is Outcome.FAILED
    assert "could NOT switch off: White Light Shutter" in ending.why


def test_an_account_that_does_not_balance_makes_the_run_a_failed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A visit that vanishes from the queue without a word."""
    really_finish = VisitBook.finish
    seen: list[int] = []

    def finish(self: VisitBook, visit_id: int, *how: Any) -> None:
        seen.append(visit_id)
        if len(seen) != 2:
            really_finish(self, visit_id, *how)

    monkeypatch.setattr(VisitBook, "finish", finish)
    ending = whole(tmp_path / "run", FIXED)
    assert ending.outcome is Outcome.FAILED and "does not balance" in ending.why


def test_a_journal_that_cannot_be_written_at_the_end_does_not_keep_the_light_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    with opened(run, FIXED) as session:
        session.begin()
        really_note = RecordBook.note

        def note(self: RecordBook, kind: str, text: str) -> None:
            if kind == "end":
                raise sqlite3.OperationalError("database or disk is full")
            really_note(self, kind, text)

        monkeypatch.setattr(RecordBook, "note", note)
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "the journal cannot be written" in ending.why


def test_a_stop_that_comes_before_the_run_is_not_forgotten(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with opened(run, FIXED) as session:
        session.begin()
        session.stop("Ctrl-C")
        ending = ends(session)
    assert (ending.outcome, ending.why) == (Outcome.STOPPED, "Ctrl-C")
    assert states(run) == {"pending": 4} and one(run, "SELECT count(*) FROM exposures") == 0


def test_a_failure_after_a_stop_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The visit under way when Ctrl-C came could not be stored: that is news."""
    run = tmp_path / "run"
    with opened(run, FIXED) as session:
        session.begin()

        def write(*_: Any) -> None:
            session.stop("Ctrl-C")
            raise StoreError("images: the disk is full")

        monkeypatch.setattr(ImageStore, "write", write)
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "disk is full" in ending.why


def test_stopping_at_once_refuses_everything_and_switches_the_light_off(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with opened(run, plan(rounds=40), judge=Judge(moody)) as session:
        session.begin()
        asked = threading.Event()

        class View(type(session._progress)):  # type: ignore[misc]  # whatever it is
            def visit_finished(self, *_: Any) -> None:
                asked.set()

        session.show(View())
        runner = threading.Thread(target=session.run, daemon=True)
        runner.start()
        asked.wait(30)
        assert session.stop_now() == ()
        assert open_shutters(session) == ()
        runner.join(30)
        assert not runner.is_alive()
        spent = session.ledger.total().exposures
        assert session.gate.stopped
    assert spent < 80
    assert one(run, "SELECT value FROM run WHERE key='outcome'") in ("stopped", "failed")


def test_more_undecided_visits_than_the_queue_holds_are_settled_on_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them may be forgotten: neither judged nor said to be given up."""
    from agent.handoff import Handoff

    run, long = tmp_path / "run", plan(rounds=4)
    whole(run, long, judge=always(0.0))
    with opened(run, long) as session:
        for table in ("verdicts", "decisions", "checkpoints"):
            session.journal.database.write(f"DELETE FROM {table}")
    monkeypatch.setattr("agent.session.Handoff", lambda **how: Handoff(capacity=2, **how))
    assert resumed(run, long, judge=always(0.0)).outcome is Outcome.COMPLETE
    states_ = dict(rows(run, "SELECT state, count(*) FROM verdicts GROUP BY state"))
    assert states_ == {"given": 3, "unjudged": 5}
    assert one(run, "SELECT count(*) FROM decisions") == 8
    assert_sound(run, long)


def test_a_session_may_be_closed_twice_and_lets_go_of_everything(tmp_path: Path) -> None:
    with opened(tmp_path / "run", FIXED) as session:
        session.begin()
        session.close()
        session.close()
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["journal.sqlite"]


def test_devices_are_let_go_even_when_the_journal_cannot_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = []

    def fails(*_: Any) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError), opened(tmp_path / "run", FIXED) as session:
        really_close, really_shutdown = session.journal.close, session.scope.shutdown

        def shutdown() -> None:
            gone.append(True)
            really_shutdown()

        monkeypatch.setattr(session.scope, "shutdown", shutdown)
        monkeypatch.setattr(session.journal, "close", fails)
    really_close()
    assert gone == [True]


def test_a_run_writes_down_how_it_ended(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert whole(run, FIXED, judge=always(0.0)).outcome is Outcome.COMPLETE
    keys = dict(rows(run, "SELECT key, value FROM run"))
    assert keys["outcome"] == "complete" and keys["calibrated"] == "1"
    assert float(keys["ended_s"]) >= one(run, "SELECT max(finished_s) FROM visits")
    assert [k for (k,) in rows(run, "SELECT kind FROM notes ORDER BY id")] == ["start", "end"]
    assert_sound(run, FIXED)


def test_the_mind_alone_can_be_measured(tmp_path: Path) -> None:
    """What `bench loop` relies on: laps without an instrument or a store."""
    from agent.handoff import FinishedVisit, Handoff
    from hardware.data import VisitKind

    with opened(tmp_path / "run", FIXED) as session:
        session.begin()
        handoff = Handoff(simulated=False, latency_s=0.0)
        loop = Session.loop_only(session, handoff)
        handoff.put(FinishedVisit(1, "p0", VisitKind.BASELINE, 0.0, 0.0, ()))
        assert loop.lap() == 1 and loop.last_lap() == 1
