"""Run time never goes back, survives a restart, and waiting ends early when woken."""

from __future__ import annotations

import datetime as dt
import threading
from types import SimpleNamespace

import pytest

from hardware import clock
from hardware.clock import RealClock


def test_run_time_starts_at_zero_and_never_goes_back() -> None:
    real = RealClock()
    times = [real.now() for _ in range(1000)]
    assert times[0] >= 0
    assert times == sorted(times)
    assert not real.simulated


def test_a_resumed_run_counts_the_time_in_which_nothing_ran() -> None:
    started = dt.datetime.now(dt.UTC) - dt.timedelta(hours=2)
    real = RealClock(started)
    assert real.now() == pytest.approx(7200, abs=5)
    assert real.utc() - started == pytest.approx(dt.timedelta(hours=2), abs=dt.timedelta(seconds=5))


def test_a_wall_clock_that_was_set_back_gives_no_negative_time() -> None:
    real = RealClock(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    assert 0 <= real.now() < 5


def test_calendar_time_belongs_to_run_time() -> None:
    started = dt.datetime(2026, 3, 1, 20, tzinfo=dt.UTC)
    real = RealClock(started)
    before = real.now()
    assert before <= (real.utc() - started).total_seconds() + 1e-3
    assert real.utc().tzinfo is dt.UTC


def test_changing_the_wall_clock_moves_no_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    real = RealClock()

    class Moved(dt.datetime):
        """A wall clock that somebody set a day ahead."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime.now(tz) + dt.timedelta(days=1)

    elsewhen = SimpleNamespace(datetime=Moved, timedelta=dt.timedelta, UTC=dt.UTC)
    monkeypatch.setattr(clock, "dt", elsewhen)
    assert real.now() < 60


def test_waiting_ends_at_its_time_or_when_woken() -> None:
    real = RealClock()
    real.sleep_until(real.now() + 0.02)
    real.sleep_until(-1.0)  # past: returns at once
    wake = threading.Event()
    threading.Timer(0.05, wake.set).start()
    real.sleep_until(real.now() + 3600, wake)
    assert wake.is_set()
    real.sleep_until(real.now() + 3600, wake)  # set already: returns at once


def test_waiting_lasts_until_the_time_is_reached() -> None:
    real, until = RealClock(), 0.03
    real.sleep_until(until, threading.Event())
    assert real.now() >= until
