"""Threads in which the service is asked, each kind of question with its own few.

What reads words may take seconds; it must not keep a status from being answered. A stop uses none
of these: it gets a thread of its own at once. All are daemons: a call that hangs does not keep the
program from ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from agent.web.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
BUSY_WAIT_S = 2.0
SLOW = "slow"  # the error of a look that was begun
UNKNOWN = "unknown"  # the error of what was begun, changes something, and may be done by now
_LOG = logging.getLogger("agent.web")


class Workers:
    """At most `threads` at work and `waiting` more in line; further ones are told to come back.

    `acts`: what is asked here changes something, so one that was begun must not be asked twice.
    """

    def __init__(
        self, name: str, threads: int, waiting: int, timeout_s: float, *, acts: bool = False
    ) -> None:
        self._name = name
        self._acts = acts
        self._threads = threads
        self._most = threads + waiting
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._line: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0
        self._closed = False

    async def run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer.

        Raises Denied: 503 when too many wait, or it takes too long and nothing was changed; 504
        when it was begun, takes too long, and may be done all the same.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise Denied(503, "closing", "the service is ending", "ask again later")
            if self._busy >= self._most:
                raise Denied(503, "busy", "too many wait already", "try again", BUSY_WAIT_S)
            self._busy += 1
            future.add_done_callback(self._done)
            if self._started < self._threads:
                self._started += 1
                name = f"web-{self._name}-{self._started}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
            call = functools.partial(ask, *args, **kwargs)
            self._line.put(functools.partial(_settle, future, call))
        return await self._within(future)

    def open(self) -> None:
        """Answer again after `close`."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """Take no more; who is at work is not waited for."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._line.put(None)
            self._started = 0

    async def _within(self, future: Future[T]) -> T:
        waited = asyncio.wrap_future(future)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(waited), self._timeout_s)
        begun = not future.cancel()
        waited.cancel()
        if begun and future.done():
            return future.result()  # just now; or a TimeoutError of its own
        said = f"no answer within {self._timeout_s:g} s"
        if not begun:
            raise Denied(503, "busy", f"{said}, and not begun", "try again", BUSY_WAIT_S)
        future.add_done_callback(_too_late)
        if self._acts:
            remedy = "look whether it was done (status, queue, commands) before trying again"
            raise Denied(504, UNKNOWN, f"{said}; it was begun and may have been done", remedy)
        raise Denied(503, SLOW, said, "try again, see health", BUSY_WAIT_S)

    def _work(self) -> None:
        while (call := self._line.get()) is not None:
            call()

    def _done(self, _: Future[Any]) -> None:
        with self._lock:
            self._busy -= 1


class Doors:
    """The kinds of questions."""

    def __init__(self) -> None:
        self.look = Workers("look", threads=8, waiting=64, timeout_s=20)
        self.act = Workers("act", threads=4, waiting=32, timeout_s=20, acts=True)
        self.words = Workers("words", threads=2, waiting=8, timeout_s=60, acts=True)
        self.draw = Workers("draw", threads=2, waiting=64, timeout_s=20)
        self._all = (self.look, self.act, self.words, self.draw)

    def open(self) -> None:
        """All of them."""
        for workers in self._all:
            workers.open()

    def close(self) -> None:
        """All of them."""
        for workers in self._all:
            workers.close()


async def at_once(ask: Callable[[], T], timeout_s: float) -> T:
    """Ask in a fresh thread, whatever else is going on. Raises TimeoutError; it goes on then."""
    future: Future[T] = Future()
    work = functools.partial(_settle, future, ask)
    threading.Thread(target=work, name="web-stop", daemon=True).start()
    return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout_s)


def _settle(future: Future[T], ask: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return  # nobody waits any more, and it was not begun
    try:
        answer = ask()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(answer)


def _too_late(future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _LOG.error("too late: %s", type(error).__name__)
