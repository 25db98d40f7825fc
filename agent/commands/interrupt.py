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
WORDS = {"SIGINT": "Ctrl-C", "SIGTERM": "terminated", "SIGHUP": "the terminal was closed"}


class Interrupted(BaseException):
    """Asked to end while nothing had begun."""


def interruptible() -> None:
    """Until a session runs, Ctrl-C and its kin raise Interrupted: what was begun is undone."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise Interrupted(WORDS[signal.Signals(number).name])

    for number in _numbers():
        signal.signal(number, on_signal)


@contextlib.contextmanager
def stoppable(session: Session) -> Iterator[None]:
    """While inside, the first signal stops the session in order, the second at once."""
    asked = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            session.stop(WORDS[signal.Signals(number).name])
            _say("\nstopping after this visit; Ctrl-C again stops at once\n")
            return
        left_on = session.stop_now()
        done = "light off" if not left_on else f"could NOT stop: {', '.join(left_on)}"
        _say(f"\nstopped at once; {done}\n")
        os._exit(EXIT_INTERRUPTED)  # other threads may hang in a driver: do not wait for them

    before = {n: signal.signal(n, on_signal) for n in _numbers()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers() -> list[signal.Signals]:
    """Signals that ask a program to end; one that is ignored (nohup) stays ignored."""
    found = [getattr(signal, name, None) for name in WORDS]
    return [n for n in found if n is not None and signal.getsignal(n) is not signal.SIG_IGN]


def _say(text: str) -> None:
    """Past Python's buffers: the signal may have come in the middle of a print."""
    with contextlib.suppress(OSError, ValueError):
        os.write(sys.stderr.fileno(), text.encode())
