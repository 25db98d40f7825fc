"""HTTP/1.1 connections that may not be held open for nothing.

uvicorn waits for ever for a request's headers, and keeps any number of connections. Here a
connection without a request is closed in time, and when there are too many of these, the oldest one
goes: a new one, which may carry a stop, is always taken.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SILENT = 256


class Silent:
    """Connections that have no request under way, oldest first."""

    def __init__(self, timeout_s: float, most: int = MOST_SILENT) -> None:
        self.timeout_s = timeout_s
        self._most = most
        self._timers: dict[GuardedProtocol, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def begin(self, protocol: GuardedProtocol) -> None:
        """It has the time-out to send a request's headers, counted anew."""
        self.end(protocol)
        while len(self._timers) >= self._most:
            oldest = next(iter(self._timers))
            self.end(oldest)
            oldest.drop()
        timer = asyncio.get_running_loop().call_later(self.timeout_s, self._over, protocol)
        self._timers[protocol] = timer

    def end(self, protocol: GuardedProtocol) -> None:
        """It has a request, or is gone."""
        timer = self._timers.pop(protocol, None)
        if timer is not None:
            timer.cancel()

    def _over(self, protocol: GuardedProtocol) -> None:
        self._timers.pop(protocol, None)
        protocol.drop()


class GuardedProtocol(H11Protocol):
    """uvicorn's protocol with a time-out for headers."""

    def __init__(self, *args: Any, silent: Silent, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._silent = silent

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Its time begins to run."""
        super().connection_made(transport)
        self._silent.begin(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing to wait for any more."""
        self._silent.end(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """When headers are complete there is a request."""
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._silent.end(self)

    def on_response_complete(self) -> None:
        """The next request has to begin in time; a body that was not read has to end."""
        super().on_response_complete()
        busy = self.cycle is not None and not self.cycle.response_complete
        if not busy and not self.transport.is_closing():
            self._silent.begin(self)

    def drop(self) -> None:
        """Close it at once."""
        self.transport.abort()


def guarded(timeout_s: float) -> Callable[..., GuardedProtocol]:
    """For uvicorn's `http`: a maker of protocols that share one `Silent`."""
    return functools.partial(GuardedProtocol, silent=Silent(timeout_s))
