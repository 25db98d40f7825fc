"""How a run looks while it goes on: a live view in a terminal, plain lines elsewhere, or nothing.

The pump and the loop call in from their threads, up to hundreds of times a second. A call only
notes numbers; drawing is done by one thread of our own, a few times a second. Whatever goes wrong
here (a closed pipe, an odd terminal) silences the view and never reaches the caller.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TextIO

from agent.progress.plain import Plain
from agent.progress.protocol import Progress, Quiet
from agent.progress.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Plain", "Progress", "Quiet", "make_progress"]


@contextlib.contextmanager
def make_progress(total_s: float, title: str, *, json: bool, stream: TextIO) -> Iterator[Progress]:
    """The view that fits: none beside `--json`, live in a terminal, plain lines elsewhere."""
    view: Quiet | View = Quiet()
    with contextlib.suppress(Exception):  # a stream that is closed already: no view
        if not json and _is_terminal(stream):
            from agent.progress.live import Live

            view = Live(total_s, title, stream)
        elif not json:
            view = Plain(total_s, title, stream)
    try:
        yield view
    finally:
        if isinstance(view, View):
            view.close()


def _is_terminal(stream: TextIO) -> bool:
    if not stream.isatty():
        return False
    from rich.console import Console

    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal
