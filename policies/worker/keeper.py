"""Keeps one worker process: starts it, watches it, starts it again, and knows when to give up."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from policies.worker.breaker import Breaker
from policies.worker.child import COMMAND, Child
from policies.worker.spec import (
    GIB,
    Limits,
    ModelEvent,
    WorkerError,
    WorkerHealth,
    WorkerState,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.worker.spec import WorkerSpec

TICK_S = 0.2  # between two looks at a process: is it there, and how large
MEMORY_SHARE = 0.75  # of the machine's, where no limit is given
CLOSE_S = 15.0


class Keeper:
    """One thread that owns the process. Its methods are for other threads.

    `on_event` gets (kind, text) in that thread; what it raises is ignored.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        limits: Limits,
        on_event: Callable[[str, str], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._spec, self._limits, self._command = spec, limits, command
        self._on_event = on_event
        self._cwd = str(Path.cwd())  # paths of a plan are meant from here, always
        self._most_bytes = limits.max_memory_bytes or int(
            MEMORY_SHARE * psutil.virtual_memory().total
        )
        self._breaker = Breaker(limits)
        self._lock = threading.Condition()  # of everything below
        self._state, self._since = WorkerState.STARTING, _utc()
        self._child: Child | None = None
        self._starts = self._verdicts = self._rss_bytes = 0
        self._last_error = ""
        self._next_try_s = 0.0  # monotonic
        self._to_tell: list[tuple[str, str]] = []
        self._troubled = self._closing = False
        self._thread = threading.Thread(target=self._run, name="worker keeper", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ for the judge

    def ready_child(self, until_s: float) -> Child:
        """The process, once it is ready. WorkerError where it is not by `until_s` (monotonic).

        Where it cannot be ready by then, it is not waited for.
        """
        with self._lock:
            while True:
                child = self._child
                if child is not None and child.name is not None and not child.going:
                    self._loaded()
                    return child
                now_s = time.monotonic()
                given_up = self._state in (WorkerState.BROKEN, WorkerState.CLOSED)
                if given_up or max(now_s, self._next_try_s) >= until_s:
                    raise WorkerError(self._why_not(now_s))
                self._lock.wait(until_s - now_s)

    def busy(self, child: Child, *, busy: bool) -> None:
        """A request begins or is over."""
        with self._lock:
            if child is self._child and self._state in (WorkerState.READY, WorkerState.BUSY):
                self._set(WorkerState.BUSY if busy else WorkerState.READY)

    def good(self) -> None:
        """A verdict came."""
        with self._lock:
            self._verdicts += 1
            self._breaker.success()
            if self._troubled:
                self._troubled = False
                self._tell(ModelEvent.BACK, "the model judges again")

    def close(self) -> None:
        """End the process and the thread. May be called twice."""
        with self._lock:
            self._closing = True
            self._lock.notify_all()
            child = self._child
        if child is not None:
            child.kill("was closed")
        if threading.current_thread() is not self._thread:
            self._thread.join(CLOSE_S)

    def health(self) -> WorkerHealth:
        """How it stands now."""
        with self._lock:
            return WorkerHealth(
                state=self._state,
                restarts=max(0, self._starts - 1),
                verdicts=self._verdicts,
                last_error=self._last_error,
                rss_bytes=self._rss_bytes,
                since_utc=self._since,
                pid=None if self._child is None else self._child.pid,
            )

    # ------------------------------------------------------------------ its own thread

    def _run(self) -> None:
        try:
            self._keep()
        except BaseException as error:  # a fault of this program: told, and nobody waits for it
            with self._lock:
                self._last_error = f"is not kept any more ({type(error).__name__}: {error})"
        with self._lock:
            self._set(WorkerState.CLOSED)

    def _keep(self) -> None:
        while not self._closing:
            why, unavailable = self._live()
            if self._closing:
                break
            self._failed(why, unavailable=unavailable)
            self._pause()

    def _live(self) -> tuple[str, bool]:
        """One process from start to end: why it ended, and whether its judge cannot be loaded."""
        try:
            child = Child(self._spec, self._cwd, self._notify, self._command)
        except OSError as error:
            return f"cannot be started ({error})", False
        try:
            with self._lock:
                self._child, self._starts = child, self._starts + 1
                if self._closing:
                    child.kill("was closed")
            self._watch(child)
        finally:
            with self._lock:  # nobody is given a process that is going
                self._child, self._rss_bytes = None, 0
                if not self._closing:
                    self._set(WorkerState.RESTARTING)
            child.close()
        return child.why, child.unavailable

    def _watch(self, child: Child) -> None:
        """Until it is gone. Kills it where it is too large, or takes too long to load."""
        until_s = time.monotonic() + self._limits.start_s
        while not child.gone.is_set():
            rss_bytes = child.rss_bytes()
            with self._lock:
                self._rss_bytes = rss_bytes
                if child.name is not None:
                    self._loaded()
            if rss_bytes > self._most_bytes:
                used, most = rss_bytes / GIB, self._most_bytes / GIB
                child.kill(f"used {used:.1f} GiB of memory; {most:.1f} GiB are allowed")
            elif child.name is None and time.monotonic() > until_s:
                child.kill(f"was not loaded within {self._limits.start_s:g} s")
            elif child.exited():
                child.kill()
            self._tell_all()
            with self._lock:
                self._lock.wait_for(lambda: self._news(child), TICK_S)

    def _news(self, child: Child) -> bool:
        loaded = child.name is not None and self._state is not WorkerState.READY
        return (
            child.gone.is_set()
            or bool(self._to_tell)
            or (loaded and self._state is not WorkerState.BUSY)
        )

    def _failed(self, why: str, *, unavailable: bool) -> None:
        now_s = time.monotonic()
        with self._lock:
            was_open = self._breaker.open
            pause_s = self._breaker.trip() if unavailable else self._breaker.failure(now_s)
            self._next_try_s = now_s + pause_s
            self._last_error, self._troubled = why, True
            is_open = self._breaker.open
            self._set(WorkerState.BROKEN if is_open else WorkerState.RESTARTING)
            if not is_open:
                self._tell(
                    ModelEvent.CRASHED, f"the model's process {why}; next try in {pause_s:g} s"
                )
            elif not was_open:
                more = f"one more try every {pause_s:g} s from now on"
                self._tell(ModelEvent.GIVEN_UP, f"the model is given up ({why}); {more}")
        self._tell_all()

    def _pause(self) -> None:
        with self._lock:
            self._lock.wait_for(
                lambda: self._closing, max(0.0, self._next_try_s - time.monotonic())
            )
            if not self._closing:
                self._set(WorkerState.RESTARTING)

    def _notify(self) -> None:
        with self._lock:
            self._lock.notify_all()

    # ------------------------------------------------------------------ with the lock held

    def _set(self, state: WorkerState) -> None:
        if state is not self._state:
            self._state, self._since = state, _utc()
            self._lock.notify_all()

    def _loaded(self) -> None:
        if self._state is not WorkerState.BUSY:
            self._set(WorkerState.READY)

    def _tell(self, kind: str, text: str) -> None:
        self._to_tell.append((kind, text))
        self._lock.notify_all()

    def _why_not(self, now_s: float) -> str:
        after = f" ({self._last_error})" if self._last_error else ""
        if self._state is WorkerState.CLOSED or self._closing:
            return f"the model's process is closed{after}"
        if self._state is WorkerState.BROKEN:
            wait_s = max(0.0, self._next_try_s - now_s)
            return f"the model is given up{after}; next try in {wait_s:.0f} s"
        if self._state is WorkerState.STARTING:
            return "the model is still loading"
        return f"the model is being started again{after}"

    # ------------------------------------------------------------------ without it

    def _tell_all(self) -> None:
        with self._lock:
            told, self._to_tell = self._to_tell, []
        for kind, text in told:
            with suppress(Exception):  # a message that fails is not the model's fault
                self._on_event(kind, text)


def _utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
