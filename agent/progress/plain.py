"""Progress as lines of text, for log files and pipes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from agent.progress.state import DecisionLine, hms
from agent.progress.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 300.0  # wall time between two lines, at most


class Plain(View):
    """Lines of text: every tenth of the run or every few minutes, each action, each warning."""

    def __init__(
        self, total_s: float, title: str, stream: TextIO, wall: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(total_s, title, wall)
        self._stream = stream
        self._tenth = 0
        self._said = wall()
        self._say(f"{self.title}: {hms(total_s)} of run time")
        self._writer.start()

    def _moved(self) -> None:
        state = self.state
        tenth = int(10 * state.share())
        if tenth > self._tenth or state.heard - self._said >= EVERY_S:
            self._tenth, self._said = max(tenth, self._tenth), state.heard
            light = f"; light: {state.light}" if state.light else ""
            self._say(f"{state.share():4.0%}  {state.clock()}: {state.counts()}{light}")

    def _decision(self, decision: DecisionLine) -> None:
        if decision.actions:
            self._say(str(decision))

    def _write(self) -> None:
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        while self._waiting:
            line, _ = self._waiting.popleft()
            self._stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")
        self._stream.flush()

    def _shut(self) -> None:
        self._write()
