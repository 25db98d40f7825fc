"""Device calls with a time-out: a driver that hangs must not hang the run."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, TypeVar

from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_Job = tuple["Future[Any]", "Callable[[], Any]"]


class Bounded:
    """Runs device calls on one thread of its own, each with a time-out.

    A C++ driver call cannot be interrupted. When one overruns, its thread is abandoned (a daemon:
    it cannot keep the process alive), the caller gets a TIMEOUT fault, and a fresh thread serves
    the next call.
    """

    def __init__(self, name: str = "device-calls") -> None:
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] | None = None
        self.abandoned = 0

    def call(self, what: str, timeout_s: float, job: Callable[[], T]) -> T:
        """Run `job`, wait at most `timeout_s`; device errors become InstrumentFault."""
        if self._jobs is None:
            self._jobs = queue.SimpleQueue()
            threading.Thread(
                target=_serve, args=(self._jobs,), name=self._name, daemon=True
            ).start()
        future: Future[T] = Future()
        self._jobs.put((future, job))
        try:
            return future.result(timeout_s)
        except FutureTimeout:
            if future.done():  # the device itself raised a TimeoutError
                raise InstrumentFault(FaultKind.TIMEOUT, f"{what}: timed out") from None
            self.close()
            self.abandoned += 1
            raise InstrumentFault(
                FaultKind.TIMEOUT, f"{what}: no answer within {timeout_s:g} s"
            ) from None
        except InstrumentFault:
            raise
        except (RuntimeError, OSError, ValueError, MemoryError) as error:
            raise InstrumentFault(FaultKind.DEVICE, f"{what}: {error}") from error

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._jobs is not None:
            self._jobs.put(None)
            self._jobs = None


def _serve(jobs: queue.SimpleQueue[_Job | None]) -> None:
    while (item := jobs.get()) is not None:
        future, job = item
        try:
            future.set_result(job())
        except BaseException as error:  # handed to the caller, whatever it is
            future.set_exception(error)
        del item, future, job
