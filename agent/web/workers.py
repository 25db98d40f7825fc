"""Threads in which the service is asked, each kind of question with its own few.

What reads words may take seconds; it must not keep a status from being answered. A stop uses none
of these: it gets a thread of its own at once.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

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
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"web-{name}")
        self._most = threads + waiting
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._busy = 0

    async def run(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer. Raises Denied (503) when too many wait, or it takes too long."""
        with self._lock:
            if self._busy >= self._most:
                raise Denied(503, "busy", "too many wait already", "try again", BUSY_WAIT_S)
            self._busy += 1
        try:
            future = self._pool.submit(functools.partial(ask, *args, **kwargs))
        except RuntimeError:  # closed
            self._done(None)
            raise Denied(503, "closing", "the service is ending", "ask again later") from None
        future.add_done_callback(self._done)
        return await _within(future, self._timeout_s)

    def close(self) -> None:
        """Take no more; who is at work is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: object) -> None:
        with self._lock:
            self._busy -= 1


class Doors:
    """The kinds of questions."""

    def __init__(self) -> None:
        self.look = Workers("look", threads=8, waiting=64, timeout_s=20)
        self.act = Workers("act", threads=4, waiting=32, timeout_s=20)
        self.words = Workers("words", threads=2, waiting=8, timeout_s=60)
        self.draw = Workers("draw", threads=2, waiting=64, timeout_s=20)

    def close(self) -> None:
        """Of all."""
        for workers in (self.look, self.act, self.words, self.draw):
            workers.close()


async def at_once(ask: Callable[[], T], timeout_s: float) -> T:
    """Ask in a fresh thread, whatever else is going on. Raises TimeoutError; it goes on then."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(ask())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="web-stop", daemon=True).start()
    return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout_s)


async def _within(future: Future[T], timeout_s: float) -> T:
    waited = asyncio.wrap_future(future)
    try:
        return await asyncio.wait_for(asyncio.shield(waited), timeout_s)
    except TimeoutError:
        if future.done() and not future.cancelled():
            raise  # the answer itself was a TimeoutError
        future.cancel()  # in line: it is not begun; at work: its answer is not waited for
        waited.add_done_callback(_quiet)
        message = f"no answer within {timeout_s:g} s"
        raise Denied(503, "slow", message, "try again, see health", BUSY_WAIT_S) from None


def _quiet(future: asyncio.Future[T]) -> None:
    if not future.cancelled() and (error := future.exception()) is not None:
        _LOG.error("too late: %s", type(error).__name__)
