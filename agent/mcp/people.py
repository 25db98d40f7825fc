"""What people answer to assistants' requests: /api/v1/mcp/requests. Not for assistants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from agent.mcp.views import RequestView
from agent.service.states import Door
from agent.service.views import RefusalView
from agent.web.api.asked import Number
from agent.web.errors import Denied, Refused, documented
from agent.web.guard import Caller, Operator, Viewer

if TYPE_CHECKING:
    from agent.mcp.door import McpDoor

PREFIX = "/api/v1/mcp"


def people(door: McpDoor) -> APIRouter:
    """Routes for people. With them there is somebody who can approve."""
    router = APIRouter(prefix=PREFIX, tags=["mcp"])
    book, doors = door.approvals, door.work.doors
    book.handled = True

    @router.get("/requests", responses=documented())
    async def requests(who: Viewer) -> tuple[RequestView, ...]:
        """What assistants want to have done, and what became of it, latest first."""
        return book.all()

    @router.post("/requests/{id}/approve", responses=documented(409))
    async def approve(who: Operator, id: Number) -> RequestView:
        """A person says yes: it is done now. State `failed` says why it was not."""
        _person(who)
        return _or_refused(await doors.act.run(book.approve, id, who))

    @router.post("/requests/{id}/deny", responses=documented(409))
    async def deny(who: Operator, id: Number) -> RequestView:
        """A person says no."""
        _person(who)
        return _or_refused(book.deny(id, who))

    return router


def _person(who: Caller) -> None:
    if who.door is Door.MCP:
        raise Denied(403, "role", "this is for people", "answer in a terminal")


def _or_refused(found: RequestView | RefusalView) -> RequestView:
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found
