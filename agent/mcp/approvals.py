"""Requests of assistants that a person approves or denies; through another door than MCP.

Kept in memory: a service that restarts has forgotten them, and nothing of them is done.
"""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.mcp.views import Refused, RequestView
from agent.service.states import Door
from agent.service.views import RefusalView

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.mcp.tool import Asker, Wish
    from agent.service.contract import Who

MOST_WAITING = 10
MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class Approver:
    """The person who approves; in the journal with the one who asked."""

    name: str
    door: Door


class Approvals:
    """The book of requests. May be used from any thread.

    Parameters
    ----------
    within_s : a request that nobody answers so long is over.
    now : aware UTC.
    tell : hears of each new request (title, text): somebody has to be told.
    """

    def __init__(
        self,
        within_s: float,
        *,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        tell: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._within = dt.timedelta(seconds=within_s)
        self._now = now
        self._tell = tell
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: OrderedDict[int, RequestView] = OrderedDict()
        self._wishes: dict[int, Wish] = {}
        self.handled = False
        """Whether people have a way to answer; without one nothing can be asked."""

    def ask(self, tool: str, wish: Wish, why: str, who: Asker) -> RequestView | Refused:
        """Write a request down. The same one again is the one that waits already."""
        with self._lock:
            self._expire()
            if not self.handled:
                return _no(wish.what, "nobody can approve it here", "Ask a person to do it.")
            for id_, other in self._wishes.items():
                if other.what == wish.what and self._kept[id_].tool == tool:
                    return self._kept[id_]
            if len(self._wishes) >= MOST_WAITING:
                limit = f"{len(self._wishes)} requests wait already"
                return _no(wish.what, limit, "Wait until a person has answered some.")
            now = self._now()
            view = RequestView(
                id=next(self._numbers),
                tool=tool,
                what=wish.what,
                why=why,
                shown=wish.shown,
                who=who.name,
                experiment=wish.experiment,
                asked_utc=now,
                expires_utc=now + self._within,
                state="waiting",
            )
            self._kept[view.id], self._wishes[view.id] = view, wish
            self._drop_old()
        self._tell(f"An assistant asks: {wish.what}", f"{who.name} asks, because: {why}")
        return view

    def all(self) -> tuple[RequestView, ...]:
        """Latest first."""
        with self._lock:
            self._expire()
            return tuple(reversed(self._kept.values()))

    def approve(self, id_: int, who: Who) -> RequestView | RefusalView:
        """A person says yes: it is done now, or refused like anything else."""
        taken = self._take(id_, who, "approved")
        if isinstance(taken, RefusalView):
            return taken
        view, wish = taken
        try:
            found = wish.act(Approver(f"{who.name} for {view.who}"[:200], who.door))
        except Exception as error:
            self._settle(id_, "failed", f"{type(error).__name__}; look at the status")
            raise
        refusal = Refused.of(found) if isinstance(found, RefusalView) else found
        if isinstance(refusal, Refused):
            return self._settle(id_, "failed", f"refused: {refusal.limit}. {refusal.remedy}")
        return self._settle(id_, "done", "done")

    def deny(self, id_: int, who: Who) -> RequestView | RefusalView:
        """A person says no."""
        taken = self._take(id_, who, "denied")
        return taken if isinstance(taken, RefusalView) else taken[0]

    def cancel_about(self, about: str, why: str) -> None:
        """What was shown is not so any more: requests about it are over."""
        with self._lock:
            for id_ in [i for i, wish in self._wishes.items() if wish.about == about]:
                del self._wishes[id_]
                self._change(id_, state="cancelled", became=why)

    # ------------------------------------------------------------------ inside

    def _take(self, id_: int, who: Who, state: str) -> tuple[RequestView, Wish] | RefusalView:
        what = f"request {id_}: {state}"
        if who.door is Door.MCP:
            limit = "an assistant does not answer what assistants ask"
            return _refusal(what, limit, "A person answers it, in a terminal.")
        with self._lock:
            self._expire()
            wish = self._wishes.pop(id_, None)
            if wish is None:
                known = self._kept.get(id_)
                limit = "there is none" if known is None else f"it is {known.state}"
                return _refusal(what, limit, "See the list of requests.")
            return self._change(id_, state=state, answered_by=who.name), wish

    def _settle(self, id_: int, state: str, became: str) -> RequestView:
        with self._lock:
            return self._change(id_, state=state, became=became)

    def _change(self, id_: int, **changed: str) -> RequestView:
        self._kept[id_] = self._kept[id_].model_copy(update=changed)
        return self._kept[id_]

    def _drop_old(self) -> None:
        """The oldest of those that are over; what waits, or is being done, is kept."""
        over = [i for i, one in self._kept.items() if one.state not in ("waiting", "approved")]
        for id_ in over[: max(0, len(self._kept) - MOST_KEPT)]:
            del self._kept[id_]

    def _expire(self) -> None:
        now = self._now()
        for id_ in [i for i in self._wishes if self._kept[i].expires_utc <= now]:
            del self._wishes[id_]
            self._change(id_, state="expired", became="nobody answered; nothing was done")


def _no(what: str, limit: str, remedy: str) -> Refused:
    return Refused(rule="approval", what=what, limit=limit, remedy=remedy)


def _refusal(what: str, limit: str, remedy: str) -> RefusalView:
    return RefusalView(rule="approval", what=what, limit=limit, remedy=remedy)
