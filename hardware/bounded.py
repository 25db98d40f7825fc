"""Device calls with a time-out: a driver that hangs must not hang the run."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, TypeVar

from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
_Job = tuple["Future[Any]", "Callable[[], Any]"]


class Bounded:
    """Runs device calls on one thread of its own, each with a time-out.

    A C++ driver call cannot be interrupted. When one overruns, its thread is abandoned (a daemon:
    it cannot keep the process alive), the caller gets a TIMEOUT fault, and a fresh thread serves
    the next call. What the abandoned call still does when its driver wakes up, it does.
    """

    def __init__(self, name: str = "device-calls") -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] | None = None
        self.abandoned = 0

    def call(self, what: str, timeout_s: float, job: Callable[[], T]) -> T:
        """Run `job`, wait at most `timeout_s`; whatever it raises becomes an InstrumentFault.

        A driver may raise anything (those written in Python do), and none of it ends a night.
        """
        if self._jobs is None:
            self._jobs = queue.SimpleQueue()
            threading.Thread(
                target=_serve, args=(self._jobs,), name=self._name, daemon=True
            ).start()
        future: Future[T] = Future()
        self._jobs.put((future, job))
        try:
            return future.result(timeout_s)
        except FutureTimeout as error:
            if future.done():  # the device itself raised a TimeoutError
                raise InstrumentFault(
                    FaultKind.TIMEOUT, f"{what}: {str(error) or 'timed out'}"
                ) from error
            self.close()
            self.abandoned += 1
            raise InstrumentFault(
                FaultKind.TIMEOUT, f"{what}: no answer within {timeout_s:g} s"
            ) from None
        except InstrumentFault:
            raise
        except Exception as error:
            name = "" if isinstance(error, RuntimeError) else f"{type(error).__name__}: "
            raise InstrumentFault(FaultKind.DEVICE, f"{what}: {name}{error}") from error

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None


def all_at_once(jobs: Mapping[str, Callable[[], bool]], timeout_s: float) -> tuple[str, ...]:
    """Run every job in a thread of its own; the names of those that did NOT say True in time.

    For switching things off: takes no lock, waits for no other call, and a device that hangs or
    raises holds up none of the others.
    """
    done: set[str] = set()

    def run(name: str, job: Callable[[], bool]) -> None:
        with contextlib.suppress(Exception):  # reported by its name, whatever it was
            if job():
                done.add(name)

    threads = [
        threading.Thread(target=run, args=item, name=f"off: {item[0]}", daemon=True)
        for item in jobs.items()
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + timeout_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return tuple(name for name in jobs if name not in done)


def _serve(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (item := jobs.get()) is not None:
        future, job = item
        try:
            future.set_result(job())
        except BaseException as error:  # handed to the caller, whatever it is
            future.set_exception(error)
        del item, future, job
