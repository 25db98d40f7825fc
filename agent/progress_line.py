"""One line that says how far a long command is: rewritten on a terminal, rare in a file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import TracebackType

ON_TERMINAL_S, IN_FILE_S = 0.2, 10.0


class ProgressLine:
    """A context; `say` may be called as often as one likes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._next_s = 0.0
        self._width = 0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._width:
            print(file=self._stream, flush=True)

    def say(self, text: str) -> None:
        """Show `text`, unless another was shown just now."""
        now = time.monotonic()
        if now < self._next_s:
            return
        if self._live:
            self._next_s = now + ON_TERMINAL_S
            print(f"\r{text:<{self._width}}", end="", file=self._stream, flush=True)
            self._width = len(text)
        else:
            self._next_s = now + IN_FILE_S
            print(text, file=self._stream, flush=True)
