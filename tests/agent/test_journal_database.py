"""The journal's one connection: all or nothing, nothing lost beside it, no foreign file touched."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from agent.finding import ConfigError
from agent.journal.database import Database, JournalError
from agent.journal.journal import FILE_NAME, Journal
from agent.journal.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTE = "INSERT INTO notes (time_s, kind, text) VALUES (0, 'test', ?)"


@pytest.fixture(params=[False, True], ids=["rehearsal", "durable"])
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    with contextlib.closing(Database(tmp_path / FILE_NAME, durable=request.param)) as opened:
        yield opened


def committed(database: Database) -> list[str]:
    """Notes as another process sees them."""
    with contextlib.closing(sqlite3.connect(database.path)) as other:
        return [text for (text,) in other.execute("SELECT text FROM notes ORDER BY id")]


def test_nested_transactions_are_committed_once_at_the_end_of_the_outermost(
    database: Database,
) -> None:
    with database.transaction() as outer:
        outer.execute(NOTE, ("a",))
        with database.transaction() as inner:
            inner.execute(NOTE, ("b",))
        database.write(NOTE, "c")
        assert committed(database) == []
    assert committed(database) == ["a", "b", "c"]


def test_nested_transactions_are_undone_together(database: Database) -> None:
    database.write(NOTE, "before")
    with pytest.raises(ZeroDivisionError), database.transaction() as outer:
        outer.execute(NOTE, ("a",))
        with database.transaction() as inner:
            inner.execute(NOTE, ("b",))
        raise ZeroDivisionError
    database.write(NOTE, "after")
    assert committed(database) == ["before", "after"]


def test_an_inner_failure_that_somebody_swallowed_does_not_commit_the_other_half(
    database: Database,
) -> None:
    with (
        pytest.raises(JournalError, match="part of a transaction failed"),
        database.transaction() as outer,
    ):
        outer.execute(NOTE, ("a",))
        with contextlib.suppress(ZeroDivisionError), database.transaction() as inner:
            inner.execute(NOTE, ("b",))
            raise ZeroDivisionError
        outer.execute(NOTE, ("c",))
    assert committed(database) == []
    database.write(NOTE, "d")
    assert committed(database) == ["d"]


def test_what_was_pending_before_a_transaction_outlives_its_failure(database: Database) -> None:
    """`LightBook.done` leaves its row to the next commit; a failing decision must not undo it."""
    with database.lock:
        database.connection.execute(NOTE, ("pending",))
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        connection.execute(NOTE, ("a",))
        raise ZeroDivisionError
    assert committed(database) == []
    database.write(NOTE, "b")
    assert committed(database) == ["pending", "b"]


def test_a_failed_commit_does_not_come_back_with_the_next_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        """The connection, on a disk that is full."""

        def __init__(self, real: sqlite3.Connection) -> None:
            self.real = real

        def __getattr__(self, name: str) -> object:
            return getattr(self.real, name)

        def commit(self) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(database, "connection", Full(database.connection))
        with pytest.raises(sqlite3.OperationalError, match="full"), database.transaction() as c:
            c.execute(NOTE, ("a",))
    database.write(NOTE, "b")
    assert committed(database) == ["b"]


def test_threads_do_not_see_or_commit_each_others_half_done_work(database: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with contextlib.suppress(ZeroDivisionError), database.transaction() as connection:
            connection.execute(NOTE, ("half",))
            inside.set()
            go_on.wait(10)
            raise ZeroDivisionError

    first = threading.Thread(target=slow)
    first.start()
    inside.wait(10)
    second = threading.Thread(target=database.write, args=(NOTE, "whole"))
    second.start()
    second.join(0.05)
    assert second.is_alive(), "the second thread did not wait"
    go_on.set()
    first.join(10)
    second.join(10)
    assert committed(database) == ["whole"]


@pytest.mark.parametrize("durable", [False, True])
def test_light_is_on_disk_before_it_is_on_the_sample(tmp_path: Path, durable: bool) -> None:
    """Durable: the commit before the light waits for the disk, and only that one does."""
    with contextlib.closing(Database(tmp_path / FILE_NAME, durable=durable)) as database:
        said: list[str] = []
        database.connection.set_trace_callback(said.append)
        database.write(NOTE, "a")
        database.write_through(NOTE, "light")
        database.write(NOTE, "b")
        database.connection.set_trace_callback(None)
        assert committed(database) == ["a", "light", "b"]
    steps = [s.split()[-1] if "synchronous" in s else s.split()[0] for s in said]
    steps = [s for s in steps if s in ("INSERT", "COMMIT") or "synchronous" in s]
    plain = ["INSERT", "COMMIT"]
    through = ["synchronous=FULL", *plain, "synchronous=NORMAL"] if durable else plain
    assert steps == [*plain, *through, *plain]


def test_a_journal_of_another_version_is_refused_in_one_line_and_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / FILE_NAME
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("CREATE TABLE visits (something INTEGER)")
        old.execute(f"PRAGMA user_version={VERSION + 1}")
        old.commit()
    before = path.read_bytes()
    with pytest.raises(ConfigError) as refused:
        Journal(tmp_path, lambda: 0.0, durable=False)
    text = str(refused.value)
    assert "\n" not in text and str(path) in text
    assert f"version {VERSION + 1}" in text and "use the program version" in text
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("content", [b"this is no database, it is a letter" * 99, b"SQLite"])
def test_a_file_that_is_no_journal_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        Journal(tmp_path, lambda: 0.0, durable=False)
    assert "\n" not in str(refused.value) and FILE_NAME in str(refused.value)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot open the journal"):
        Journal(tmp_path / "gone", lambda: 0.0, durable=False)


def test_a_journal_may_be_closed_twice_and_is_one_file_then(tmp_path: Path) -> None:
    journal = Journal(tmp_path, lambda: 0.0, durable=False)
    journal.records.note("start", "a")
    journal.close()
    journal.close()
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]
    again = Journal(tmp_path, lambda: 0.0, durable=False)
    assert again.database.rows("SELECT text FROM notes") == [("a",)]
    again.close()
