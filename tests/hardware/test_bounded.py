"""A device that hangs or raises costs its time-out and no more."""

from __future__ import annotations

import threading

import pytest

from hardware.bounded import Bounded, all_at_once
from hardware.fault import FaultKind, InstrumentFault


def test_a_call_that_hangs_is_a_timeout_and_the_next_one_works_on_a_fresh_thread() -> None:
    bounded, wake = Bounded(), threading.Event()
    first = bounded.call("camera", 5, threading.get_ident)
    with pytest.raises(InstrumentFault, match=r"^camera: no answer within 0\.05 s$") as caught:
        bounded.call("camera", 0.05, wake.wait)
    assert caught.value.kind is FaultKind.TIMEOUT
    assert bounded.abandoned == 1
    second = bounded.call("camera", 5, threading.get_ident)
    assert second not in (first, threading.get_ident())
    assert bounded.call("camera", 5, threading.get_ident) == second
    wake.set()
    bounded.close()


def test_an_abandoned_thread_ends_when_its_driver_wakes_up() -> None:
    before = set(threading.enumerate())
    bounded, wake = Bounded("stuck"), threading.Event()
    with pytest.raises(InstrumentFault):
        bounded.call("camera", 0.01, wake.wait)
    (stuck,) = set(threading.enumerate()) - before
    assert stuck.daemon  # it cannot keep the process alive
    wake.set()
    stuck.join(5)
    assert not stuck.is_alive()


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (RuntimeError, ""),
        (OSError, "OSError: "),
        (ValueError, "ValueError: "),
        (IndexError, "IndexError: "),
        (MemoryError, "MemoryError: "),
    ],
)
def test_whatever_a_driver_raises_is_a_fault_in_one_line(error: type[Exception], name: str) -> None:
    bounded = Bounded()

    def fail() -> None:
        raise error("Error in device\n'XY':\nserial port gone")

    with pytest.raises(InstrumentFault) as caught:
        bounded.call("XY stage", 5, fail)
    assert caught.value.kind is FaultKind.DEVICE
    assert str(caught.value) == f"XY stage: {name}Error in device 'XY': serial port gone"
    assert isinstance(caught.value.__cause__, error)
    bounded.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [("no frame in 3 s", "camera: no frame in 3 s"), ("", "camera: timed out")],
)
def test_a_timeout_of_the_device_itself_is_told_from_ours(words: str, message: str) -> None:
    bounded = Bounded()

    def fail() -> None:
        raise TimeoutError(words)

    with pytest.raises(InstrumentFault, match=f"^{message}$") as caught:
        bounded.call("camera", 5, fail)
    assert caught.value.kind is FaultKind.TIMEOUT
    assert bounded.abandoned == 0
    bounded.close()


def test_our_own_faults_and_an_interrupt_pass_as_they_are() -> None:
    bounded = Bounded()
    fault = InstrumentFault(FaultKind.NOT_CONFIRMED, "turret: asked for 20X, reads 10X")
    for error in (fault, KeyboardInterrupt()):

        def fail(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            bounded.call("turret", 5, fail)
        assert caught.value is error
    bounded.close()


def test_what_hangs_or_raises_holds_up_none_of_the_others() -> None:
    wake, closed = threading.Event(), []

    def fail() -> bool:
        raise RuntimeError("no answer")

    def close() -> bool:
        closed.append(True)
        return True

    jobs = {"hangs": wake.wait, "raises": fail, "stays open": lambda: False, "closes": close}
    assert all_at_once(jobs, 0.2) == ("hangs", "raises", "stays open")
    assert closed == [True]
    wake.set()
