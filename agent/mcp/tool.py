"""What a tool is. One that acts on a run only says what it would do (`Wish`); the door does it.

So no tool can act by itself: mode, role, cap, autonomy and approval are in one place (`door.py`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.mcp.kinds import Kind
from agent.mcp.views import Refused
from agent.service.states import Door
from agent.service.views import RefusalView, View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agent.live.autonomy import Consequence
    from agent.mcp.approvals import Approvals
    from agent.service.contract import Service, Who
    from agent.service.views import ProposalView
    from agent.web.api.asked import Asked
    from agent.web.tokens import Role
    from agent.web.workers import Doors

SUFFIX = " (MCP)"  # of every name that this door writes down; nobody else's name ends so
MOST_PROPOSALS = 100


@dataclass(frozen=True, slots=True)
class Asker:
    """An assistant that asks; a `Who` of the service's contract.

    `name` is the token's name and the client's own name for itself.
    """

    name: str
    role: Role
    client: str
    session: str
    door: Door = Door.MCP


def asker(person: str, role: Role, client: str, session: str) -> Asker:
    """Put together from cleaned names."""
    client = client or "an assistant"
    return Asker(f"{person[:60]} via {client[:40]}{SUFFIX}", role, client[:40], session)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a tool would do: `act` does it, at once or when a person has approved it.

    `about` names what it rests on, as it was shown; `persons`: it would undo what a person set.
    """

    what: str
    act: Callable[[Who], View | RefusalView]
    experiment: int | None = None
    shown: tuple[str, ...] = ()
    about: str = ""
    persons: bool = False


@dataclass(slots=True)
class Work:
    """What tools work with. `proposals`: those that this door has shown, by thread."""

    service: Service
    doors: Doors
    approvals: Approvals
    proposals: OrderedDict[str, ProposalView] = field(default_factory=OrderedDict)
    answering: set[str] = field(default_factory=set)

    def keep(self, proposal: ProposalView) -> ProposalView:
        """A proposal that is shown; the oldest ones go."""
        self.proposals[proposal.thread] = proposal
        self.proposals.move_to_end(proposal.thread)
        while len(self.proposals) > MOST_PROPOSALS:
            self.proposals.popitem(last=False)
        return proposal


@dataclass(frozen=True, slots=True)
class Picture:
    """An answer that has an image beside it."""

    view: View
    png: bytes


Found = View | RefusalView | Refused | Picture
Said = View | RefusalView | Refused


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: either `do`, which looks, asks or stops; or `wish`, which acts on a run.

    `consequence`: what the plan's autonomy rules are asked about; None: it makes nothing worse.
    """

    name: str
    kind: Kind
    about: str
    asked: type[Asked]
    gives: type[View]
    do: Callable[[Work, Any, Asker], Awaitable[Found]] | None = None
    wish: Callable[[Work, Any], Awaitable[Wish | RefusalView | Refused]] | None = None
    consequence: Consequence | None = None
