"""The light that was announced: until when it may be on, and what was wrong with it."""

from __future__ import annotations

import time


class Announced:
    """Whoever uses it holds the ward's lock: an announcement and its beat belong together."""

    def __init__(self) -> None:
        self._until_s: float | None = None  # monotonic; None: the light is off
        self._number = 0  # of the announcement
        self._tried = 0  # the announcement that was overdue
        self._overrun: str | None = None

    @property
    def lit(self) -> bool:
        """Light may be on."""
        return self._until_s is not None

    @property
    def left_s(self) -> float:
        """How long from now light may be on: 0 where it is off, negative past the announcement."""
        if self._until_s is None:
            return 0.0
        return self._until_s - time.monotonic() or -0.001

    def begin(self, light_s: float) -> None:
        """Light may be on for so long from now."""
        self.end()  # what was overdue is told of, though nobody said that it is dark
        self._number += 1
        self._until_s = time.monotonic() + max(light_s, 0.001)

    def end(self) -> None:
        """The light is off. Who was overdue hears of it, also when it ends while it is closed."""
        if self._until_s is not None and self._tried == self._number:
            self._note_overrun(self._until_s)
        self._until_s = None

    def overrun(self) -> str | None:
        """What was wrong since the last one was asked for; None: nothing."""
        found, self._overrun = self._overrun, None
        return found

    def overdue(self, grace_s: float) -> int | None:
        """The number of an announcement that is overdue by more than `grace_s`; each once."""
        if self._until_s is None or self._number == self._tried:
            return None
        if time.monotonic() <= self._until_s + grace_s:
            return None
        self._tried = self._number
        return self._number

    def closed(self, number: int) -> bool:
        """Light that was overdue is off now; False where it is another announcement's by now."""
        if self._number != number or self._until_s is None:
            return False
        self._note_overrun(self._until_s)
        self._until_s = None
        return True

    def _note_overrun(self, until_s: float) -> None:
        over_s = time.monotonic() - until_s
        self._overrun = f"light was on {over_s:.1f} s longer than announced; it was closed"
