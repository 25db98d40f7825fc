"""Progress as a live view in a terminal, drawn by rich in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from agent.progress.state import DecisionLine
from agent.progress.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Group
    from rich.text import Text

    from agent.journal.states import Outcome

FRAMES_PER_S = 5.0
LINES = 5  # decisions in the view


class Live(View):
    """A rich view: bar with time left, current visit, light, counters, the last decisions.

    A decision that acted moves from the list into the scroll-back, so that none is lost.
    """

    def __init__(
        self, total_s: float, title: str, stream: TextIO, wall: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(total_s, title, wall)
        from rich.console import Console
        from rich.live import Live as RichLive

        class Terminal(Console):
            def on_broken_pipe(self) -> None:  # rich's own ends the program
                raise OSError("the terminal is gone")

        self._console = Terminal(file=stream, highlight=False, markup=False, emoji=False)
        self._live = RichLive(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False
        )
        self._recent: deque[DecisionLine] = deque()
        self._lasting: deque[tuple[str, str]] = deque()  # (text, style) for the scroll-back
        self._end = threading.Event()
        self._painter = threading.Thread(target=self._paint, name="progress", daemon=True)
        self._live.start()
        self._painter.start()

    def finished(self, outcome: Outcome) -> None:
        """Close the view; all decisions that acted stay in the scroll-back."""
        self.close(f"run {outcome}: {self.state.counts()}")

    def close(self, last: str = "") -> None:
        """End the painter and give the terminal back. May be called twice."""
        if self._end.is_set():
            return
        self._end.set()
        self._painter.join(2.0)
        try:
            with self.lock:
                self._lasting += [(str(d), "") for d in self._recent if d.actions]
                self._recent.clear()
            self._print_lasting()
            self._live.stop()
            if last:
                self._console.print(last, style="dim")
        except Exception:  # by contract: the view must never stop a run
            self.silent = True

    def _decision(self, decision: DecisionLine) -> None:
        self._recent.append(decision)
        if len(self._recent) > LINES:
            oldest = self._recent.popleft()
            if oldest.actions:
                self._lasting.append((str(oldest), ""))

    def _warned(self, text: str) -> None:
        self._lasting.append((f"warning: {text}", "yellow"))

    def _paint(self) -> None:
        try:
            while not self._end.wait(1 / FRAMES_PER_S):
                self._print_lasting()
                self._live.update(self._picture(), refresh=True)
        except Exception:  # by contract: the view must never stop a run
            self.silent = True

    def _print_lasting(self) -> None:
        while self._lasting:
            text, style = self._lasting.popleft()
            self._console.print(text, style=style, soft_wrap=True)

    def _picture(self) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        with self.lock:
            state, recent = self.state, tuple(self._recent)
            bar = Table.grid(padding=(0, 1), expand=True)
            bar.add_column(ratio=1)
            bar.add_column(no_wrap=True)
            text = f"{state.share():4.0%}  {state.clock()}"
            bar.add_row(
                ProgressBar(total=1.0, completed=state.share(), complete_style="green"), text
            )
            facts = Table.grid(padding=(0, 2))
            facts.add_column(style="dim")
            facts.add_column(no_wrap=True, overflow="ellipsis")
            facts.add_row("now", state.doing)
            facts.add_row("light", state.light or "none yet")
            facts.add_row("so far", state.counts())
        lines = [_line(str(decision), "" if decision.actions else "dim") for decision in recent]
        heading = [_line("last decisions", "dim")] if lines else []
        return Group(_line(self.title, "bold"), bar, facts, *heading, *lines)


def _line(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
