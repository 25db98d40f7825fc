"""The clock that people can follow: real time passes, sleeps can be woken, sums stay exact."""

from __future__ import annotations

import threading
import time

import pytest

from sim.paced import PacedClock


@pytest.mark.parametrize("pace", [0.0, -1.0, float("nan")])
def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="pace"):
        PacedClock(pace)


def test_a_sleep_ends_at_its_time_and_takes_real_time() -> None:
    clock, began = PacedClock(100.0), time.monotonic()
    clock.sleep_until(20.0)
    assert clock.now() >= 20.0
    assert time.monotonic() - began >= 0.19


def test_a_sleep_that_is_woken_ends_early_and_time_stays_behind() -> None:
    clock, wake = PacedClock(1.0), threading.Event()
    threading.Timer(0.05, wake.set).start()
    clock.sleep_until(1000.0, wake)
    assert clock.now() < 100.0


def test_an_exposure_takes_its_time() -> None:
    clock, began = PacedClock(1.0), time.monotonic()
    clock.advance(0.1)
    assert clock.now() == pytest.approx(0.1)
    assert time.monotonic() - began >= 0.09


def test_time_never_goes_back() -> None:
    clock = PacedClock(1e6)
    clock.sleep_until(50.0)
    clock.sleep_until(10.0)
    assert clock.now() >= 50.0
