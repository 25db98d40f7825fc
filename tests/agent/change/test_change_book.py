"""Changes in the journal: asked one at a time, by another process, beside the run."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from change_kit import ask, begun, changed, every, told
from run_kit import opened, plan, rows

from agent.change.request import Visitor
from agent.finding import ConfigError
from agent.journal.changes import UNANSWERED_S, ChangeWaits, NewChange
from agent.journal.database import Database
from agent.journal.journal import FILE_NAME, Journal
from agent.journal.states import ChangeState
from agent.rundir import RunDir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = plan(rounds=6)
NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def change(words: str = "so", at: dt.datetime = NOON, **more: object) -> NewChange:
    given = {"time_s": 1.0, "who": "Ada", "base": 1, "diff": (("a", "1", "2"),), "plan": "p"}
    return NewChange(utc=at, words=words, **(given | more))  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path, lambda: 0.0, durable=False)
    journal.records.set(plan="first")
    yield journal
    journal.close()


def test_there_are_never_two_at_once(journal: Journal) -> None:
    book = journal.changes
    first = book.ask(change("first"))
    with pytest.raises(ChangeWaits, match=r"change 1 \(first\) is asked"):
        book.ask(change("second"))
    assert book.confirm(first)
    with pytest.raises(ChangeWaits, match="is confirmed and not applied yet"):
        book.ask(change("second", NOON + dt.timedelta(days=1)))
    book.applied(book.all()[0], 5.0)
    assert book.ask(change("second")) == 2


def test_a_question_that_nobody_answered_blocks_nobody_for_ever(journal: Journal) -> None:
    book = journal.changes
    first = book.ask(change("first"))
    book.ask(change("second", NOON + dt.timedelta(seconds=UNANSWERED_S + 1)))
    assert [c.state for c in book.all()] == [ChangeState.REFUSED, ChangeState.ASKED]
    assert not book.confirm(first), "confirmed too late"


def test_what_is_settled_stays_settled(journal: Journal) -> None:
    book = journal.changes
    one = book.ask(change())
    assert book.refuse(one, "no") and not book.confirm(one) and not book.refuse(one, "no")
    two = book.ask(change())
    assert book.confirm(two) and not book.confirm(two)
    book.applied(book.all()[1], 5.0)
    assert not book.refuse(two, "too late")
    assert [c.state for c in book.all()] == [ChangeState.REFUSED, ChangeState.APPLIED]


def test_versions_and_what_can_be_undone(journal: Journal) -> None:
    book = journal.changes
    assert (book.version(), book.plan(1), book.undoable()) == (1, "first", None)
    for words, base, undoes, locks in (
        ("a", 1, None, ("DAPI",)),
        ("b", 2, None, ("FITC",)),
        ("undo b", 3, 2, ("FITC",)),
    ):
        id_ = book.ask(change(words, base=base, undoes=undoes, locks=locks, plan=words))
        book.confirm(id_)
        book.applied(book.all()[-1], 5.0)
    assert (book.version(), book.plan(1), book.plan(4), book.plan(5)) == (
        4,
        "first",
        "undo b",
        None,
    )
    undoable = book.undoable()
    assert undoable is not None and undoable.words == "a"
    assert list(book.locked()) == ["DAPI"], (
        "what was undone locks nothing, and neither does undoing"
    )


def test_a_change_survives_the_way_through_the_journal(journal: Journal) -> None:
    asked = change("every 2 min", diff=(("a.b", "4 min", "2 min"),), locks=("FITC",), undoes=None)
    journal.changes.ask(asked)
    (found,) = journal.changes.all()
    assert found.diff == asked.diff and found.locks == ("FITC",) and found.utc == NOON


def test_a_guest_makes_no_journal_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Database(tmp_path / FILE_NAME, durable=True, guest=True)
    (tmp_path / FILE_NAME).touch()
    with pytest.raises(ConfigError):
        Database(tmp_path / FILE_NAME, durable=True, guest=True)
    assert (tmp_path / FILE_NAME).read_bytes() == b""


def test_another_process_that_writes_makes_no_transaction_of_the_run_fail(journal: Journal) -> None:
    """One that looks first and then writes would fail where somebody wrote in between."""
    wrote = threading.Event()

    def guest() -> None:
        with contextlib.closing(
            Database(journal.database.path, durable=True, guest=True)
        ) as database:
            database.write("INSERT INTO notes (time_s, kind, text) VALUES (0, 'guest', 'x')")
        wrote.set()

    thread = threading.Thread(target=guest)
    with journal.database.transaction() as connection:
        connection.execute("SELECT count(*) FROM notes").fetchone()
        thread.start()
        wrote.wait(0.5)
        connection.execute("INSERT INTO notes (time_s, kind, text) VALUES (0, 'run', 'y')")
    thread.join(20)
    kinds = [kind for (kind,) in journal.database.rows("SELECT kind FROM notes ORDER BY id")]
    assert kinds == ["run", "guest"]


def test_a_guest_leaves_the_journal_to_the_run(journal: Journal, tmp_path: Path) -> None:
    """Its going folds nothing together while the run may be reading or writing."""
    journal.database.connection.execute("BEGIN")
    journal.database.connection.execute("SELECT count(*) FROM notes").fetchone()
    said: list[str] = []
    guest = Database(tmp_path / FILE_NAME, durable=True, guest=True)
    guest.connection.set_trace_callback(said.append)
    guest.close()
    assert not [s for s in said if "checkpoint" in s]


def test_what_was_refused_is_in_the_journal_with_its_reason(tmp_path: Path) -> None:
    with opened(tmp_path, PLAN) as session:
        begun(session)
        asked = ask(tmp_path, changed(PLAN, camera={"binning": 2}), "bin it")
        assert [no.key for no in asked.weighed.against] == ["camera.binning"]
        ((state, why, who, words),) = rows(tmp_path, "SELECT state, why, who, words FROM changes")
        assert (state, who, words) == ("refused", "Ada", "bin it")
        assert "the images of a run have the size that it began with" in why
        told(tmp_path, every(PLAN, 30, 12))  # and it blocks nobody


def test_a_run_without_a_plan_in_its_journal_is_told_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, PLAN), pytest.raises(ConfigError, match="died before"):
        Visitor(RunDir(tmp_path))


def test_a_change_from_another_version_of_the_plan_is_refused(tmp_path: Path) -> None:
    from run_kit import demo

    from agent.change.adopt import adopt

    with opened(tmp_path, PLAN) as session:
        begun(session)
        told(tmp_path, every(PLAN, 30, 12))
        with sqlite3.connect(tmp_path / FILE_NAME) as other:
            other.execute("UPDATE changes SET base=7")
        other.close()
        adopted = adopt(session.journal, PLAN, demo(), tmp_path, 0.0)
        assert adopted is not None and adopted.plan is PLAN
        assert "the plan is at version 1" in adopted.said
        assert session.journal.changes.confirmed() is None
