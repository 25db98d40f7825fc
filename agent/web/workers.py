"""Threads in which the service is asked, each kind of question with its own few.

What reads words may take seconds; it must not keep a status from being answered. A stop uses none
of these: it gets a thread of its own at once. All are daemons: a call that hangs does not keep the
program from ending.
"""

from __future__ import annotations

import asyncio
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
_LOG = logging.getLogger("agent.web")


class Workers:
    """At most `threads` at work and `waiting` more in line; further ones are told to come back."""

    def __init__(self, name: str, threads: int, waiting: int, timeout_s: float) -> None:
        self._name = name
        self._threads = threads
        self._most = threads + waiting
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._line: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0
        self._closed = False

    async def run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer. Raises Denied (503) when too many wait, or it takes too long."""
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
        return await _within(future, self._timeout_s)

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
        self.act = Workers("act", threads=4, waiting=32, timeout_s=20)
        self.words = Workers("words", threads=2, waiting=8, timeout_s=60)
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


async def _within(future: Future[T], timeout_s: float) -> T:
    waited = asyncio.wrap_future(future)
    try:
        return await asyncio.wait_for(asyncio.shield(waited), timeout_s)
    except TimeoutError:
        if future.done() and not future.cancelled():
            raise  # the answer itself was a TimeoutError
        if not waited.cancel():
            raise
        if future.running():
            future.add_done_callback(_too_late)
        message = f"no answer within {timeout_s:g} s"
        raise Denied(503, "slow", message, "try again, see health", BUSY_WAIT_S) from None


def _too_late(future: Future[Any]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _LOG.error("too late: %s", type(error).__name__)
