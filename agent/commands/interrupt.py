"""Ctrl-C: once ends the run in order, twice at once; the light goes off either way."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from agent.session import Session

EXIT_INTERRUPTED = 130


@contextlib.contextmanager
def stoppable(session: Session) -> Iterator[None]:
    """SIGINT and SIGTERM stop the session while inside."""
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            session.stop("Ctrl-C" if number == signal.SIGINT else "terminated")
            print("\nstopping after this visit; Ctrl-C again stops at once", file=sys.stderr)
            return
        left_on = session.stop_now()
        done = "light off" if not left_on else f"could NOT stop: {', '.join(left_on)}"
        print(f"\nstopped at once; {done}", file=sys.stderr, flush=True)
        os._exit(EXIT_INTERRUPTED)  # other threads may hang in a driver: do not wait for them

    before = {n: signal.signal(n, on_signal) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
