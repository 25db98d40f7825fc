"""Progress as a live view in a terminal, drawn by rich."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from agent.progress.state import DecisionLine
from agent.progress.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Group
    from rich.text import Text

LINES = 5  # decisions in the view


class Live(View):
    """Bar with time left, current visit, light, counters, the last decisions.

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
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._recent: deque[DecisionLine] = deque()
        self._writer.start()

    def _decision(self, decision: DecisionLine) -> None:
        self._recent.append(decision)
        if len(self._recent) > LINES:
            self._keep(self._recent.popleft())

    def _settle(self) -> None:
        while self._recent:
            self._keep(self._recent.popleft())

    def _keep(self, decision: DecisionLine) -> None:
        if decision.actions:
            self._say(str(decision))

    def _open(self) -> None:
        self._live.start()

    def _write(self) -> None:
        self._scroll()
        self._live.update(self._picture(), refresh=True)

    def _shut(self) -> None:
        with self.lock:
            self._settle()
        self._live.update("")
        self._scroll()
        self._live.stop()

    def _scroll(self) -> None:
        while self._waiting:
            line, style = self._waiting.popleft()
            self._console.print(_line(line, style, whole=True), soft_wrap=True)

    def _picture(self) -> Group:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table

        with self.lock:
            state, recent = self.state, tuple(self._recent)
            share, doing, light = state.share(), state.doing, state.light
            text, counts = f"{share:4.0%}  {state.clock()}", state.counts()
        bar = Table.grid(padding=(0, 1), expand=True)
        bar.add_column(ratio=1)
        bar.add_column(no_wrap=True)
        bar.add_row(ProgressBar(total=1.0, completed=share, complete_style="green"), text)
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim")
        facts.add_column(no_wrap=True, overflow="ellipsis")
        facts.add_row("now", doing)
        facts.add_row("light", light or "none yet")
        facts.add_row("so far", counts)
        lines = [_line(str(decision), "" if decision.actions else "dim") for decision in recent]
        heading = [_line("last decisions", "dim")] if lines else []
        return Group(_line(self.title, "bold"), bar, facts, *heading, *lines)


def _line(text: str, style: str, *, whole: bool = False) -> Text:
    from rich.text import Text

    if whole:
        return Text(text, style=style)
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
