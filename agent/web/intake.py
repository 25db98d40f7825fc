"""A request's body: no more bytes than allowed, in no more time than allowed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from agent.web.errors import Denied

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Message, Receive


class Body:
    """Counts while it is read; raises Denied (413, 408)."""

    def __init__(
        self, request: Request, receive: Receive, most_bytes: int, timeout_s: float
    ) -> None:
        self._receive = receive
        self._most = most_bytes
        self._timeout_s = timeout_s
        self._ends_s: float | None = None
        self._got = 0
        self._whole = False
        length = request.headers.get("content-length", "0")
        if not length.isdigit():
            raise Denied(400, "bad_request", "Content-Length is no number", "send it right")
        if int(length[:18]) > most_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part; after the last one it waits for the end of the connection, untimed."""
        if self._whole:
            return await self._receive()
        now_s = time.monotonic()
        self._ends_s = self._ends_s or now_s + self._timeout_s
        try:
            async with asyncio.timeout(max(0.0, self._ends_s - now_s)):
                message = await self._receive()
        except TimeoutError:
            raise Denied(408, "slow", "the body did not come in time", "send it again") from None
        if message["type"] != "http.request":
            self._whole = True
            return message
        self._got += len(message.get("body", b""))
        if self._got > self._most:
            raise self._too_large()
        self._whole = not message.get("more_body", False)
        return message

    def _too_large(self) -> Denied:
        said = f"more than {self._most // 1024} KiB"
        return Denied(413, "too_large", said, "send less")
