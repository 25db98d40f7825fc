"""The queue's file: what earlier versions of the program wrote is still understood."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from agent.finding import ConfigError
from agent.service.queue import Queue
from agent.service.states import INTERRUPTED, ExperimentState, Reason

if TYPE_CHECKING:
    from pathlib import Path

BEFORE_REASONS = """
CREATE TABLE experiments (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, goal TEXT NOT NULL, words TEXT NOT NULL,
    plan TEXT NOT NULL, described TEXT NOT NULL,
    who TEXT NOT NULL, door TEXT NOT NULL, submitted_utc TEXT NOT NULL,
    start_utc TEXT, after INTEGER,
    state TEXT NOT NULL, why TEXT NOT NULL DEFAULT '',
    run TEXT, differences TEXT NOT NULL DEFAULT '[]',
    restarts INTEGER NOT NULL DEFAULT 0
);
PRAGMA user_version=1;
"""
INSERT = """
INSERT INTO experiments (name, goal, words, plan, described, who, door, submitted_utc, state, why)
VALUES ('night', '', '', 'goal: x', '["x"]', 'Ada', 'api', '2026-01-01T00:00:00+00:00', ?, ?)
"""
ROWS = (("waiting", ""), ("held", INTERRUPTED), ("held", "2 differences"), ("stopped", INTERRUPTED))


def test_a_file_from_before_there_were_reasons_is_understood(tmp_path: Path) -> None:
    """What was interrupted then is compared now, and nothing else is."""
    path = tmp_path / "service.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(BEFORE_REASONS)
        db.executemany(INSERT, ROWS)
        db.commit()
    for _ in range(2):
        with contextlib.closing(Queue(path)) as queue:
            found = [queue.get(id_) for id_ in (1, 2, 3, 4)]
            assert [one.reason for one in found if one] == ["", "service_ended", "", ""]
            assert [(one.state, one.why) for one in found if one] == list(ROWS)


def test_the_program_of_then_still_reads_and_writes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    Queue(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(INSERT, ("waiting", ""))
        db.commit()
    with contextlib.closing(Queue(path)) as queue:
        assert [one.reason for one in queue.all()] == [Reason.NONE]


def test_a_reason_goes_with_its_state(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    Queue(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(INSERT, ("running", ""))
        db.commit()
    with contextlib.closing(Queue(path)) as queue:
        queue.set(1, ExperimentState.HELD, "it died", reason=Reason.RUNNER_DIED)
        assert [one.reason for one in queue.all()] == [Reason.RUNNER_DIED]
        queue.set(1, ExperimentState.STARTING, "comparing")
        assert [one.reason for one in queue.all()] == [Reason.NONE]


@pytest.mark.parametrize("version", [2, 99])
def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path, version: int) -> None:
    path = tmp_path / "service.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version={version}")
    with pytest.raises(ConfigError, match="use the program version that wrote it"):
        Queue(path)
