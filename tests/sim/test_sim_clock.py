"""The simulated clock jumps, adds up exactly and wakes up when told to."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sim.clock import EPOCH, SimClock


def test_sleeping_jumps_forward_and_never_back() -> None:
    clock = SimClock()
    clock.sleep_until(360.0)
    clock.sleep_until(100.0)
    assert clock.now() == 360.0
    assert clock.simulated


def test_sleeping_ends_at_once_when_woken_before() -> None:
    clock, wake = SimClock(), threading.Event()
    wake.set()
    clock.sleep_until(360.0, wake)
    assert clock.now() == 0.0


def test_many_small_steps_add_up_exactly() -> None:
    clock = SimClock()
    for _ in range(100_000):
        clock.advance(0.04)
    assert clock.now() == 4000.0


def test_threads_lose_no_time() -> None:
    clock = SimClock()

    def tick() -> None:
        for _ in range(2000):
            clock.advance(0.001)

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 8.0


@pytest.mark.parametrize("step", [-1.0, float("nan")])
def test_time_never_goes_back(step: float) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        SimClock().advance(step)


def test_calendar_time_follows() -> None:
    clock = SimClock(start_s=30.0)
    clock.advance(1.5)
    assert clock.utc() == EPOCH + dt.timedelta(seconds=31.5)
    assert clock.utc().tzinfo is dt.UTC
