"""Proposals that people are looking at, so that a page can be loaded again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.service.views import ProposalView

MOST = 100


class Proposed:
    """The last hundred; an older one is asked for anew by its words."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, ProposalView] = OrderedDict()

    def keep(self, proposal: ProposalView) -> None:
        """The latest state of a conversation."""
        with self._lock:
            self._kept[proposal.thread] = proposal
            self._kept.move_to_end(proposal.thread)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def get(self, thread: str) -> ProposalView | None:
        """A conversation as it stood last."""
        with self._lock:
            return self._kept.get(thread)
