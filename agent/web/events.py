"""A small "something changed" for every page that listens; what changed, pages then ask.

One look per second for all of them together, and none while nobody listens. A client that does
not read misses ticks, it never makes a queue grow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING

from agent.service.states import ExperimentState
from agent.web.errors import Denied

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Hashable

    from agent.service.contract import Service

JOURNAL_FILES = ("journal.sqlite", "journal.sqlite-wal")
EVERY_S = 1.0
BEAT_S = 15.0  # so often a silent line is used, to find out whether anybody is still there
RETRY_MS = 2000
BUSY_WAIT_S = 10.0
_NOTHING = object()
_LOG = logging.getLogger("agent.web")


class EventHub:
    """Looks at a fingerprint and wakes who listens. Lives in the server's event loop."""

    def __init__(
        self, look: Callable[[], Awaitable[Hashable]], most: int, every_s: float = EVERY_S
    ) -> None:
        self._look = look
        self._most = most
        self._every_s = every_s
        self._listeners: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self.changes = 0
        self.looks = 0

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def listen(self, still_open: Callable[[], bool]) -> AsyncIterator[str]:
        """Server-sent events until the hub closes or `still_open` says no.

        Raises Denied (503) when too many listen; before the first event.
        """
        if self._closed or len(self._listeners) >= self._most:
            raise Denied(503, "busy", "too many pages listen", "close some", BUSY_WAIT_S)
        return self._events(still_open)

    def open(self) -> None:
        """Take listeners again after `close`."""
        self._closed = False

    def close(self) -> None:
        """End every stream. Called in the server's event loop."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        self._wake()

    # ------------------------------------------------------------------ inside

    async def _events(self, still_open: Callable[[], bool]) -> AsyncIterator[str]:
        changed = asyncio.Event()
        self._listeners.add(changed)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch(), name="web-events")
        try:
            yield f"retry: {RETRY_MS}\n{self._tick()}"
            while not self._closed and still_open():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await changed.wait()
                if self._closed or not still_open():
                    return
                news = changed.is_set()
                changed.clear()  # before it is sent: what changes meanwhile is news again
                yield self._tick() if news else ": still here\n\n"
        finally:
            self._listeners.discard(changed)

    def _tick(self) -> str:
        return f"event: changed\ndata: {json.dumps({'n': self.changes})}\n\n"

    async def _watch(self) -> None:
        last: Hashable = _NOTHING
        while self._listeners:
            try:
                seen = await self._look()
            except Exception as error:  # it will be looked again; a page asks by itself meanwhile
                _LOG.warning("events: %s", type(error).__name__)
                seen = last
            self.looks += 1
            if last is _NOTHING:
                last = seen  # who listens has been told to look already
            elif seen != last:
                last = seen
                self.changes += 1
                self._wake()
            await asyncio.sleep(self._every_s)

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()


def fingerprint(service: Service) -> Hashable:
    """Changes when the queue or the current run's journal does. Cheap: a query and two stats."""
    queue = tuple(
        (one.id, one.state, one.why, one.attended, one.differences)
        for one in service.experiments(over=True, limit=20)
    )
    begun = [id_ for id_, state, *_ in queue if state is not ExperimentState.WAITING]
    active = [id_ for id_, state, *_ in queue if state.active]
    stats = []
    for id_ in (active or begun)[:1]:
        run = service.run_dir(id_)
        if run is None:
            continue
        for name in JOURNAL_FILES:
            with contextlib.suppress(OSError):
                found = (run / name).stat()
                stats.append((id_, name, found.st_mtime_ns, found.st_size))
    return queue, tuple(stats)
