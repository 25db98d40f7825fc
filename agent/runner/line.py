"""The line between service and runner: one JSON object a line, orders in, news out.

    orders   {"do": "poke"}  {"do": "stop", "why": "..."}  {"do": "stop_now"}  {"do": "ping"}
    news     {"news": "state", "state": "running"}  {"news": "warning", "text": "..."}  ...
             {"news": "decided", "fov": "A1", "became": [{"kind": "question", "question": 3}], ...}

The end of the orders' pipe is the death of the service: the run ends at once, light off.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

GONE, SILENT = "the service is gone", "the service was silent"  # why a run ends that nobody stopped
SILENCE_S = 30.0  # the service pings every second or two; silent so long, it hangs


class News:
    """The runner's side of stdout. Writing never raises: who listens may be dead."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        os.dup2(2, 1)  # whatever prints from now on prints into the log
        sys.stdout = sys.stderr = _Log(2)
        self._lock = threading.Lock()

    def tell(self, news: str, **more: Any) -> None:
        """One line."""
        text = json.dumps({"news": news, **more}, ensure_ascii=False)
        try:
            with self._lock:
                self._out.write(text + "\n")
                self._out.flush()
        except (OSError, ValueError):
            return


class _Log(io.TextIOWrapper):
    """Never fails who prints: the log may lie on the disk that is full."""

    def __init__(self, descriptor: int) -> None:
        out = os.fdopen(os.dup(descriptor), "wb")
        super().__init__(out, encoding="utf-8", errors="backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """As much of it as can be written."""
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """The same."""
        with contextlib.suppress(OSError):
            super().flush()


class Orders:
    """Reads orders in a thread of its own; `gone` is called once when the service is.

    `gone` is told why: the pipe has ended, or nothing was heard for `silence_s`.
    """

    def __init__(
        self,
        source: TextIO,
        obey: Callable[[dict[str, Any]], None],
        gone: Callable[[str], None],
        silence_s: float = SILENCE_S,
    ) -> None:
        self._source = source
        self._obey = obey
        self._gone = gone
        self._silence_s = silence_s
        self._heard = time.monotonic()
        self._over = threading.Event()
        for job, name in ((self._read, "orders"), (self._watch, "service watch")):
            threading.Thread(target=job, name=name, daemon=True).start()

    def close(self) -> None:
        """The run is over: nobody needs to hear that the service is gone."""
        self._over.set()

    def _read(self) -> None:
        try:
            for line in self._source:
                self._heard = time.monotonic()
                order = _parsed(line)
                if order is not None:
                    self._obey(order)
        except (OSError, ValueError):
            pass  # the pipe is broken: the same as its end
        self._end(GONE)

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._silence_s / 4)):
            if time.monotonic() - self._heard > self._silence_s:
                self._end(f"{SILENT} for {self._silence_s:g} s")

    def _end(self, why: str) -> None:
        if not self._over.is_set():
            self._over.set()
            self._gone(why)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        order = json.loads(line)
    except ValueError:
        return None
    return order if isinstance(order, dict) else None
